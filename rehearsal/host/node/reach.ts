import { request } from "node:http";
import type { Duplex } from "node:stream";
import type { Endpoint } from "../network/listeners.ts";

const patienceSeconds = 20;

/**
 * Opens a connection to what is in the sandbox.
 *
 * @param proxy the socket file of the sandbox's proxy
 * @throws what the proxy answers where there is nobody
 */
export const dialThrough =
  (proxy: string) =>
  ({ host, port }: Endpoint): Promise<Duplex> =>
    new Promise((resolve, reject) => {
      const asked = request({
        socketPath: proxy,
        method: "CONNECT",
        path: `${host}:${port}`,
        timeout: patienceSeconds * 1000,
      });
      asked.once("connect", (response, socket, head) => {
        if (response.statusCode === 200) {
          socket.setTimeout(0);
          // Who speaks first may have done so already.
          socket.unshift(head);
          resolve(socket);
          return;
        }
        socket.destroy();
        reject(new Error(`${host}:${port}: ${response.statusMessage ?? "refused"}`));
      });
      asked.once("timeout", () => asked.destroy(new Error(`${host}:${port} does not answer`)));
      asked.once("error", reject);
      asked.end();
    });
