import { createServer, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What comes back for a request. */
interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly seconds?: number;
}

/** What to answer to a request; the first has number 1. Undefined: nothing comes back. */
export type Answering = (request: IncomingMessage, number: number) => Reply | undefined;

/** Does something while requests to an address are answered, as by an ingress gateway with Bookinfo behind it. */
export async function whileAnswering<T>(
  address: string,
  answering: Answering,
  work: () => Promise<T>,
): Promise<T> {
  let number = 0;
  const server = createServer((request, response) => {
    number += 1;
    const reply = answering(request, number);
    if (reply === undefined) {
      request.socket.destroy();
      return;
    }
    const { status = 200, headers = {}, body = "", seconds = 0 } = reply;
    void sleep(1000 * seconds).then(() => response.writeHead(status, headers).end(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(80, address, resolve);
  });
  try {
    return await work();
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
