import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { forward, type Forward, type ForwardArgs } from "../../../cli/ui/forward.ts";
import { type Authority, openPki } from "../../../rehearsal/host/base/pki.ts";
import { until } from "../../../rehearsal/kit/until.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";
import { type PortForwardServer, portForwardServer } from "../support/port-forward-server.ts";

const folder = mkdtempSync(join(tmpdir(), "ui-"));
let authority: Authority;
beforeAll(async () => {
  authority = await openPki(folder).authority("cluster");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const service: V1Service = {
  metadata: { name: "gloo-mesh-ui", namespace: "gloo-mesh" },
  spec: { selector: { app: "gloo-mesh-ui" }, ports: [{ port: 8090, targetPort: "console" }] },
};

function pod(name: string, isReady = true): V1Pod {
  return {
    metadata: { name, namespace: "gloo-mesh", labels: { app: "gloo-mesh-ui" } },
    spec: {
      nodeName: "node-1",
      containers: [{ name: "ui", ports: [{ name: "console", containerPort: 18_090 }] }],
    },
    status: { conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] },
  };
}

/** What runs in a pod: it answers with the pod's name and what it was sent. */
async function program(name: string): Promise<number> {
  const server: Server = createServer((asked, response) => {
    if (asked.url === "/endless") return void response.write("first part");
    const parts: Buffer[] = [];
    asked.on("data", (part: Buffer) => parts.push(part));
    asked.on("end", () =>
      response.end(
        `${name} got ${Buffer.concat(parts).length}`.padEnd(Number(asked.headers["x-length"] ?? 0), "."),
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function cluster(...names: readonly string[]): Promise<PortForwardServer> {
  const server = await portForwardServer(authority, service);
  ends.push(server.stop);
  for (const name of names) server.pods.set(name, { object: pod(name), backend: await program(name) });
  return server;
}

const said: string[] = [];
afterEach(() => said.splice(0));

async function forwarded(
  { kubeconfig }: PortForwardServer,
  more: Partial<ForwardArgs> = {},
): Promise<Forward> {
  const opened = await forward({
    cluster: kubeConfigOf({ kubeconfig }),
    service: { namespace: "gloo-mesh", name: "gloo-mesh-ui", port: 8090 },
    port: 0,
    patience: 10,
    say: (line) => said.push(line),
    ...more,
  });
  ends.push(opened.close);
  return opened;
}

const get = async (port: number, length = 0, body?: Buffer): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { "x-length": String(length), connection: "close" },
    ...(body === undefined ? {} : { method: "POST", body }),
  });
  return response.text();
};

describe("forwarding", () => {
  it("carries requests and answers of any size, several at a time", async () => {
    const { port, pod: first } = await forwarded(await cluster("ui-1"));
    expect(first).toBe("ui-1");
    const answers = await Promise.all([
      get(port),
      get(port, 3_000_000),
      get(port, 0, Buffer.alloc(2_000_000)),
    ]);
    expect(answers[0]).toBe("ui-1 got 0");
    expect(answers[1]).toHaveLength(3_000_000);
    expect(answers[2]).toBe("ui-1 got 2000000");
    expect(said).toEqual([]);
  });

  it("leaves nothing open once connections have ended", async () => {
    const server = await cluster("ui-1");
    const { port } = await forwarded(server);
    await Promise.all([get(port), get(port)]);
    await until(
      async () => server.ways() === 0,
      5,
      () => `${server.ways()} ways are still open`,
    );
  });

  it("goes on with the pod that takes the place of another", async () => {
    const server = await cluster("ui-1");
    const { port } = await forwarded(server);
    expect(await get(port)).toBe("ui-1 got 0");
    server.kill("ui-1");
    // Made while there is no pod, it waits for the next one.
    const waiting = get(port);
    await new Promise((resolve) => setTimeout(resolve, 800));
    const backend = await program("ui-2");
    server.pods.set("ui-2", { object: pod("ui-2", false), backend });
    await new Promise((resolve) => setTimeout(resolve, 800));
    server.pods.set("ui-2", { object: pod("ui-2"), backend });
    expect(await waiting).toBe("ui-2 got 0");
    expect(said).toEqual(["pod ui-1 is no longer ready; from now on pod ui-2"]);
  });

  it("passes by a pod that is about to end", async () => {
    const server = await cluster("ui-1", "ui-2");
    const { port } = await forwarded(server);
    const old = server.pods.get("ui-1");
    if (old?.object.metadata === undefined) throw new Error("no pod");
    old.object.metadata.deletionTimestamp = new Date();
    expect(await get(port)).toBe("ui-2 got 0");
  });

  it("cuts what is open to a pod that dies", async () => {
    const server = await cluster("ui-1");
    const { port } = await forwarded(server);
    const cut = new Promise<string>((resolve) => {
      const asked = request({ port, host: "127.0.0.1", path: "/endless" }, (response) => {
        response.on("data", (part: Buffer) => {
          server.kill("ui-1");
          response.on("error", () => {
            resolve(part.toString());
          });
        });
      });
      asked.end();
    });
    expect(await cut).toBe("first part");
  });

  it("gives up on a connection when no pod becomes ready", async () => {
    const server = await cluster("ui-1");
    const { port } = await forwarded(server, { patience: 1 });
    server.kill("ui-1");
    await expect(get(port)).rejects.toThrow();
    expect(said).toEqual(["No pod of Service gloo-mesh-ui is ready. It has none."]);
  });

  it("says what the kubelet says of a pod in which nobody listens", async () => {
    const server = await cluster();
    server.pods.set("ui-1", { object: pod("ui-1"), backend: 1 });
    const { port } = await forwarded(server);
    await expect(get(port)).rejects.toThrow();
    expect(said.join()).toMatch(/^pod ui-1: error forwarding port 18090 to pod: .*ECONNREFUSED/);
  });

  it("is for this machine alone", async () => {
    const { port } = await forwarded(await cluster("ui-1"));
    const refusal = await new Promise((resolve) => {
      connect({ host: "127.0.0.2", port }).on("error", resolve);
    });
    expect(refusal).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("ends with all that is open", async () => {
    const server = await cluster("ui-1");
    const { port, close } = await forwarded(server);
    const ended = new Promise((resolve) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.write("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n");
      socket.once("data", () => void close());
      socket.on("close", resolve).on("error", () => undefined);
    });
    await ended;
    await until(
      async () => server.ways() === 0,
      5,
      () => "a way is still open",
    );
    await expect(get(port)).rejects.toThrow();
    expect(said).toEqual([]);
  });
});

describe("forwarding does not begin", () => {
  it("where the port is taken", async () => {
    const other = createTcpServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    ends.push(() => new Promise((resolve) => other.close(resolve)));
    const { port } = other.address() as AddressInfo;
    await expect(forwarded(await cluster("ui-1"), { port })).rejects.toThrow(
      `Port ${port} of this machine is taken: end what has it, or choose another with --port`,
    );
  });

  it("where no pod is ready", async () => {
    const server = await cluster();
    server.pods.set("ui-1", { object: pod("ui-1", false), backend: 1 });
    await expect(forwarded(server)).rejects.toThrow(
      "No pod of Service gloo-mesh-ui is ready. Pod ui-1 is not ready.",
    );
  });

  it("where there is no such Service, or port", async () => {
    const server = await cluster("ui-1");
    const at = (name: string, port: number) => ({ service: { namespace: "gloo-mesh", name, port } });
    await expect(forwarded(server, at("other", 8090))).rejects.toThrow("There is no Service other with pods");
    await expect(forwarded(server, at("gloo-mesh-ui", 80))).rejects.toThrow(
      "Service gloo-mesh-ui has no port 80.",
    );
  });
});
