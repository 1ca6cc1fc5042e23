import { describe, expect, it } from "vitest";
import { awaiters, type Snapshot, type Verdict } from "../../rehearsal/plugins/kubernetes/await.ts";

type Json = Record<string, unknown>;

function judge(kind: string, object: Json, more: Partial<Snapshot> = {}): Verdict {
  const awaiter = awaiters[kind];
  if (awaiter === undefined) throw new Error(`nothing waits for ${kind}`);
  return awaiter.judge({
    object: { kind: kind.split("/").at(-1), ...object },
    related: [],
    settled: false,
    ...more,
  });
}

const metadata = (name: string, more: Json = {}): Json => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  ...more,
});
const ownedBy = (owner: string): Json => ({ ownerReferences: [{ uid: `uid-${owner}` }] });
const conditions = (
  ...list: readonly (readonly [type: string, status: string, reason?: string, message?: string])[]
) => list.map(([type, status, reason = "", message = ""]) => ({ type, status, reason, message }));

const pulling = {
  name: "istio-proxy",
  ready: false,
  state: { waiting: { reason: "ErrImagePull", message: 'image "auto" not found' } },
};
const notReady = (name: string, owner: string, statuses: readonly Json[] = [pulling]): Json => ({
  kind: "Pod",
  metadata: metadata(name, ownedBy(owner)),
  status: {
    phase: "Pending",
    conditions: conditions(
      ["PodScheduled", "True"],
      ["Initialized", "True"],
      ["Ready", "False", "ContainersNotReady", "containers with unready status: [istio-proxy]"],
    ),
    containerStatuses: statuses,
  },
});

describe("a Deployment", () => {
  const revision = (n: number): Json => ({ annotations: { "deployment.kubernetes.io/revision": String(n) } });
  const deployment = (n: number, status: Json, generation = n): Json => ({
    metadata: metadata("web", { ...revision(n), generation }),
    spec: {},
    status,
  });
  const set = (n: number, readyReplicas?: number): Json => ({
    kind: "ReplicaSet",
    metadata: metadata(`web-${n}`, { ...revision(n), ...ownedBy("web") }),
    spec: { replicas: 2 },
    status: { readyReplicas },
  });
  const available = ["Available", "True"] as const;
  const rolledOut = ["Progressing", "True", "NewReplicaSetAvailable"] as const;
  const rolling = ["Progressing", "True", "ReplicaSetUpdated"] as const;
  const seen = (n: number, ...list: readonly (readonly [string, string, string?, string?])[]): Json => ({
    observedGeneration: n,
    conditions: conditions(...list),
  });

  it.each([
    ["first rollout done", deployment(1, seen(1, available, rolling)), [set(1, 2)], true],
    ["available, but not all pods are ready", deployment(1, seen(1, available, rolling)), [set(1, 1)], false],
    ["second rollout done", deployment(2, seen(2, available, rolledOut)), [set(1), set(2, 2)], true],
    ["second rollout under way", deployment(2, seen(2, available, rolling)), [set(1, 2), set(2, 2)], false],
    [
      "a change the controller has not seen",
      deployment(1, seen(1, available, rolledOut), 2),
      [set(1, 2)],
      false,
    ],
    ["no ReplicaSet yet", deployment(1, seen(1, available, rolledOut)), [], false],
    [
      "someone else's ReplicaSet",
      deployment(1, seen(1, available)),
      [{ ...set(1, 2), metadata: metadata("x", revision(1)) }],
      false,
    ],
    ["scaled to nothing", deployment(1, seen(1, available)), [{ ...set(1), spec: { replicas: 0 } }], true],
  ])("%s", (_, object, related, ready) => {
    expect(judge("apps/v1/Deployment", object, { related }).ready).toBe(ready);
  });

  it("tells its conditions, what was not attained and the pods that are not ready, of the current ReplicaSet only", () => {
    const object = deployment(
      2,
      seen(
        2,
        [
          "Available",
          "False",
          "MinimumReplicasUnavailable",
          "Deployment does not have minimum availability.",
        ],
        ["ReplicaFailure", "True", "FailedCreate", "failed calling webhook: no endpoints available"],
      ),
    );
    const related = [set(1, 1), set(2, 0), notReady("web-2-a", "web-2"), notReady("web-1-a", "web-1")];
    const { ready, status, problems } = judge("apps/v1/Deployment", object, { related });
    expect(ready).toBe(false);
    expect(status).toBe("Waiting for app ReplicaSet to be available (0/2 Pods available)");
    expect(problems).toEqual([
      "[MinimumReplicasUnavailable] Deployment does not have minimum availability.",
      "[FailedCreate] failed calling webhook: no endpoints available",
      "Minimum number of live Pods was not attained",
      '[Pod shop/web-2-a]: containers with unready status: [istio-proxy][ErrImagePull] image "auto" not found',
    ]);
  });

  it("waits for the claims of its volumes", () => {
    const object = {
      ...deployment(1, seen(1, available)),
      spec: { template: { spec: { volumes: [{ persistentVolumeClaim: { claimName: "data" } }] } } },
    };
    const claim = (phase: string): Json => ({
      kind: "PersistentVolumeClaim",
      metadata: metadata("data"),
      status: { phase },
    });
    const pending = judge("apps/v1/Deployment", object, { related: [set(1, 2), claim("Pending")] });
    expect(pending).toMatchObject({
      ready: false,
      problems: ['Failed to bind PersistentVolumeClaim(s): "data"'],
    });
    expect(judge("apps/v1/Deployment", object, { related: [set(1, 2), claim("Bound")] }).ready).toBe(true);
  });
});

describe("a Pod", () => {
  const pod = (list: ReturnType<typeof conditions>, status: Json = {}): Json => ({
    metadata: metadata("p"),
    status: { conditions: list, ...status },
  });

  it.each([
    [
      "unscheduled",
      pod(conditions(["PodScheduled", "False", "Unschedulable", "0/1 nodes are available"])),
      ["0/1 nodes are available"],
    ],
    [
      "still creating",
      pod(conditions(["PodScheduled", "True"], ["Initialized", "True"], ["Ready", "False"]), {
        containerStatuses: [{ name: "c", ready: false, state: { waiting: { reason: "ContainerCreating" } } }],
      }),
      [],
    ],
    [
      "held in an init container",
      pod(conditions(["PodScheduled", "True"], ["Initialized", "False"]), {
        initContainerStatuses: [pulling],
      }),
      ['[Pod shop/p]: [ErrImagePull] image "auto" not found'],
    ],
    [
      "crashing",
      pod(conditions(["PodScheduled", "True"], ["Initialized", "True"], ["Ready", "False"]), {
        containerStatuses: [
          {
            name: "c",
            ready: false,
            state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } },
            lastState: { terminated: { reason: "Error", exitCode: 1, message: "no license" } },
          },
        ],
      }),
      [
        '[Pod shop/p]: [CrashLoopBackOff] back-off 10s\ncontainer "c" ended before (Error: exit code 1) no license',
      ],
    ],
  ])("that is %s is not ready and says why", (_, object, problems) => {
    expect(judge("v1/Pod", object)).toMatchObject({ ready: false, problems });
  });

  it("that has run to its end is ready", () => {
    const list = conditions(
      ["PodScheduled", "True"],
      ["Initialized", "True"],
      ["Ready", "False", "PodCompleted"],
    );
    expect(judge("v1/Pod", pod(list, { phase: "Succeeded" })).ready).toBe(true);
    expect(judge("v1/Pod", pod(list)).ready).toBe(false);
  });
});

describe("a StatefulSet", () => {
  const set = (status: Json, generation = 1, spec: Json = {}): Json => ({
    metadata: metadata("db", { generation }),
    spec: { replicas: 2, ...spec },
    status: { observedGeneration: 1, currentRevision: "a", updateRevision: "a", ...status },
  });
  const all = { replicas: 2, readyReplicas: 2, currentReplicas: 2 };

  it.each([
    ["all pods there", set(all), true],
    ["one pod missing", set({ ...all, readyReplicas: 1 }), false],
    ["a change not seen yet", set(all, 2), false],
    ["a new revision rolling out", set({ ...all, observedGeneration: 2, updateRevision: "b" }, 2), false],
    [
      "updated by hand",
      set({ ...all, observedGeneration: 2, updateRevision: "b", currentReplicas: 0 }, 2, {
        updateStrategy: { type: "OnDelete" },
      }),
      true,
    ],
  ])("%s", (_, object, ready) => {
    expect(judge("apps/v1/StatefulSet", object).ready).toBe(ready);
  });

  it("counts its pods and names those that are not ready", () => {
    const object = set({ replicas: 2, readyReplicas: 1, updatedReplicas: 2, currentReplicas: 2 });
    expect(judge("apps/v1/StatefulSet", object, { related: [notReady("db-1", "db")] })).toMatchObject({
      status: "[1/2] Waiting for StatefulSet to create Pods (1/2 Pods ready)",
      problems: [
        "1 out of 2 replicas succeeded readiness checks",
        '[Pod shop/db-1]: containers with unready status: [istio-proxy][ErrImagePull] image "auto" not found',
      ],
    });
  });
});

describe("a Service", () => {
  const service = (spec: Json, ingress: readonly Json[] = []): Json => ({
    metadata: metadata("web"),
    spec: { selector: { app: "web" }, ...spec },
    status: { loadBalancer: { ingress } },
  });
  const endpoints = (subset: Json): Json => ({ subsets: [subset] });
  const ready = endpoints({ addresses: [{ ip: "10.0.0.1" }] });
  const address = [{ ip: "127.0.9.1" }];

  it.each([
    ["with endpoints, within ten seconds", service({}), { endpoints: ready }, false],
    ["with endpoints, after ten quiet seconds", service({}), { endpoints: ready, settled: true }, true],
    [
      "with a pod that is not ready",
      service({}),
      { endpoints: endpoints({ notReadyAddresses: [{}] }), settled: true },
      false,
    ],
    ["without a selector", service({ selector: {} }), {}, true],
    ["headless", service({ clusterIP: "None" }), {}, true],
    ["for a name outside", service({ type: "ExternalName" }), {}, true],
    [
      "balanced, no address yet",
      service({ type: "LoadBalancer" }),
      { endpoints: ready, settled: true },
      false,
    ],
    [
      "balanced, with an address",
      service({ type: "LoadBalancer" }, address),
      { endpoints: ready, settled: true },
      true,
    ],
    [
      "balanced, without a selector",
      service({ type: "LoadBalancer", selector: {} }),
      { settled: true },
      false,
    ],
  ])("%s", (_, object, more, expected) => {
    expect(judge("v1/Service", object, more).ready).toBe(expected);
  });

  it("says what is missing", () => {
    expect(judge("v1/Service", service({ type: "LoadBalancer" })).problems).toEqual([
      "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods",
      "Service was not allocated an IP address; does your cloud provider support this?",
    ]);
  });
});

describe("a Job", () => {
  const job = (status: Json): Json => ({ metadata: metadata("j"), status });

  it("is ready when it is complete, and waits while it runs", () => {
    const done = job({ startTime: "t", succeeded: 1, conditions: conditions(["Complete", "True"]) });
    expect(judge("batch/v1/Job", done).ready).toBe(true);
    expect(judge("batch/v1/Job", job({ startTime: "t", active: 1 }))).toMatchObject({
      ready: false,
      failed: false,
      status: 'Waiting for Job "shop/j" to succeed (Active: 1 | Succeeded: 0 | Failed: 0)',
    });
  });

  it("fails at once when it has failed for good", () => {
    const list = conditions([
      "Failed",
      "True",
      "BackoffLimitExceeded",
      "Job has reached the specified backoff limit",
    ]);
    expect(judge("batch/v1/Job", job({ startTime: "t", conditions: list }))).toMatchObject({
      failed: true,
      problems: ["[BackoffLimitExceeded] Job has reached the specified backoff limit"],
    });
  });
});

describe("other kinds", () => {
  const storage = {
    kind: "StorageClass",
    metadata: { name: "slow" },
    volumeBindingMode: "WaitForFirstConsumer",
  };
  const claim = (phase: string): Json => ({
    metadata: metadata("c"),
    spec: { storageClassName: "slow" },
    status: { phase },
  });

  it.each([
    ["v1/PersistentVolumeClaim", claim("Bound"), [], true],
    ["v1/PersistentVolumeClaim", claim("Pending"), [], false],
    ["v1/PersistentVolumeClaim", claim("Pending"), [storage], true],
    ["v1/PersistentVolume", { metadata: metadata("v"), status: { phase: "Available" } }, [], true],
    ["v1/Secret", { type: "Opaque" }, [], true],
    ["v1/Secret", { type: "kubernetes.io/service-account-token" }, [], false],
    ["v1/Secret", { type: "kubernetes.io/service-account-token", data: { token: "x" } }, [], true],
  ])("%s %j %j: %s", (kind, object, related, ready) => {
    expect(judge(kind, object, { related }).ready).toBe(ready);
  });

  it("judges a DaemonSet by all its nodes", () => {
    const set = (numberReady: number): Json => ({
      metadata: metadata("d", { generation: 1 }),
      status: {
        observedGeneration: 1,
        desiredNumberScheduled: 2,
        updatedNumberScheduled: 2,
        numberAvailable: 2,
        numberReady,
      },
    });
    expect(judge("apps/v1/DaemonSet", set(2)).ready).toBe(true);
    expect(judge("apps/v1/DaemonSet", set(1))).toMatchObject({ ready: false, problems: ["Ready: 1/2"] });
  });
});
