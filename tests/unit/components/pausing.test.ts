import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { promisify } from "node:util";
import { KubeConfig, type V1EndpointSlice, type V1Pod, type V1StatefulSet } from "@kubernetes/client-node";
import { afterAll, describe, expect, it } from "vitest";
import { existingControlPlane, isPaused, pausing, resuming } from "../../../cli/clusters/control-plane.ts";
import { recordedPauses } from "../../../cli/stack/recorded-pause.ts";
import { unansweredOf } from "../../../kubernetes/vcluster/called-services.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";
import { judge, lookAtPods, untilStuck } from "../../../kubernetes/vcluster/pods-on-host.ts";
import { keptPauses, type Pauses, pausesIn, withPauses } from "../../../rehearsal/engine/kept-pauses.ts";
import { type Answer, apiServer, stopApiServers } from "../support/api-server.ts";

afterAll(stopApiServers);

const set = (replicas: number, annotations?: Record<string, string>): V1StatefulSet => ({
  metadata: { ...(annotations && { annotations }) },
  spec: { replicas } as V1StatefulSet["spec"] & object,
});
const date = "2026-11-29T08:00:00.000Z";
const notes = (replicas: string) => ({
  "loft.sh/paused": "true",
  "loft.sh/paused-replicas": replicas,
  "loft.sh/paused-date": date,
});
const without = { "loft.sh/paused": null, "loft.sh/paused-replicas": null, "loft.sh/paused-date": null };

describe("a control plane", () => {
  it.each<[what: string, set: V1StatefulSet, patch: ReturnType<typeof pausing>]>([
    ["that runs", set(1), { metadata: { annotations: notes("1") }, spec: { replicas: 0 } }],
    ["of three pods", set(3, { a: "b" }), { metadata: { annotations: notes("3") }, spec: { replicas: 0 } }],
    ["that is paused", set(0, notes("1")), undefined],
    ["that somebody scaled down", set(0), { metadata: { annotations: notes("1") }, spec: { replicas: 0 } }],
  ])("%s is paused as vcluster does it", (_, given, patch) => {
    expect(pausing(given, new Date(date))).toEqual(patch);
  });

  it.each<[what: string, set: V1StatefulSet, patch: ReturnType<typeof resuming>]>([
    ["that runs", set(1), undefined],
    ["of one pod", set(0, notes("1")), { metadata: { annotations: without }, spec: { replicas: 1 } }],
    ["of three pods", set(0, notes("3")), { metadata: { annotations: without }, spec: { replicas: 3 } }],
    [
      "whose number of pods nobody noted",
      set(0, { "loft.sh/paused": "true" }),
      { metadata: { annotations: without }, spec: { replicas: 1 } },
    ],
    ["that somebody scaled down", set(0), { spec: { replicas: 1 } }],
  ])("%s is resumed as vcluster does it", (_, given, patch) => {
    expect(resuming(given)).toEqual(patch);
  });

  it("is paused if it is noted, whoever did it", () => {
    expect([set(0, notes("1")), set(0), set(1)].map(isPaused)).toEqual([true, false, false]);
  });
});

describe("a host that does not answer", () => {
  it("is named, with what came instead", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await promisify(server.close.bind(server))();
    const host = new KubeConfig();
    host.loadFromClusterAndUser(
      { name: "east", server: `https://127.0.0.1:${port}`, skipTLSVerify: false },
      { name: "me" },
    );
    await expect(existingControlPlane(host, "devmgmt")).rejects.toThrow(
      /^The host \(context loaded-context\) does not answer: fetch failed \(.*ECONNREFUSED/,
    );
  });
});

describe("the pods of a cluster that comes back", () => {
  const inside = (uid: string, phase = "Running"): V1Pod => ({
    metadata: { uid, namespace: "bookinfo", name: `pod-${uid}` },
    status: { phase },
  });
  type Status = Pick<NonNullable<V1Pod["status"]>, "conditions" | "containerStatuses">;
  const copy = (uid: string, ready: "True" | "False", status: Status = {}): V1Pod => ({
    metadata: { annotations: { "vcluster.loft.sh/uid": uid } },
    status: { ...status, conditions: [{ type: "Ready", status: ready }, ...(status.conditions ?? [])] },
  });
  const waitingFor = (reason: string): Status => ({
    containerStatuses: [
      { name: "app", image: "", imageID: "", ready: false, restartCount: 0, state: { waiting: { reason } } },
    ],
  });
  const onNoNode: Status = {
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }],
  };
  const notBack = (state: string, isStuck = false) => ({ state, isStuck });

  it.each<[what: string, ...given: Parameters<typeof judge>, expected: ReturnType<typeof judge>]>([
    ["are back when each has a ready copy", [inside("a")], [copy("a", "True")], 1, { value: 1 }],
    [
      "are not back before that",
      [inside("a")],
      [],
      1,
      notBack("0 of 1 are ready on the host, not bookinfo/pod-a"),
    ],
    [
      "nor when one is not ready",
      [inside("c"), inside("a"), inside("b")],
      [copy("a", "False"), copy("b", "True")],
      3,
      notBack("1 of 3 are ready on the host, not bookinfo/pod-a and 1 more"),
    ],
    ["nor when one is yet to be made", [], [], 2, notBack("0 of 2 are ready on the host")],
    [
      "are not those that were there before",
      [inside("b")],
      [copy("a", "True")],
      1,
      notBack("0 of 1 are ready on the host, not bookinfo/pod-b"),
    ],
    ["need not be those that have done their work", [inside("a", "Succeeded")], [], 0, { value: 0 }],
    [
      "are stuck where no node takes the one that is missing",
      [inside("a"), inside("b")],
      [copy("a", "True"), copy("b", "False", onNoNode)],
      2,
      notBack("1 of 2 are ready on the host, not bookinfo/pod-b", true),
    ],
    [
      "and where its image cannot be had",
      [inside("a")],
      [copy("a", "False", waitingFor("ImagePullBackOff"))],
      1,
      notBack("0 of 1 are ready on the host, not bookinfo/pod-a", true),
    ],
    [
      "not while one is only starting",
      [inside("a"), inside("b")],
      [copy("a", "False", waitingFor("ImagePullBackOff")), copy("b", "False", waitingFor("PodInitializing"))],
      2,
      notBack("0 of 2 are ready on the host, not bookinfo/pod-a and 1 more"),
    ],
  ])("%s", (_, pods, copies, wanted, expected) => {
    expect(judge(pods, copies, wanted)).toEqual(expected);
  });

  it("are given up when all that are missing are stuck, and nothing has changed for a while", async () => {
    let now = 0;
    const looks = [
      notBack("0 of 2", true),
      notBack("1 of 2", true),
      notBack("1 of 2", false),
      notBack("1 of 2", true),
      notBack("1 of 2", true),
    ];
    const look = untilStuck(
      () => Promise.resolve(looks.shift() ?? { value: "back" }),
      () => now,
    );
    const seen = [];
    for (now of [0, 29_000, 50_000, 60_000, 81_000, 90_000]) seen.push("value" in (await look()));
    expect(seen).toEqual([false, false, false, false, true, true]);
  });
});

describe("a Service that an API server calls", () => {
  const slice = (name: string, endpoints: NonNullable<V1EndpointSlice["endpoints"]>): V1EndpointSlice => ({
    addressType: "IPv4",
    metadata: { namespace: "istio-system", labels: { "kubernetes.io/service-name": name } },
    endpoints,
  });
  const pod = (uid: string, ready = true) => ({
    addresses: ["10.0.0.1"],
    conditions: { ready },
    targetRef: { kind: "Pod", uid },
  });

  it.each<[what: string, slices: V1EndpointSlice[], unanswered: string[]]>([
    ["has no endpoint without any slice", [], ["istio-system/istiod"]],
    ["nor with that of a pod from before", [slice("istiod", [pod("old")])], ["istio-system/istiod"]],
    ["nor with one that is not ready", [slice("istiod", [pod("new", false)])], ["istio-system/istiod"]],
    ["nor with that of another Service", [slice("other", [pod("new")])], ["istio-system/istiod"]],
    ["is answered for by a pod that is there", [slice("istiod", [pod("old"), pod("new")])], []],
    ["and by what is no pod", [slice("istiod", [{ addresses: ["192.0.2.1"] }])], []],
  ])("%s", (_, slices, unanswered) => {
    expect(unansweredOf(["istio-system/istiod", "istio-system/istiod"], slices)(new Set(["new"]))).toEqual(
      unanswered,
    );
  });
});

describe("a cluster that has come back", () => {
  const agent = { namespace: "gloo-mesh", name: "gloo-mesh-agent", labels: { app: "gloo-mesh-agent" } };
  const istiod = { namespace: "istio-system", name: "istiod", labels: { app: "istiod" } };
  const service = { namespace: "istio-system", name: "istiod" };
  const webhook = (failurePolicy: string) => ({
    items: [{ webhooks: [{ name: "w", failurePolicy, clientConfig: { service } }] }],
  });
  const podOf = (metadata: object, uid: string) => ({ metadata: { ...metadata, uid }, status: {} });
  const copyOf = (uid: string, ready: boolean) => ({
    metadata: { annotations: { "vcluster.loft.sh/uid": uid } },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  });
  const ofIstiod = (uid: string) => ({
    items: [
      {
        metadata: { ...service, labels: { "kubernetes.io/service-name": "istiod" } },
        endpoints: [{ addresses: ["10.0.0.1"], targetRef: { kind: "Pod", uid } }],
      },
    ],
  });
  const none = { items: [] };

  /** What is made of a cluster with istiod and an agent, of which these are ready, and of a management cluster. */
  async function look(
    ready: readonly string[],
    management: Answer,
    inside: Record<string, Answer> = {},
    resource = "statefulsets",
  ) {
    const host = await apiServer({
      [`GET /apis/apps/v1/namespaces/mgmt/${resource}/mgmt`]: management,
      "GET /api/v1/namespaces/east/pods?labelSelector=vcluster.loft.sh%2Fmanaged-by%3Deast": {
        items: ["istiod-1", "agent-1"].map((uid) => copyOf(uid, ready.includes(uid))),
      },
    });
    const cluster = await apiServer({
      "GET /api/v1/pods": { items: [podOf(istiod, "istiod-1"), podOf(agent, "agent-1")] },
      "GET /apis/apps/v1/deployments": { items: [istiod, agent].map((metadata) => ({ metadata })) },
      "GET /apis/apps/v1/statefulsets": none,
      "GET /apis/apps/v1/daemonsets": none,
      "GET /api/v1/services": { items: [{ metadata: service }] },
      "GET /apis/discovery.k8s.io/v1/endpointslices": ofIstiod("istiod-1"),
      "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": webhook("Fail"),
      "GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations": none,
      "GET /apis/apiregistration.k8s.io/v1/apiservices": none,
      ...inside,
    });
    return lookAtPods({
      cluster: "east",
      management: "mgmt",
      host: kubeConfigOf(host),
      inside: kubeConfigOf(cluster),
    });
  }
  const runs = { spec: { replicas: 1 } };
  const slices = "GET /apis/discovery.k8s.io/v1/endpointslices";

  it("has all its pods, and those behind its webhooks", async () => {
    expect(await look(["istiod-1", "agent-1"], runs)).toEqual({
      value: { ready: 2, withoutAgents: false },
    });
  });

  it("is not back while its webhook leads to a pod from before, unless requests pass without it", async () => {
    const before = { [slices]: ofIstiod("istiod-0") };
    expect(await look(["istiod-1", "agent-1"], runs, before)).toEqual({
      state: "Service istio-system/istiod, which its API server calls, has no endpoints",
      isStuck: false,
    });
    const ignored = {
      ...before,
      "GET /apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": webhook("Ignore"),
    };
    expect(await look(["istiod-1", "agent-1"], runs, ignored)).toHaveProperty("value");
  });

  it("waits for its agent where a Deployment runs the management cluster, and not where it is stopped", async () => {
    const waits = { state: "1 of 2 are ready on the host, not gloo-mesh/gloo-mesh-agent" };
    expect(await look(["istiod-1"], runs, {}, "deployments")).toMatchObject(waits);
    const isStopped = { spec: { replicas: 0 } };
    expect(await look(["istiod-1"], isStopped, {}, "deployments")).toEqual({
      value: { ready: 1, withoutAgents: true },
    });
  });

  it.each<[what: string, management: Answer]>([
    ["paused", { spec: { replicas: 0 } }],
    ["gone", () => undefined],
  ])("does not wait for its agent while the management cluster is %s", async (_, management) => {
    expect(await look(["istiod-1"], management)).toEqual({ value: { ready: 1, withoutAgents: true } });
    expect(await look([], management)).toMatchObject({
      state: "0 of 1 are ready on the host, not istio-system/istiod",
    });
    expect(await look(["istiod-1"], runs)).toMatchObject({
      state: "1 of 2 are ready on the host, not gloo-mesh/gloo-mesh-agent",
    });
  });
});

describe("a pause in the configuration", () => {
  it("is a key of each cluster", () => {
    const cluster = (name: string, paused: boolean) => ({ name, paused });
    const settings = {
      management: cluster("mgmt", false),
      workloads: [cluster("a", false), cluster("b", true)],
    };
    expect(recordedPauses(settings as never)).toEqual([
      { cluster: "mgmt", path: "management.paused", paused: false },
      { cluster: "a", path: "workloads[0].paused", paused: false },
      { cluster: "b", path: "workloads[1].paused", paused: true },
    ]);
  });
});

describe("a pause in the rehearsed stack file", () => {
  const file = (pauses: Pauses) => ({
    config: {
      "mesh-lab:management": { paused: pauses["devmgmt"] },
      "mesh-lab:workloads": ["east", "west"].map((name) => ({ name, paused: pauses[name] })),
    },
  });

  const saying = (pauses: Pauses): Pauses => pausesIn(file(pauses), "mesh-lab");

  it.each<[what: string, user: Pauses, rehearsed: Pauses, saidBefore: Pauses, kept: Pauses]>([
    ["lasts where the user's file says nothing", {}, { east: true }, {}, { east: true }],
    ["also that of the management cluster", {}, { devmgmt: true }, {}, { devmgmt: true }],
    ["lasts no longer than the cluster", {}, { gone: true }, {}, {}],
    ["that is over stays over", { east: true }, { east: false }, { east: true }, { east: false }],
    ["gives way when the user's file pauses", { east: true }, { east: false }, { east: false }, {}],
    ["gives way when the user's file resumes", { east: false }, { east: true }, { east: true }, {}],
    ["is nothing to keep where both say the same", { west: true }, { west: true }, {}, {}],
  ])("%s", (_, user, rehearsed, saidBefore, kept) => {
    expect(keptPauses(saying(user), saying(rehearsed), saidBefore)).toEqual(kept);
  });

  it("takes the place of what the user's file says, and of nothing else", () => {
    const user = { config: { "mesh-lab:workloads": [{ name: "east", zone: "z" }, { name: "west" }] } };
    expect(withPauses(user, {}, "mesh-lab")).toBe(user);
    const noted = withPauses(user, { east: true }, "mesh-lab");
    expect(noted.config?.["mesh-lab:workloads"]).toEqual([
      { name: "east", zone: "z", paused: true },
      { name: "west" },
    ]);
    expect(pausesIn(noted, "mesh-lab")).toEqual({ devmgmt: false, east: true, west: false });
    expect(pausesIn(withPauses(noted, { devmgmt: true, east: false }, "mesh-lab"), "mesh-lab")).toEqual({
      devmgmt: true,
      east: false,
      west: false,
    });
  });
});
