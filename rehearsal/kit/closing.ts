import type { Server, Socket } from "node:net";

/**
 * Gives what ends a server with all that is connected to it, also what is no request yet: an HTTP server itself knows
 * of connections only once they have shaken hands, and of none that became a tunnel.
 */
export function closing(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
}
