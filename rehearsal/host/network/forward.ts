import { rmSync } from "node:fs";
import { connect, createServer, type ListenOptions, type Socket } from "node:net";
import type { Stop } from "../base/env.ts";

/** Forwards every connection to a port of 127.0.0.1 until stopped, which also cuts what is connected. */
export async function forward(from: ListenOptions, port: number): Promise<Stop> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, resolve);
  });
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
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
