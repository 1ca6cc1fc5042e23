import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import pluginProto, { type PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import type { Plugin } from "../../versions/plugins.ts";

const services: Readonly<Record<Plugin["kind"], string>> = {
  resource: "pulumirpc.ResourceProvider",
  language: "pulumirpc.LanguageRuntime",
};

/** Nobody listens there. A language does not start without the address of an engine, and does not call it. */
const noEngine = "127.0.0.1:9";

const patienceSeconds = 20;

/**
 * Starts a plugin as the engine does, and asks for its version.
 *
 * @returns undefined where it does not answer; it may say that it has no version, which is an empty text
 */
export async function askVersion({ kind }: Pick<Plugin, "kind">, path: string): Promise<string | undefined> {
  const child = spawn(path, kind === "language" ? [noEngine] : [], {
    stdio: ["ignore", "pipe", "ignore"],
    // It needs nothing that the user's environment may hold.
    env: { PATH: process.env["PATH"], HOME: "/nonexistent" },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceSeconds * 1000);
  const ended = new Promise<undefined>((resolve) => {
    const end = (): void => {
      resolve(undefined);
    };
    child.on("error", end).on("close", end);
  });
  try {
    return await Promise.race([ended, portOf(child.stdout).then((port) => infoFrom(port, kind))]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}

/** The first line that a plugin prints. */
async function portOf(output: NodeJS.ReadableStream): Promise<number> {
  for await (const line of createInterface({ input: output })) return Number(line);
  throw new Error("it printed no port");
}

function infoFrom(port: number, kind: Plugin["kind"]): Promise<string> {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  return new Promise<string>((resolve, reject) => {
    client.makeUnaryRequest<undefined, PluginInfo>(
      `/${services[kind]}/GetPluginInfo`,
      () => Buffer.alloc(0),
      (bytes) => pluginProto.PluginInfo.deserializeBinary(bytes),
      undefined,
      { deadline: Date.now() + patienceSeconds * 1000 },
      (error, info) => {
        if (error === null) resolve(info?.getVersion().replace(/^v/, "") ?? "");
        else reject(error);
      },
    );
  }).finally(() => {
    client.close();
  });
}
