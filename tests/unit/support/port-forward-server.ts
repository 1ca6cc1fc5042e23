import { createServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { stringify } from "yaml";
import type { Authority } from "../../../rehearsal/host/base/pki.ts";

/** A pod, and the port of this machine at which what runs in it listens. */
interface ServedPod {
  readonly object: V1Pod;
  readonly backend: number;
}

/** An API server that has one Service, and forwards ports to its pods as the kubelet does. */
export interface PortForwardServer {
  readonly kubeconfig: string;
  /** The pods there are now, by name. */
  readonly pods: Map<string, ServedPod>;
  /** How many ways into pods are open. */
  ways(): number;
  /** Takes a pod away, with what is open to it. */
  kill(pod: string): void;
  readonly stop: () => Promise<void>;
}

/** The protocol of the kubelet's websockets: each message begins with the number of its channel. */
const protocol = "v4.channel.k8s.io";
const channels = { data: 0, error: 1 } as const;

const onChannel = (channel: number, content: Buffer): Buffer => Buffer.concat([Buffer.of(channel), content]);

/** Starts it with a certificate for `localhost` alone, as that of a vcluster may be. */
export async function portForwardServer(
  authority: Authority,
  service: V1Service,
): Promise<PortForwardServer> {
  const { cert, key } = await authority.issue("server", { commonName: "server", hosts: ["localhost"] });
  const client = await authority.issue("client", { commonName: "admin" });
  const pods = new Map<string, ServedPod>();
  const open = new Map<WebSocket, string>();
  const { namespace = "", name = "" } = service.metadata ?? {};
  const inNamespace = `/api/v1/namespaces/${namespace}`;

  const server = createServer({ cert, key, ca: authority.cert, requestCert: true }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "https://localhost");
    const wanted = searchParams.get("labelSelector")?.split(",") ?? [];
    const items = [...pods.values()]
      .map(({ object }) => object)
      .filter(({ metadata }) =>
        wanted.every((pair) => metadata?.labels?.[pair.split("=")[0] ?? ""] === pair.split("=")[1]),
      );
    const found = { [`${inNamespace}/services/${name}`]: service, [`${inNamespace}/pods`]: { items } }[
      pathname
    ];
    response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(found ?? { kind: "Status", code: 404 }));
  });

  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  });
  server.on("upgrade", (request, socket: Socket, head) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "https://localhost");
    const [, podName = ""] = new RegExp(`^${inNamespace}/pods/([^/]+)/portforward$`).exec(pathname) ?? [];
    const pod = pods.get(podName);
    const port = Number(searchParams.get("ports"));
    if (pod === undefined) {
      socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (way) => {
      open.set(way, podName);
      way.on("close", () => open.delete(way)).on("error", () => undefined);
      const portBytes = Buffer.alloc(2);
      portBytes.writeUInt16LE(port);
      for (const channel of Object.values(channels)) way.send(onChannel(channel, portBytes));
      serve(way, pod, port);
    });
  });

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  const kubeconfig = stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "devmgmt",
        cluster: {
          server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
          "certificate-authority-data": base64(authority.cert),
          "tls-server-name": "localhost",
        },
      },
    ],
    users: [
      {
        name: "devmgmt",
        user: { "client-certificate-data": base64(client.cert), "client-key-data": base64(client.key) },
      },
    ],
    contexts: [{ name: "devmgmt", context: { cluster: "devmgmt", user: "devmgmt" } }],
    "current-context": "devmgmt",
  });
  return {
    kubeconfig,
    pods,
    ways: () => open.size,
    kill(pod) {
      pods.delete(pod);
      for (const [way, of] of open) if (of === pod) way.terminate();
    },
    stop: () =>
      new Promise((resolve) => {
        for (const way of open.keys()) way.terminate();
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

/** Joins a way to what listens at the pod's port; if nobody does, it says so on the other channel. */
function serve(way: WebSocket, { object, backend }: ServedPod, port: number): void {
  const ports = object.spec?.containers.flatMap((container) => container.ports ?? []) ?? [];
  const isThere = ports.some(({ containerPort }) => containerPort === port);
  const inside = connect(isThere ? backend : 1, "127.0.0.1");
  inside.on("data", (content) => {
    way.send(onChannel(channels.data, content));
  });
  inside.on("error", (error) => {
    way.send(
      onChannel(channels.error, Buffer.from(`error forwarding port ${port} to pod: ${error.message}`)),
    );
  });
  inside.on("close", () => {
    way.close();
  });
  way.on("message", (message: RawData) => {
    const content = message as Buffer;
    if (content[0] === channels.data) inside.write(content.subarray(1));
  });
  way.on("close", () => {
    inside.destroy();
  });
}
