import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPki } from "../../../rehearsal/host/base/pki.ts";
import { until } from "../../../rehearsal/kit/until.ts";
import { stopApiServers } from "../support/api-server.ts";
import { clusterWith, hostOf, labOn } from "../support/lab-process.ts";
import { managementContents, workloadContents } from "../support/looked.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "verify-"));
});
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  stopApiServers();
  rmSync(folder, { recursive: true });
});

async function productPage(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/productpage`;
}

/** A lab of one workload cluster on a real host, whose product page is a server of this machine. */
async function lab(listener: RequestListener, connected: number) {
  const url = await productPage(listener);
  const contents = workloadContents("east", "127.0.0.1", true);
  for (const { spec } of contents.services)
    if (spec !== undefined) spec.ports = [{ name: "http2", port: 80, nodePort: Number(new URL(url).port) }];
  const authority = await openPki(join(folder, "pki")).authority("relay");
  const { cert } = await authority.issue("agent", { commonName: "east", hosts: ["east"] });
  const east = await clusterWith(contents, {
    "GET /api/v1/namespaces/gloo-mesh/secrets/relay-client-tls-secret": {
      data: { "tls.crt": Buffer.from(cert).toString("base64"), "tls.key": "c2VjcmV0" },
    },
  });
  const pods = "/api/v1/namespaces/gloo-mesh/pods";
  const devmgmt = await clusterWith(managementContents(["east"]), {
    [`GET ${pods}?labelSelector=app%3Dgloo-mesh-mgmt-server`]: {
      items: [
        { metadata: { name: "old" }, status: {} },
        { metadata: { name: "mgmt-1" }, status: { conditions: [{ type: "Ready", status: "True" }] } },
      ],
    },
    [`GET ${pods}/mgmt-1%3A9091/proxy/metrics`]: `# HELP\nrelay_push_clients_connected{cluster="east"} ${connected}\n`,
  });
  return labOn(folder, {
    config: { workloads: [{ name: "east", bookinfo: {} }], expose: "NodePort" },
    clusters: { devmgmt: devmgmt.kubeconfig, east: east.kubeconfig },
    productPages: { east: url },
    host: await hostOf(["devmgmt", "east"]),
  });
}

interface Facts {
  readonly checks: readonly { readonly cluster: string; readonly check: string; readonly state: string }[];
  readonly answers: readonly { readonly requests: number; readonly outcomes: Record<string, number> }[];
  readonly cause?: string;
}

describe("verify on a host with real nodes", () => {
  it("makes 101 requests, and is content", async () => {
    const run = (await lab((_, response) => response.end("<html>"), 1))(["verify", "--json"]);
    expect(await run.ended, run.stderr()).toBe(0);
    const facts = JSON.parse(run.stdout()) as Facts;
    expect(facts.answers).toMatchObject([{ cluster: "east", requests: 101, outcomes: { "200": 101 } }]);
    expect(facts.checks).toContainEqual({
      cluster: "east",
      check: "relay",
      state: "fine",
      detail: "connected",
    });
    expect(run.stderr()).toMatch(/^\[\d+\.\d s\] reading the stack/);
    expect(run.stdout()).not.toContain("c2VjcmV0");
  });

  it("tells what an answer that is none of 200 comes from", async () => {
    const start = await lab((_, response) => response.writeHead(503).end(), 1);
    const run = start(["verify", "--requests", "7"]);
    expect(await run.ended).toBe(1);
    expect(run.stdout()).toContain("503 x 7");
    expect(run.stdout()).toMatch(/First cause: east: 7 of 7 requests .* came to 503: the gateway reaches no/);
  });

  it("makes no request where something is missing for it", async () => {
    let asked = 0;
    const start = await lab((_, response) => {
      asked += 1;
      response.end();
    }, 0);
    const run = start(["verify"]);
    expect(await run.ended).toBe(1);
    expect(run.stdout()).toContain(
      "First cause: east, relay: the management server has no connection of its agent",
    );
    expect(asked).toBe(0);
  });

  it("ends within its time", async () => {
    let first = 0;
    const start = await lab(() => (first = first === 0 ? Date.now() : first), 1);
    const run = start(["verify", "--timeout", "1"]);
    expect(await run.ended).toBe(1);
    expect(Date.now() - first).toBeLessThan(8000);
    expect(run.stdout()).toContain("only 0 of 101 requests");
  });

  it("ends with Ctrl-C, and tells what there was until then", async () => {
    let asked = 0;
    const run = (
      await lab((_, response) => {
        asked += 1;
        if (asked <= 20) response.end();
      }, 1)
    )(["verify"]);
    await until(
      async () => asked > 20,
      30,
      () => `only ${asked} requests: ${run.stderr()}`,
    );
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(1);
    expect(run.stdout()).toContain("200 x 20");
    expect(run.stdout()).toContain("only 20 of 101 requests");
  });
});
