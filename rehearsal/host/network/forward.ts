import { rmSync } from "node:fs";
import { connect, createServer, type ListenOptions, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { closing } from "../../kit/closing.ts";
import type { Stop } from "../base/env.ts";

/** Opens a connection to where another one is forwarded. */
export type Dial = () => Promise<Duplex>;

/** Dials a port of 127.0.0.1. */
export const toPort =
  (port: number): Dial =>
  async () =>
    connect(port, "127.0.0.1").setNoDelay(true);

/** Forwards every connection until stopped, which also cuts what is connected. */
export async function forward(from: ListenOptions, dial: Dial): Promise<Stop> {
  const server = createServer((client) => {
    void join(client, dial);
  });
  const stop = closing(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, resolve);
  });
  return stop;
}

/** Joins a connection with the one that is dialled for it; where that fails, it is closed. */
async function join(client: Socket, dial: Dial): Promise<void> {
  client.setNoDelay(true).on("error", () => client.destroy());
  const target = await dial().catch(() => undefined);
  if (target === undefined || client.destroyed) {
    client.destroy();
    target?.destroy();
    return;
  }
  target.on("error", () => target.destroy());
  client.on("close", () => target.destroy()).pipe(target);
  target.on("close", () => client.destroy()).pipe(client);
}

/** The longest path of a socket that Linux takes. */
const longestSocketPath = 107;

/**
 * Makes room for a socket file, which only its directory protects.
 *
 * @throws where Linux would cut the path
 */
export function clearSocket(path: string): void {
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw new Error(
      `${path} is too long for a socket (${longestSocketPath} bytes at most): set REHEARSAL_DIR to a shorter path.`,
    );
  }
  rmSync(path, { force: true });
}

/** Forwards what connects to a socket file to a port of 127.0.0.1. */
export async function forwardSocket(path: string, port: number): Promise<Stop> {
  clearSocket(path);
  return forward({ path }, toPort(port));
}
