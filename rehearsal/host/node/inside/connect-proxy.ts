import { createServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { type Duplex, pipeline } from "node:stream";

/** Serves HTTP CONNECT at a socket file: who is outside of the sandbox gets connections to what is in it. */
export async function startConnectProxy(path: string): Promise<void> {
  const server = createServer((_request, response) => {
    response.writeHead(405).end("This proxy only tunnels: use CONNECT.\n");
  });
  server.on("connect", ({ url = "" }: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on("error", () => client.destroy());
    const colon = url.lastIndexOf(":");
    const target = connect(Number(url.slice(colon + 1)), url.slice(0, colon).replace(/^\[|\]$/g, ""));
    target.setNoDelay(true);
    const refuse = (error: Error): void => {
      client.end(`HTTP/1.1 502 ${error.message}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    };
    target.once("error", refuse);
    target.once("connect", () => {
      target.off("error", refuse);
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.write(head);
      // Whichever of them fails, both end.
      pipeline(client, target, client, () => undefined);
    });
    client.on("close", () => target.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
}
