import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type KubeConfig, PortForward } from "@kubernetes/client-node";
import { Failure } from "../../messages/failure.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { within } from "../clusters/within.ts";
import { type ForwardedService, type Target, targetOf } from "./pod.ts";

/** A local port whose connections go to a Service's pods. */
export interface Forward {
  /** The local port. */
  readonly port: number;
  /** The pod that connections go to at first. */
  readonly pod: string;
  /** Cuts all connections, and listens no more. */
  readonly close: () => Promise<void>;
}

export interface ForwardArgs {
  readonly cluster: KubeConfig;
  readonly service: ForwardedService;
  /** Local port; 0 is any that is free. */
  readonly port: number;
  /** As long as a connection waits for a pod that is ready, in seconds. */
  readonly patience: number;
  /** Is told of what a user may want to know. */
  readonly say: (line: string) => void;
}

const loopback = "127.0.0.1";
const lookMs = 500;

/**
 * Forwards connections to a Service. Each goes to the pod that is ready when it is made: those of a pod that ends are
 * cut, and the next ones go to its successor.
 *
 * @throws Failure where the port is taken, or no pod is ready
 */
export async function forward(args: ForwardArgs): Promise<Forward> {
  const { cluster, service, say } = args;
  const first = await targetOf(cluster, service);
  let last = first.pod;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // Whatever goes wrong with a connection ends it, and nothing else.
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    connect(args, socket).then(
      (pod) => {
        if (pod !== last) say(`pod ${last} is no longer ready; from now on pod ${pod}`);
        last = pod;
      },
      (error: unknown) => {
        if (!socket.destroyed) say(explain(error));
        socket.destroy();
      },
    );
  });
  const port = await listening(server, args.port);
  return {
    port,
    pod: first.pod,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

function listening(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? new Failure(taken(port)) : error);
    });
    server.listen({ host: loopback, port }, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

const taken = (port: number): string =>
  `Port ${port} of this machine is taken: end what has it, or choose another with --port; 0 is any that is free.`;

/** Joins a connection to a pod that is ready, and answers with which. */
async function connect({ cluster, service, patience, say }: ForwardArgs, socket: Socket): Promise<string> {
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    try {
      const target = await targetOf(cluster, service);
      await within(join(cluster, service.namespace, target, socket, say), { seconds: patience });
      return target.pod;
    } catch (error) {
      if (socket.destroyed || Date.now() >= deadline) throw error;
      await sleep(lookMs);
    }
  }
}

async function join(
  cluster: KubeConfig,
  namespace: string,
  { pod, port }: Target,
  socket: Socket,
  say: ForwardArgs["say"],
): Promise<void> {
  const way = new PortForward(cluster);
  const complaints = listener((text) => {
    say(`pod ${pod}: ${text}`);
  });
  const opened = await way
    .portForward(namespace, pod, [port], socket, complaints, socket)
    .catch((error: unknown) => {
      throw new Error(`the way to pod ${pod} cannot be opened: ${whyNot(error)}`);
    });
  if (typeof opened === "function") throw new Error("it was not to be a connection that opens itself anew");
  // The library tells neither side that the other one has ended.
  opened.addEventListener("close", () => {
    socket.end();
  });
  socket.on("close", () => {
    opened.close();
  });
  if (socket.destroyed) opened.close();
}

/** What the kubelet says of a connection, e.g. that nobody listens at the pod's port; at first it only repeats the port. */
const listener = (hear: (text: string) => void): Writable =>
  new Writable({
    write(chunk: Buffer, _, done) {
      const text = chunk.toString().trim();
      if (text !== "") hear(text);
      done();
    },
  });

/** A websocket's error is an event that has a message, and is no Error. */
const whyNot = (error: unknown): string => (error as { message?: string }).message ?? String(error);
