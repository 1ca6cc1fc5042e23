import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubernetesObject } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { kubeConfigFor } from "../../host/base/kube-config.ts";
import { type Identity, openPki } from "../../host/base/pki.ts";
import { type Handlers, watch } from "../../host/base/watch.ts";

const path = "/api/v1/pods?labelSelector=app%3Dx";

const patience = { timeout: 4000 };

let directory: string;
let ca: string;
let identity: Identity;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "host-watch-"));
  const authority = await openPki(directory).authority("host");
  ca = authority.cert;
  identity = await authority.issue("both", { commonName: "both", hosts: ["127.0.0.1"] });
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

const pod = (name: string, version: number, uid = name): KubernetesObject => ({
  metadata: { namespace: "default", name, uid, resourceVersion: String(version) },
});

/** An API server that holds pods, and whose watches are fed by hand. */
async function startServer(port = 0) {
  const state = { pods: [] as KubernetesObject[], version: 1, known: true, watchedFrom: [] as string[] };
  const watches = new Set<ServerResponse>();
  const server: Server = createServer(
    { ...identity, ca, requestCert: true, rejectUnauthorized: true },
    (request: IncomingMessage, response) => {
      const url = new URL(request.url ?? "", "https://127.0.0.1");
      if (!state.known || url.searchParams.get("labelSelector") !== "app=x") {
        response.writeHead(404).end();
      } else if (url.searchParams.get("watch") === null) {
        response.end(
          JSON.stringify({ metadata: { resourceVersion: String(state.version) }, items: state.pods }),
        );
      } else {
        state.watchedFrom.push(url.searchParams.get("resourceVersion") ?? "");
        watches.add(response);
        response.on("close", () => watches.delete(response));
        response.writeHead(200).flushHeaders();
      }
    },
  );
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    state,
    port: (server.address() as AddressInfo).port,
    async send(type: string, object: object): Promise<void> {
      await vi.waitFor(() => {
        expect(watches.size).toBe(1);
      }, patience);
      const text = `${JSON.stringify({ type, object })}\n`;
      // In two pieces, as the network may deliver it.
      for (const response of watches) {
        response.write(text.slice(0, 10));
        await new Promise((resolve) => setTimeout(resolve, 5));
        response.write(text.slice(10));
      }
    },
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function follow(port: number, overrides: Partial<Handlers<KubernetesObject>> = {}) {
  const seen: string[] = [];
  const log: string[] = [];
  const config = kubeConfigFor({
    name: "x",
    url: `https://127.0.0.1:${port}`,
    ca,
    cert: identity.cert,
    key: identity.key,
  });
  const note = (what: string) => (object: KubernetesObject) => {
    const { name, resourceVersion, uid } = object.metadata ?? {};
    seen.push(`${what} ${name ?? ""}${uid === name ? "" : `/${uid ?? ""}`}@${resourceVersion ?? ""}`);
  };
  const handlers = { changed: note("changed"), deleted: note("deleted"), ...overrides };
  const stop = watch(config, path, handlers, (line) => log.push(line), 0.05);
  stops.push(stop);
  const until = async (...expected: string[]): Promise<void> => {
    await vi.waitFor(() => {
      expect(seen).toEqual(expected);
    }, patience);
  };
  return { seen, log, stop, until };
}

async function start(...pods: KubernetesObject[]) {
  const server = await startServer();
  stops.push(() => server.stop());
  server.state.pods = pods;
  return server;
}

describe("watch", () => {
  test("tells of what is there and of what changes", async () => {
    const server = await start(pod("a", 1), pod("b", 1));
    const { until } = follow(server.port);
    await until("changed a@1", "changed b@1");
    await server.send("MODIFIED", pod("a", 2));
    await server.send("ADDED", pod("c", 3));
    await server.send("DELETED", pod("b", 4));
    await until("changed a@1", "changed b@1", "changed a@2", "changed c@3", "deleted b@4");
  });

  test("goes on where it was after the server has been away", async () => {
    const server = await start(pod("a", 1));
    const { until, log } = follow(server.port);
    await until("changed a@1");
    await server.send("BOOKMARK", pod("", 7));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server.stop();
    const second = await startServer(server.port);
    stops.push(() => second.stop());
    await second.send("MODIFIED", pod("a", 8));
    await until("changed a@1", "changed a@8");
    expect(second.state.watchedFrom).toEqual(["7"]);
    expect(log).toEqual([]);
  });

  test("finds out by a new list what it has missed, and tells nothing twice", async () => {
    const server = await start(pod("a", 1), pod("b", 1), pod("c", 1, "old"));
    const { until } = follow(server.port);
    await until("changed a@1", "changed b@1", "changed c/old@1");
    server.state.pods = [pod("a", 1), pod("c", 5, "new")];
    await server.send("ERROR", { code: 410 });
    await until(
      "changed a@1",
      "changed b@1",
      "changed c/old@1",
      "deleted b@1",
      "deleted c/old@1",
      "changed c/new@5",
    );
  });

  test("waits quietly for a kind that is not known yet", async () => {
    const server = await start(pod("a", 1));
    server.state.known = false;
    const { until, seen, log } = follow(server.port);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen).toEqual([]);
    server.state.known = true;
    await until("changed a@1");
    expect(log).toEqual([]);
  });

  test("calls a handler that failed again, and says so once", async () => {
    const server = await start(pod("a", 1));
    const calls: string[] = [];
    const { log } = follow(server.port, {
      changed(object) {
        calls.push(object.metadata?.resourceVersion ?? "");
        if (calls.length < 3) throw new Error("not yet");
      },
    });
    await vi.waitFor(() => {
      expect(calls).toEqual(["1", "1", "1"]);
    }, patience);
    expect(log).toEqual([`${path} default/a: not yet; trying again`]);
  });

  test("calls nobody after it has been stopped", async () => {
    const server = await start(pod("a", 1));
    const { until, stop, seen } = follow(server.port);
    await until("changed a@1");
    await stop();
    server.state.pods = [];
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toEqual(["changed a@1"]);
  });
});
