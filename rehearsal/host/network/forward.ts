import { rmSync } from "node:fs";
import { connect, createServer, type ListenOptions } from "node:net";
import { closing } from "../../kit/closing.ts";
import type { Stop } from "../base/env.ts";

/** Forwards every connection to a port of 127.0.0.1 until stopped, which also cuts what is connected. */
export async function forward(from: ListenOptions, port: number): Promise<Stop> {
  const server = createServer((client) => {
    const target = connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => other.destroy());
      socket.pipe(other);
    }
  });
  const stop = closing(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, resolve);
  });
  return stop;
}

/** The longest path of a socket that Linux takes. */
const longestSocketPath = 107;

/** The same from a socket file, which only its directory protects. */
export async function forwardSocket(path: string, port: number): Promise<Stop> {
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw new Error(
      `${path} is too long for a socket (${longestSocketPath} bytes at most): set REHEARSAL_DIR to a shorter path.`,
    );
  }
  rmSync(path, { force: true });
  return forward({ path }, port);
}
