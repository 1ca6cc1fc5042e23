import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api, KubeConfig, NetworkingV1Api, type V1Node } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe as serially, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { type Authority, openPki } from "../../../rehearsal/host/base/pki.ts";
import { coreApiOf } from "../../../kubernetes/connection/cluster.ts";
import { nodeAddresses } from "../../../kubernetes/host/nodes.ts";
import { isPlacedByHost } from "../../../kubernetes/vcluster/placed-nodes.ts";
import { poll } from "../../../kubernetes/waits/poll.ts";
import { findServiceCidr } from "../../../kubernetes/host/service-cidr.ts";
import { isRenewable } from "../../../kubernetes/vcluster/renewal.ts";
import { type Answer, apiServer, stopApiServers, step } from "../support/api-server.ts";

// Side by side: most of them start a process.
const describe = serially.concurrent;

const directory = mkdtempSync(join(tmpdir(), "steps-"));
afterAll(() => {
  stopApiServers();
  rmSync(directory, { recursive: true });
});

/** A kubeconfig as the ambient one. */
function ambient(kubeconfig: string): { KUBECONFIG: string } {
  const file = join(mkdtempSync(join(directory, "ambient-")), "kubeconfig");
  writeFileSync(file, kubeconfig);
  return { KUBECONFIG: file };
}

it("a step waits as long as its environment says", async () => {
  const { kubeconfig } = await apiServer({});
  const values = { token: { kind: "Secret", namespace: "a", name: "b", field: ["data"] } };
  const environment = { MESHLAB_KUBECONFIG: kubeconfig, MESHLAB_TIMEOUT_SECONDS: "1" };
  const { code, stderr } = await step("await", { cluster: "east", values }, environment);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^waited 1 s for Secret b .*: it does not exist/),
  ]);
});

describe("poll", () => {
  const wait = { what: "the moon", hint: "Look up.", timeoutSeconds: 0.01 };

  it("gives the value once it is there", async () => {
    const looks = [{ state: "new" }, { value: "full" }];
    let at = 0;
    expect(
      await poll({ ...wait, timeoutSeconds: 5, look: async () => looks[at++] ?? { state: "gone" } }),
    ).toBe("full");
  });

  it("fails with what was awaited, its last state and what to do", async () => {
    const never = poll({ ...wait, look: async () => ({ state: "it is new" }) });
    await expect(never).rejects.toThrow(/^waited \d+ s for the moon: it is new\. Look up\.$/);
  });

  it("takes an error for a state", async () => {
    const refused = async () => Promise.reject(new Error("request failed", { cause: new Error("refused") }));
    await expect(poll({ ...wait, look: refused })).rejects.toThrow("the moon: request failed (refused).");
  });
});

describe("a cluster", () => {
  const putOff = { refusal: 429, message: "storage is (re)initializing" };

  it("that puts a request off is asked again", async () => {
    let asked = 0;
    const { kubeconfig } = await apiServer({
      "GET /api/v1/nodes": () => (++asked < 3 ? putOff : { items: [{ metadata: { name: "node-1" } }] }),
    });
    const { items } = await coreApiOf({ kubeconfig }).listNode();
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(["node-1"]);
    expect(asked).toBe(3);
  });

  it("that refuses one for another reason is not", async () => {
    const { kubeconfig, requests } = await apiServer({
      "GET /api/v1/nodes": { refusal: 503, message: "not now" },
    });
    await expect(coreApiOf({ kubeconfig }).listNode()).rejects.toMatchObject({ code: 503 });
    expect(requests).toHaveLength(1);
  });
});

describe("await", () => {
  const relay = { kind: "Secret", namespace: "gloo-mesh", name: "relay", field: ["data", "ca.crt"] };
  const spec = { cluster: "mgmt", timeoutSeconds: 1, values: { rootCa: relay } };
  const path = "GET /api/v1/namespaces/gloo-mesh/secrets/relay";

  it("prints the fields that it found", async () => {
    const { kubeconfig } = await apiServer({ [path]: { kind: "Secret", data: { "ca.crt": "Q0E=" } } });
    const { code, stdout } = await step("await", spec, { MESHLAB_KUBECONFIG: kubeconfig });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"rootCa":"Q0E="}' });
  });

  it("says what is missing, and nothing else of the object", async () => {
    const { kubeconfig } = await apiServer({ [path]: { kind: "Secret", data: { "tls.key": "S0VZ" } } });
    const { code, stdout, stderr } = await step("await", spec, { MESHLAB_KUBECONFIG: kubeconfig });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^waited \d+ s for Secret relay in namespace gloo-mesh of mgmt: it has no data\.ca\.crt\. Nothing of it can be seen: the API server answered 404\. kubectl --context mgmt -n gloo-mesh get events shows what happened there\.$/,
    );
  });
});

describe("relay token", () => {
  const secrets = "/api/v1/namespaces/gloo-mesh/secrets";
  const token = `${secrets}/relay-identity-token-secret`;
  const certificate = `${secrets}/relay-client-tls-secret`;
  const agents = "DELETE /api/v1/namespaces/gloo-mesh/pods?labelSelector=app%3Dgloo-mesh-agent";
  const run = async (verb: string, answers: Record<string, object>, last = "") => {
    const { kubeconfig, requests } = await apiServer(answers);
    const spec = { verb, cluster: "east", timeoutSeconds: 1 };
    const ran = await step("relay-token", spec, {
      MESHLAB_KUBECONFIG: kubeconfig,
      MESHLAB_RELAY_TOKEN: "t0ken",
      PULUMI_COMMAND_STDOUT: last,
    });
    return { ...ran, requests };
  };

  it("is given to an agent that has no certificate, which starts to read it", async () => {
    const { code, stdout, stderr, requests } = await run("give", { [`POST ${secrets}`]: { kind: "Secret" } });
    expect(code).toBe(0);
    expect(requests).toEqual([`GET ${certificate}`, `DELETE ${token}`, `POST ${secrets}`, agents]);
    expect(stdout + stderr).not.toContain("t0ken");
  });

  it("is not given again to an agent that has one", async () => {
    const answers = { [`GET ${certificate}`]: { kind: "Secret" } };
    const { code, stdout, requests } = await run("give", answers);
    expect(code).toBe(0);
    expect(requests).toEqual([`GET ${certificate}`]);
    expect((await run("give", answers, stdout)).requests).toEqual(requests);
  });

  it("is given to an agent whose certificate is from another management server, and that one taken away", async () => {
    const { code, requests } = await run(
      "give",
      {
        [`GET ${certificate}`]: { kind: "Secret" },
        [`DELETE ${certificate}`]: { kind: "Status" },
        [`POST ${secrets}`]: { kind: "Secret" },
      },
      JSON.stringify({ verb: "give", token: "of a server that is gone" }),
    );
    expect(code).toBe(0);
    expect(requests).toEqual([
      `GET ${certificate}`,
      `DELETE ${certificate}`,
      `DELETE ${token}`,
      `POST ${secrets}`,
      agents,
    ]);
  });

  it("is withdrawn once the agent has its certificate", async () => {
    const { code, requests } = await run("withdraw", {
      [`GET ${certificate}`]: { kind: "Secret", data: { "tls.crt": "Q0VSVA==" } },
      [`DELETE ${token}`]: { kind: "Status" },
    });
    expect(code).toBe(0);
    expect(requests).toEqual([`GET ${certificate}`, `DELETE ${token}`]);
  });

  it("stays while the agent has none", async () => {
    const { code, stderr, requests } = await run("withdraw", {});
    expect(code).toBe(1);
    expect(requests).not.toContain(`DELETE ${token}`);
    expect(stderr).toContain(
      "the certificate of the Gloo Mesh agent on east (Secret relay-client-tls-secret)",
    );
  });
});

describe("the host's range of ClusterIPs", () => {
  const object = "GET /apis/networking.k8s.io/v1/servicecidrs";
  const cidrs = (name: string, ...ranges: string[]) => ({ metadata: { name }, spec: { cidrs: ranges } });
  const trial = "POST /api/v1/namespaces/default/services?dryRun=All";
  async function find(answers: Record<string, Answer>) {
    const { kubeconfig, requests } = await apiServer(answers);
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const found = findServiceCidr(config.makeApiClient(CoreV1Api), config.makeApiClient(NetworkingV1Api));
    return { found, requests };
  }
  const refusal = (message: string) => ({ refusal: 422, message });

  it("is that of its ServiceCIDR, the IPv4 one", async () => {
    const { found, requests } = await find({
      [object]: { items: [cidrs("kubernetes", "fd00::/108", "10.43.0.0/16")] },
    });
    expect(await found).toBe("10.43.0.0/16");
    expect(requests).toEqual([object]);
  });

  it("is around those of several, but of none that goes", async () => {
    const gone = cidrs("old", "172.16.0.0/16");
    const { found } = await find({
      [object]: {
        items: [
          cidrs("extra", "10.44.0.0/24"),
          cidrs("kubernetes", "10.43.0.0/16"),
          { ...gone, metadata: { ...gone.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
        ],
      },
    });
    expect(await found).toBe("10.40.0.0/13");
  });

  it.each([
    ["has none", {}],
    ["hides it", { [object]: { refusal: 403, message: "forbidden" } }],
  ])("is in what an older host refuses, which %s, as a trial that leaves nothing", async (_, answers) => {
    const message =
      'Service "x" is invalid: failed to allocate IP 192.0.2.1: the provided IP is not in the valid range. The range of valid IPs is 10.100.0.0/16';
    const { found, requests } = await find({ ...answers, [trial]: refusal(message) });
    expect(await found).toBe("10.100.0.0/16");
    expect(requests).toEqual([object, trial]);
  });

  it("must be configured where the host does not tell", async () => {
    const { found } = await find({
      [trial]: refusal("the provided network does not match the current range"),
    });
    await expect(found).rejects.toThrow(
      "the host does not tell the range of its ClusterIPs: set serviceCidr",
    );
  });
});

describe("the host", () => {
  const node = (name: string, ready: string, ...addresses: [type: string, address: string][]): V1Node => ({
    metadata: { name },
    status: {
      conditions: [{ type: "Ready", status: ready }],
      addresses: addresses.map(([type, address]) => ({ type, address })),
    },
  });

  it.each<[what: string, nodes: V1Node[], expected: object | undefined]>([
    ["nobody", [], undefined],
    ["none that is ready", [node("a", "False", ["InternalIP", "10.0.0.1"])], undefined],
    [
      "the first ready one, from outside at its own address",
      [node("a", "Unknown", ["InternalIP", "10.0.0.1"]), node("b", "True", ["InternalIP", "10.0.0.2"])],
      { inside: "10.0.0.2", outside: "10.0.0.2" },
    ],
    [
      "one with an address for outside",
      [node("a", "True", ["InternalIP", "10.0.0.1"], ["ExternalIP", "203.0.113.1"])],
      { inside: "10.0.0.1", outside: "203.0.113.1" },
    ],
  ])("offers as node: %s", (_, nodes, expected) => {
    expect(nodeAddresses(nodes)).toEqual(expected);
  });

  it("tells its version, and is asked no more than must be known", async () => {
    const { kubeconfig, requests } = await apiServer({ "GET /version": { gitVersion: "v1.31.4" } });
    const spec = { serviceCidr: "10.0.0.0/16" };
    const { stdout } = await step("host", spec, ambient(kubeconfig));
    expect(JSON.parse(stdout)).toEqual({ version: "v1.31.4", serviceCidr: "10.0.0.0/16" });
    expect(requests).toEqual(["GET /version"]);
  });

  it.each([
    ["v1.33.13", 0, ""],
    ["v1.34.2-eks-1", 1, "the host is Kubernetes v1.34.2-eks-1. Pods never become ready there."],
    ["v1.36.3", 1, "the host is Kubernetes v1.36.3. Pods never become ready there."],
  ])("is refused where it is known to break the lab: %s", async (gitVersion, wanted, said) => {
    const { kubeconfig } = await apiServer({ "GET /version": { gitVersion } });
    const brokenFrom = { minor: 34, because: "Pods never become ready there." };
    const spec = { serviceCidr: "10.0.0.0/16", brokenFrom };
    const { code, stderr } = await step("host", spec, ambient(kubeconfig));
    expect({ code, stderr }).toEqual({ code: wanted, stderr: said });
  });

  it("is looked at for a preview: its version, its room, and the lab's images that are there", async () => {
    const pod = (namespace: string, image: string) => ({
      metadata: { name: "pod", namespace },
      spec: { nodeName: "node", containers: [{ name: "one", image }] },
    });
    const { kubeconfig } = await apiServer({
      "GET /version": { gitVersion: "v1.36.3" },
      "GET /api/v1/nodes": { items: [] },
      "GET /api/v1/pods": { items: [pod("east", "own:1"), pod("other", "other:1")] },
    });
    const { stdout } = await step("spare", { own: ["east"] }, ambient(kubeconfig));
    expect(JSON.parse(stdout)).toEqual({ version: "v1.36.3", places: [], images: ["own:1"] });
  });

  it("must be in the kubeconfig", async () => {
    const { kubeconfig } = await apiServer({});
    const { code, stderr } = await step("host", { hostContext: "kind" }, ambient(kubeconfig));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^\S+kubeconfig has no context "kind"; it has: c$/);
  });
});

describe("a virtual cluster's kubeconfig", () => {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const secretPath = "/api/v1/namespaces/east/secrets/vc-east";
  const service = "GET /api/v1/namespaces/east/services/east";
  const spec = { cluster: "east", expose: "NodePort", node: "127.0.0.1", timeoutSeconds: 5 };

  /** A virtual cluster's authority, and its Secret by the days that its client certificate has left. */
  let authority: Authority;
  const secrets = new Map<number, { cert: string; secret: object }>();
  beforeAll(async () => {
    authority = await openPki(join(directory, "pki")).authority("east");
    for (const daysLeft of [30, 300, 365]) {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - (730 - daysLeft) * 24 * 3600 * 1000 });
      const { cert, key } = await authority.issue(`client-${daysLeft}`, { commonName: "admin" });
      vi.useRealTimers();
      const ca = base64(authority.cert);
      const user = { "client-certificate-data": base64(cert), "client-key-data": base64(key) };
      const config = stringify({
        clusters: [
          { name: "local", cluster: { server: "https://localhost:8443", "certificate-authority-data": ca } },
        ],
        users: [{ name: "user", user }],
      });
      const data = { config: base64(config), "client-certificate": base64(cert) };
      secrets.set(daysLeft, { cert, secret: { data } });
    }
  });
  const credentials = (daysLeft: number) => secrets.get(daysLeft) ?? { cert: "", secret: {} };

  /** Its API server behind a port of a node, and the Service that says so. */
  async function virtualCluster() {
    const server = await authority.issue("server", { commonName: "k3s", hosts: ["localhost"] });
    const { port } = await apiServer({ "GET /api/v1/namespaces/default": { kind: "Namespace" } }, server);
    return { port, found: { spec: { ports: [{ name: "https", port: 443, nodePort: port }] } } };
  }

  it("works from here, whatever name the certificate has", async () => {
    const { port, found } = await virtualCluster();
    const { secret } = credentials(300);
    const { kubeconfig } = await apiServer({ [`GET ${secretPath}`]: secret, [service]: found });
    const { code, stdout, stderr } = await step("vcluster-kubeconfig", spec, ambient(kubeconfig));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { address, kubeconfig: result } = JSON.parse(stdout) as { address: string; kubeconfig: string };
    expect(address).toBe(`127.0.0.1:${port}`);
    expect(parse(result)).toMatchObject({
      clusters: [
        { name: "east", cluster: { server: `https://127.0.0.1:${port}`, "tls-server-name": "localhost" } },
      ],
      "current-context": "east",
    });
  });

  it.each([
    ["is left alone until renewal is asked for", {}, 30, []],
    ["is left alone while it is far from its end", { renew: "now" }, 300, []],
    [
      "is renewed by a new start near its end",
      { renew: "now" },
      30,
      ["DELETE /api/v1/namespaces/east/pods/east-0"],
    ],
  ])("its certificate %s", async (_, more, daysLeft, expected) => {
    const { found } = await virtualCluster();
    const [old, fresh] = [credentials(daysLeft), credentials(365)];
    let current = old;
    const { kubeconfig, requests } = await apiServer({
      [`GET ${secretPath}`]: () => current.secret,
      [service]: found,
      "DELETE /api/v1/namespaces/east/pods/east-0": () => {
        current = fresh;
        return { kind: "Pod" };
      },
    });
    const { code, stdout } = await step("vcluster-kubeconfig", { ...spec, ...more }, ambient(kubeconfig));
    expect(code).toBe(0);
    expect(requests.filter((request) => request.startsWith("DELETE"))).toEqual(expected);
    expect(stdout).toContain(base64(current.cert));
    expect(isRenewable(old.cert)).toBe(daysLeft < 90);
  });

  it("is not taken for that of a cluster with other data", async () => {
    const { found } = await virtualCluster();
    const { secret } = credentials(300);
    let namespace: object | undefined = { kind: "Namespace" };
    const { kubeconfig } = await apiServer({
      "GET /api/v1/namespaces/east": () => namespace,
      [`GET ${secretPath}`]: secret,
      [service]: found,
    });
    const first = await step("vcluster-kubeconfig", spec, ambient(kubeconfig));
    const again = (stdout: string) =>
      step(
        "vcluster-kubeconfig",
        { ...spec, renew: "now" },
        {
          ...ambient(kubeconfig),
          PULUMI_COMMAND_STDOUT: stdout,
        },
      );
    expect((await again(first.stdout)).code).toBe(0);

    const other = base64((await openPki(join(directory, "other")).authority("east")).cert);
    const { code, stdout, stderr } = await again(first.stdout.replace(base64(authority.cert), other));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^east is another cluster than the one that the stack knows, and empty: npm run lab -- rebuild east, then pulumi up/,
    );

    namespace = undefined;
    expect(await again(first.stdout)).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^namespace east is not on the host any more: npm run lab -- rebuild east, then pulumi up/,
      ) as unknown,
    });
  });

  it("that never comes is told with what stands in its way", async () => {
    const { kubeconfig } = await apiServer({
      "GET /api/v1/namespaces/east/pods?labelSelector=%21vcluster.loft.sh%2Fmanaged-by": {
        items: [
          {
            metadata: { name: "east-0" },
            spec: {
              containers: [{ name: "vcluster", resources: { requests: { cpu: "2", memory: "1Gi" } } }],
            },
            status: {
              conditions: [
                {
                  type: "PodScheduled",
                  status: "False",
                  message: "0/1 nodes are available: 1 Insufficient cpu.",
                },
              ],
            },
          },
        ],
      },
      [service]: { spec: { ports: [{ name: "https", port: 443, nodePort: 30443 }] } },
    });
    const { code, stderr } = await step(
      "vcluster-kubeconfig",
      { ...spec, timeoutSeconds: 1 },
      ambient(kubeconfig),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^waited \d+ s for Secret vc-east in namespace east of the host: it does not exist\. Pod east-0 is on no node: 0\/1 nodes are available: 1 Insufficient cpu\. It asks for 2 CPUs and 1 GiB\. Make room on the host, or add a node\. Its writer is the syncer: kubectl -n east logs -l app=vcluster,release=east --all-containers\.$/,
    );
  });

  it("of a load balancer that never comes says what to set", async () => {
    const { secret } = credentials(300);
    const { kubeconfig } = await apiServer({
      [`GET ${secretPath}`]: secret,
      [service]: { spec: { ports: [] }, status: { loadBalancer: {} } },
      "GET /api/v1/namespaces/east/services?labelSelector=%21vcluster.loft.sh%2Fmanaged-by": {
        items: [{ metadata: { name: "east" }, spec: { type: "LoadBalancer" } }],
      },
    });
    const { stderr } = await step(
      "vcluster-kubeconfig",
      { ...spec, expose: "LoadBalancer", timeoutSeconds: 1 },
      ambient(kubeconfig),
    );
    expect(stderr).toMatch(
      /^waited \d+ s for the address of Service east in namespace east of the host: it has no status\.loadBalancer\.ingress\.0\. Service east has no address\. If the host has no load balancer, set expose to NodePort\.$/,
    );
  });
});

describe("places of nodes", () => {
  const region = "topology.kubernetes.io/region";
  const node = (labels: Record<string, string>, managed?: string): V1Node => ({
    metadata: {
      labels,
      ...(managed === undefined ? {} : { annotations: { "vcluster.loft.sh/managed-labels": managed } }),
    },
  });

  it.each<[what: string, node: V1Node, placed: boolean]>([
    ["a node that the host has placed", node({ [region]: "eu" }, `kubernetes.io/os\n${region}`), true],
    ["a copy of such a node, just made", node({ [region]: "eu" }), true],
    ["a node that the lab has placed", node({ [region]: "lab" }, "kubernetes.io/os"), false],
    ["a node that nobody has placed", node({}), false],
  ])("are kept for %s: %s", (_, given, placed) => {
    expect(isPlacedByHost(given)).toBe(placed);
  });

  it("are given to the others, and what was kept is told", async () => {
    const { kubeconfig, requests } = await apiServer({
      "GET /api/v1/nodes": {
        items: [
          { metadata: { name: "a", annotations: { "vcluster.loft.sh/managed-labels": region } } },
          { metadata: { name: "b" } },
        ],
      },
      "PATCH /api/v1/nodes/b": { kind: "Node" },
    });
    const spec = { cluster: "east", region: "lab", zone: "east", timeoutSeconds: 1 };
    const { stdout } = await step("localities", spec, { MESHLAB_KUBECONFIG: kubeconfig });
    expect(JSON.parse(stdout)).toEqual({ hosts: ["a"] });
    expect(requests).toEqual(["GET /api/v1/nodes", "PATCH /api/v1/nodes/b"]);
  });
});

describe("pause", () => {
  it("removes the cluster's pods once its control plane has stopped, and not before", async () => {
    let replicas = 1;
    const set = "GET /apis/apps/v1/namespaces/east/statefulsets/east";
    const list = "GET /api/v1/namespaces/east/pods?labelSelector=vcluster.loft.sh%2Fmanaged-by%3Deast";
    const { kubeconfig, requests } = await apiServer({
      [set]: () => ({ status: { replicas: replicas-- } }),
      [list]: { items: [{ metadata: { name: "app-x-default-x-east" } }] },
      "DELETE /api/v1/namespaces/east/pods/app-x-default-x-east": { kind: "Pod" },
    });
    const { stdout } = await step("pause", { cluster: "east", timeoutSeconds: 5 }, ambient(kubeconfig));
    expect(JSON.parse(stdout)).toEqual({ removed: 1 });
    expect(requests).toEqual([set, set, list, "DELETE /api/v1/namespaces/east/pods/app-x-default-x-east"]);
  });

  it("removes none where it does not know what runs the control plane, and says so at once", async () => {
    const { kubeconfig, requests } = await apiServer({});
    const { code, stderr } = await step(
      "pause",
      { cluster: "east", timeoutSeconds: 60 },
      ambient(kubeconfig),
    );
    expect(code).toBe(1);
    expect(stderr).toBe(
      "the control plane of east, which is to stop, is not in namespace east of the host: npm run lab -- status says what is",
    );
    expect(requests).toEqual([
      "GET /apis/apps/v1/namespaces/east/statefulsets/east",
      "GET /apis/apps/v1/namespaces/east/deployments/east",
    ]);
  });
});
