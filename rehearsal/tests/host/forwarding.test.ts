import { type AddressInfo, connect, createServer, type Server } from "node:net";
import type { V1ServicePort } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { toPort } from "../../host/network/forward.ts";
import { type Listener, listenersOf } from "../../host/network/listeners.ts";
import { type Backend, createForwarding, type Forwarding } from "../../host/network/forwarding.ts";

describe("the listeners of a Service", () => {
  const nodes = [
    { outside: "127.7.1.1", inside: "10.1.0.1" },
    { outside: "127.7.1.2", inside: "10.1.0.2" },
  ];
  const links = (ports: V1ServicePort[], address?: string) =>
    listenersOf({ spec: { clusterIP: "10.96.0.7", ports } }, nodes, address);
  const listeners = (ports: V1ServicePort[], address?: string) =>
    links(ports, address).map(({ host, port }) => `${host}:${port}`);

  test("lead to the Service's address, and to the node's own", () => {
    const inside = links([{ port: 443, nodePort: 30443 }], "127.7.0.2").map(
      (listener) => `${listener.inside.host}:${listener.inside.port}`,
    );
    expect(inside).toEqual(["10.96.0.7:443", "10.1.0.1:30443", "10.1.0.2:30443"]);
  });

  test("are at its load balancer, and at its node ports on every node", () => {
    expect(listeners([{ port: 443, nodePort: 30443 }], "127.7.0.2")).toEqual([
      "127.7.0.2:443",
      "127.7.1.1:30443",
      "127.7.1.2:30443",
    ]);
  });

  test("are on the nodes alone where it has no address", () => {
    expect(listeners([{ port: 443, nodePort: 30443 }])).toEqual(["127.7.1.1:30443", "127.7.1.2:30443"]);
  });

  test("are none inside of the cluster, and none for anything but TCP", () => {
    expect(listeners([{ port: 443 }])).toEqual([]);
    expect(listeners([{ port: 53, protocol: "UDP", nodePort: 30053 }], "127.7.0.2")).toEqual([]);
  });
});

describe("forwarding", () => {
  const lines: string[] = [];
  let backend: Server;
  let backendPort: number;
  let forwarding: Forwarding;

  const listen = (server: Server): Promise<number> =>
    new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        resolve((server.address() as AddressInfo).port);
      });
    });
  const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));
  const listenerAt = (port: number): Listener => ({
    host: "127.0.0.1",
    port,
    inside: { host: "10.96.0.7", port },
  });
  const free = async (): Promise<Listener> => {
    const server = createServer();
    const port = await listen(server);
    await close(server);
    return listenerAt(port);
  };
  const backendAt = (port: number): Backend => ({ name: `port ${port}`, dial: toPort(port) });
  const answers = ({ host, port }: { host: string; port: number }): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, host)
        .on("data", () => {
          socket.destroy();
          resolve(true);
        })
        .on("error", () => {
          resolve(false);
        });
    });
  const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 5));
  const settled = async (is: boolean): Promise<void> => {
    while (forwarding.isOpen("lab/one") !== is) await pause();
  };

  beforeEach(async () => {
    lines.length = 0;
    forwarding = createForwarding((line) => lines.push(line));
    backend = createServer((socket) => socket.end("hello"));
    backendPort = await listen(backend);
  });

  afterEach(async () => {
    await forwarding.stop();
    await close(backend);
  });

  test("are open while there are listeners and a backend", async () => {
    const [one, two] = [await free(), await free()];
    forwarding.setListeners("lab/one", [one, two]);
    expect(forwarding.isOpen("lab/one")).toBe(false);
    forwarding.setBackend("lab/one", backendAt(backendPort));
    await settled(true);
    expect(await Promise.all([one, two].map(answers))).toEqual([true, true]);
    forwarding.setListeners("lab/one", [two]);
    while (await answers(one)) await pause();
    expect(await answers(two)).toBe(true);
    forwarding.setBackend("lab/one", undefined);
    await settled(false);
  });

  test("expect nobody where there is no listener", () => {
    forwarding.setBackend("lab/one", backendAt(backendPort));
    expect(forwarding.isOpen("lab/one")).toBe(true);
  });

  test("open the other listeners where one is somebody else's, and name it", async () => {
    const other = await free();
    forwarding.setListeners("lab/one", [listenerAt(backendPort), other]);
    forwarding.setListeners("lab/two", [await free()]);
    forwarding.setBackend("lab/one", backendAt(backendPort));
    forwarding.setBackend("lab/two", backendAt(backendPort));
    while (!forwarding.isOpen("lab/two")) await pause();
    expect(forwarding.isOpen("lab/one")).toBe(false);
    expect(await answers(other)).toBe(true);
    expect(lines).toEqual([expect.stringMatching(`^lab/one at 127.0.0.1: .*EADDRINUSE.*${backendPort}`)]);
  });
});
