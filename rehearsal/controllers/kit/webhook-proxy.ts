import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import type { Stop } from "../../host/base/env.ts";
import { closing } from "../../kit/closing.ts";
import { isServing, joinKey, matches, meta } from "./objects.ts";

/** What is in the cluster whose Services the proxy stands for. */
export interface Inventory {
  readonly services: () => Iterable<V1Service>;
  readonly pods: () => Iterable<V1Pod>;
}

/** Where a connection to a Service leads, or why it leads nowhere. */
export type Destination = { readonly port: number } | { readonly refusal: string };

/** An HTTP CONNECT proxy through which an API server reaches Services of its own cluster. */
export interface WebhookProxy {
  readonly port: number;
  /** What is behind the addresses; nothing until it is set. */
  setInventory(inventory: Inventory): void;
  /** The port on 127.0.0.1 that answers for "namespace/name:port"; undefined if nothing does any more. */
  setEndpoint(service: string, port: number | undefined): void;
  readonly stop: Stop;
}

/** Starts a proxy on a free port of 127.0.0.1. */
export async function startWebhookProxy(log: (line: string) => void): Promise<WebhookProxy> {
  let inventory: Inventory = { services: () => [], pods: () => [] };
  const endpoints = new Map<string, number>();
  let lastRefusal: string | undefined;
  const server = createServer((_request, response) => {
    response.writeHead(405).end("This proxy only tunnels: use CONNECT.\n");
  });

  const stop = closing(server);
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on("error", () => client.destroy());
    const destination = destinationOf(request.url ?? "", inventory, endpoints);
    if ("refusal" in destination) {
      // Whoever is refused comes again and again.
      if (destination.refusal !== lastRefusal) log(`webhook call refused: ${destination.refusal}`);
      lastRefusal = destination.refusal;
      client.end(`HTTP/1.1 502 ${destination.refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    lastRefusal = undefined;
    const upstream = connect(destination.port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    setInventory(found) {
      inventory = found;
    },
    setEndpoint(service, port) {
      if (port === undefined) endpoints.delete(service);
      else endpoints.set(service, port);
    },
    stop,
  };
}

/** Where CONNECT to this authority (cluster IP or in-cluster name, and port) leads. */
export function destinationOf(
  authority: string,
  inventory: Inventory,
  endpoints: ReadonlyMap<string, number>,
): Destination {
  const colon = authority.lastIndexOf(":");
  const host = authority.slice(0, colon);
  const port = authority.slice(colon + 1);
  const service = [...inventory.services()].find((candidate) => isAddressedBy(candidate, host));
  if (service === undefined) return { refusal: `no service has the address ${authority}` };
  const { namespace, name } = meta(service);
  if (!(service.spec?.ports ?? []).some((offered) => String(offered.port) === port)) {
    return { refusal: `service ${name} has no port ${port}` };
  }
  const ready = [...inventory.pods()].some(
    (pod) =>
      meta(pod).namespace === namespace &&
      matches(service.spec?.selector, meta(pod).labels) &&
      isServing(pod),
  );
  if (!ready) return { refusal: `no endpoints available for service ${name}` };
  const endpoint = endpoints.get(`${joinKey(namespace, name)}:${port}`);
  return endpoint === undefined ? { refusal: `nothing listens behind service ${name}` } : { port: endpoint };
}

function isAddressedBy(service: V1Service, host: string): boolean {
  if (service.spec?.clusterIP === host) return true;
  const [name, namespace] = host.replace(/\.svc(\.cluster\.local)?$/, "").split(".");
  return meta(service).name === name && meta(service).namespace === namespace;
}
