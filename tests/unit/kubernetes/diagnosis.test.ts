import type { V1Node, V1PersistentVolumeClaim, V1Pod, V1Service } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { plain } from "../../../rehearsal/controllers/kit/objects.ts";
import {
  type Found,
  type Known,
  type Maker,
  problemsIn,
  problemsOf,
} from "../../../kubernetes/diagnosis/diagnosis.ts";
import { complaintsIn, eventsOfCopies, type SeenEvent } from "../../../kubernetes/diagnosis/events.ts";
import { keysIn } from "../../../kubernetes/diagnosis/keys.ts";
import { placesOf } from "../../../kubernetes/diagnosis/placement.ts";

const namespace = "istio-system";
const node = "node-1";

/** A pod that its node has not got ready; what matters is in its status and its spec. */
const pod = (
  status: object,
  spec: object = { nodeName: node },
  labels: Record<string, string> = {},
): V1Pod => ({
  metadata: { name: "istiod-1", namespace, labels },
  spec: { containers: [], ...spec },
  status,
});
const plainPod = (...given: Parameters<typeof pod>) => plain(pod(...given));
const problemsOfPod = (...given: Parameters<typeof pod>) => problemsIn({ pods: [pod(...given)] });
const unscheduled = (message: string) => ({
  conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
});
const containerIn = (container: object) =>
  pod({ containerStatuses: [{ name: "discovery", ready: false, ...container }] });
const waiting = (reason: string, message?: string) =>
  containerIn({ state: { waiting: { reason, message } } });

/** An event, at a number of seconds after another. */
const event = (
  kind: string,
  name: string,
  seconds: number,
  message: string,
  more: Partial<SeenEvent> = {},
): SeenEvent => ({
  metadata: {},
  type: "Warning",
  involvedObject: { kind, name, namespace },
  lastTimestamp: new Date(seconds * 1000),
  message,
  ...more,
});
const ofPod = (seconds: number, message: string, more?: Partial<SeenEvent>) =>
  event("Pod", "istiod-1", seconds, message, more);
const normal = { type: "Normal" } as const;

const maker = (kind: Maker["kind"], name: string, made: number): Maker => ({
  kind,
  metadata: { name, namespace },
  wanted: 1,
  made,
});

describe("what is wrong with a pod", () => {
  const gone = { metadata: { name: "a", namespace, deletionTimestamp: new Date() } };
  const crash = (ended: object) =>
    containerIn({ state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated: ended } });
  const outOfRange = "provided IP is not in the valid range";

  it.each<[what: string, found: Found, expected: string[]]>([
    ["nothing, if it is ready", { pods: [pod({ conditions: [{ type: "Ready", status: "True" }] })] }, []],
    ["nothing, if it has done its work", { pods: [pod({ phase: "Succeeded" })] }, []],
    ["nothing, if it is about to go", { pods: [gone] }, []],
    ["that it is slow", { pods: [pod({})] }, ["Pod istiod-1 is not ready."]],
    ["that it is about to start", { pods: [waiting("ContainerCreating")] }, ["Pod istiod-1 is not ready."]],
    [
      "a volume that cannot be mounted",
      {
        pods: [waiting("ContainerCreating")],
        events: [ofPod(1, 'MountVolume.SetUp failed for volume "certs" : secret "cacerts" not found')],
      },
      [
        'Pod istiod-1 is not ready: MountVolume.SetUp failed for volume "certs" : secret "cacerts" not found.',
      ],
    ],
    [
      "a probe that fails",
      {
        pods: [containerIn({ state: { running: {} } })],
        events: [
          ofPod(1, "Started container", normal),
          ofPod(2, "Readiness probe failed: HTTP probe failed with statuscode: 503"),
        ],
      },
      ["Pod istiod-1 is not ready: Readiness probe failed: HTTP probe failed with statuscode: 503."],
    ],
    [
      "an image that cannot be pulled",
      { pods: [waiting("ErrImagePull", "denied")] },
      ["Pod istiod-1: container discovery is in ErrImagePull: denied"],
    ],
    [
      "an image whose pull is put off, of which only events say why",
      {
        pods: [waiting("ImagePullBackOff", 'Back-off pulling image "pilot:1"')],
        events: [ofPod(1, 'Failed to pull image "pilot:1": not found'), ofPod(2, "Error: ImagePullBackOff")],
      },
      [
        'Pod istiod-1: container discovery is in ImagePullBackOff: Back-off pulling image "pilot:1"; Failed to pull image "pilot:1": not found',
      ],
    ],
    [
      "a container that ends again and again",
      { pods: [crash({ exitCode: 1, message: "no relay" })] },
      [
        "Pod istiod-1: container discovery is in CrashLoopBackOff: it ended before with exit code 1; no relay",
      ],
    ],
    [
      "a container that has just been killed for its memory",
      { pods: [containerIn({ state: { terminated: { exitCode: 137, reason: "OOMKilled" } } })] },
      ["Pod istiod-1: container discovery does not run: it ended with exit code 137, OOMKilled"],
    ],
    [
      "a range that is not the host's",
      { pods: [waiting("CrashLoopBackOff", outOfRange)] },
      [
        `Pod istiod-1: container discovery is in CrashLoopBackOff: ${outOfRange}. Set serviceCidr to the host's range of ClusterIPs, or leave it out, so that the host is asked.`,
      ],
    ],
    [
      "that its node threw it out",
      { pods: [pod({ phase: "Failed", reason: "Evicted", message: "The node was low on memory" })] },
      ["Pod istiod-1 has failed: Evicted: The node was low on memory."],
    ],
    ["that nothing is known yet", { pods: [pod({}, {})] }, ["Pod istiod-1 is on no node yet."]],
  ])("is %s", (_, found, expected) => {
    expect(problemsIn(found)).toEqual(expected);
  });

  it("is what a namesake of it had no part in", () => {
    const mine = { ...plainPod({}), metadata: { name: "istiod-1", namespace, uid: "new" } };
    const old = ofPod(1, "secret not found", {
      involvedObject: { kind: "Pod", name: "istiod-1", namespace, uid: "old" },
    });
    expect(problemsIn({ pods: [mine], events: [old] })).toEqual(["Pod istiod-1 is not ready."]);
  });
});

describe("what the host refuses", () => {
  const limit = "maximum memory usage per Container is 1Gi, but limit is 2Gi";
  const quota =
    "exceeded quota: small, requested: limits.cpu=300m, used: limits.cpu=4, limited: limits.cpu=4";
  const security = 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false';
  const policy = 'admission webhook "owner.example.com" denied the request: label team is missing';
  const forbidden = (reason: string) => `pods "istiod-1" is forbidden: ${reason}`;

  const advice: Readonly<Record<string, string>> = {
    [limit]: " On the host, kubectl -n east edit limitranges changes that.",
    [quota]: " On the host, kubectl -n east edit resourcequota small raises it.",
    "failed quota: strict: must specify limits.cpu for: sidecar":
      " On the host, kubectl -n east edit resourcequota strict takes that out.",
    [security]:
      " On the host, kubectl label namespace east pod-security.kubernetes.io/enforce=privileged --overwrite lets it in.",
    [policy]: "",
  };

  describe.each(Object.entries(advice))("%s", (reason, expected) => {
    it.each<[Maker["kind"], introduction: string]>([
      ["StatefulSet", "create Pod istiod-1 in StatefulSet istiod failed error: "],
      ["ReplicaSet", "Error creating: "],
      ["Job", "Error creating: "],
      ["DaemonSet", "(combined from similar events): Error creating: "],
    ])("is told of a %s", (kind, introduction) => {
      const events = [event(kind, "istiod", 1, `${introduction}${forbidden(reason)}`)];
      const found = { makers: [maker(kind, "istiod", 0)], events };
      expect(problemsIn(found, { hostNamespace: "east" })).toEqual([
        `${kind} istiod has 0 of 1 pods: ${forbidden(reason)}.${expected}`,
      ]);
    });

    it("is told of a pod of a virtual cluster that has no copy", () => {
      const events = [ofPod(1, `Error syncing to physical cluster: ${forbidden(reason)}`)];
      expect(problemsIn({ pods: [pod({}, {})], events }, { hostNamespace: "east" })).toEqual([
        `Pod istiod-1 is on no node: ${forbidden(reason)}.${expected}`,
      ]);
    });
  });

  it("is not told of what has all its pods, nor once something normal has come after it", () => {
    const refusal = event("ReplicaSet", "a", 1, `Error creating: ${forbidden(limit)}`);
    const created = event("ReplicaSet", "a", 2, "Created pod: a-1", normal);
    expect(problemsIn({ makers: [maker("ReplicaSet", "a", 1)], events: [refusal] })).toEqual([]);
    expect(problemsIn({ makers: [maker("ReplicaSet", "a", 0)], events: [refusal, created] })).toEqual([]);
    expect(
      problemsIn({
        makers: [maker("ReplicaSet", "a", 0)],
        events: [created, { ...refusal, lastTimestamp: new Date(3000) }],
      }),
    ).toHaveLength(1);
  });

  it("is not told of what is gone", () => {
    const events = [event("ReplicaSet", "a", 1, "Error creating: no"), ofPod(1, "no")];
    expect(problemsIn({ events })).toEqual([]);
  });

  it("is known of copies by what they are copies of", () => {
    const notes = {
      "vcluster.loft.sh/object-name": "istiod-1",
      "vcluster.loft.sh/object-namespace": namespace,
    };
    const copy = { name: "istiod-1-x-istio-system-x-east", namespace: "east", annotations: notes };
    const said: SeenEvent = {
      ...ofPod(1, "Failed to pull image: no"),
      involvedObject: { kind: "Pod", name: copy.name, namespace: "east", uid: "of the copy" },
    };
    const events = eventsOfCopies(
      [said, { ...said, involvedObject: { kind: "Pod", name: "other" } }],
      [{ kind: "Pod", metadata: copy }],
    );
    expect(
      complaintsIn(events)({ kind: "Pod", metadata: { name: "istiod-1", namespace, uid: "inside" } }),
    ).toEqual(["Failed to pull image: no"]);
    expect(events).toHaveLength(1);
  });
});

describe("a Service without an address", () => {
  const service: V1Service = { metadata: { name: "east", namespace }, spec: { type: "LoadBalancer" } };
  const told = (events: SeenEvent[], known: Known = {}) => problemsIn({ services: [service], events }, known);

  it("is told with the way out where no load balancer is known to work, and without where one is", () => {
    expect(told([])).toEqual([
      "Service east has no address. If the host has no load balancer, set expose to NodePort.",
    ]);
    expect(told([], { hasLoadBalancer: true })).toEqual(["Service east has no address."]);
  });

  it("is told with the reason that there is", () => {
    const reason = "Error syncing load balancer: failed to ensure load balancer: no subnet";
    expect(told([event("Service", "east", 1, reason)])).toEqual([`Service east has no address: ${reason}.`]);
    const quota = 'services "east" is forbidden: exceeded quota: small, requested: services.loadbalancers=1';
    expect(
      told([event("Service", "east", 1, `Error syncing to physical cluster: ${quota}`)], {
        hostNamespace: "east",
      }),
    ).toEqual([
      `Service east has no address: ${quota}. On the host, kubectl -n east edit resourcequota small raises it.`,
    ]);
  });
});

describe("a claim that is not bound", () => {
  const claim = (name: string, spec: object): V1PersistentVolumeClaim => ({
    metadata: { name, namespace: "east" },
    spec,
  });
  const eventOf = (name: string, reason: string, type: string, message: string): SeenEvent => ({
    ...event("PersistentVolumeClaim", name, 1, message, { reason, type }),
    involvedObject: { kind: "PersistentVolumeClaim", name, namespace: "east" },
  });

  it.each<[what: string, claim: V1PersistentVolumeClaim, events: SeenEvent[], expected: string]>([
    [
      "of a control plane, where the host had no default class",
      claim("data-east-0", {}),
      [eventOf("data-east-0", "FailedBinding", "Normal", "no storage class is set")],
      "PersistentVolumeClaim data-east-0 is not bound. It names no storage class, and the host had no default one: set controlPlane.storageClass, or controlPlane.persistence to false.",
    ],
    [
      "whose class has no volume for it",
      claim("data-east-0", { storageClassName: "fast" }),
      [
        eventOf(
          "data-east-0",
          "ProvisioningFailed",
          "Warning",
          'storageclass.storage.k8s.io "fast" not found',
        ),
      ],
      'PersistentVolumeClaim data-east-0 is not bound: storageclass.storage.k8s.io "fast" not found.',
    ],
    [
      "that may take its time",
      claim("data-east-0", { storageClassName: "fast" }),
      [eventOf("data-east-0", "ExternalProvisioning", "Normal", "waiting for a volume")],
      "PersistentVolumeClaim data-east-0 is not bound: storage class fast has made no volume yet.",
    ],
    [
      "of somebody else, for which there is no key",
      claim("redis", {}),
      [
        eventOf(
          "redis",
          "FailedBinding",
          "Normal",
          "no persistent volumes available and no storage class is set",
        ),
      ],
      "PersistentVolumeClaim redis is not bound: no persistent volumes available and no storage class is set.",
    ],
  ])("%s", (_, given, events, expected) => {
    expect(problemsIn({ claims: [given], events })).toEqual([expected]);
  });
});

describe("a pod that no node takes", () => {
  const nodeOf = (name: string, cpu: string, more: { labels?: object; taints?: object[] } = {}): V1Node =>
    ({
      metadata: { name, labels: more.labels ?? {} },
      spec: { taints: more.taints ?? [] },
      status: {
        allocatable: { cpu, memory: "8Gi", pods: "110" },
        conditions: [{ type: "Ready", status: "True" }],
      },
    }) as V1Node;
  const keysOf = keysIn({
    values: { istiod: { pilot: { nodeSelector: { pool: "mesh" } } } },
    controlPlane: { nodeSelector: { pool: "control" } },
    cluster: { name: "east", values: { ingress: { nodeSelector: { gpu: true } } } },
  });
  const knownOf = (nodes: V1Node[], running: V1Pod[] = []): Known => ({
    nodes,
    places: placesOf(nodes, running),
    keysOf,
  });
  const tell = (given: V1Pod, known: Known) => problemsIn({ pods: [given] }, known)[0];
  const istiod = { app: "istiod" };
  const requests = (cpu: string) => ({
    containers: [{ name: "discovery", resources: { requests: { cpu, memory: "2Gi" } } }],
  });

  it("for want of room is told with asked and free, and where to ask for less", () => {
    const taken = pod({ phase: "Running" }, { nodeName: "a", ...requests("3") });
    const known = knownOf([nodeOf("a", "4"), nodeOf("b", "2")], [taken]);
    const given = pod(unscheduled("0/2 nodes are available: 2 Insufficient cpu."), requests("50"), istiod);
    expect(tell(given, known)).toBe(
      "Pod istiod-1 is on no node: 0/2 nodes are available: 2 Insufficient cpu. It asks for 50 CPUs and 2 GiB; b has most free, 2 CPUs and 8 GiB. Make room on the host, or add a node, or ask for less with resources.istiod of east.",
    );
  });

  it("for want of ephemeral storage is told with how much there is of it", () => {
    const telling = (node: V1Node, storage: string): V1Node => {
      Object.assign(node.status?.allocatable ?? {}, { "ephemeral-storage": storage });
      return node;
    };
    const nodes = [nodeOf("a", "8"), telling(nodeOf("b", "2"), "512Mi"), telling(nodeOf("c", "4"), "256Mi")];
    const resources = { requests: { cpu: "1", memory: "2Gi", "ephemeral-storage": "1Gi" } };
    const message = "0/3 nodes are available: 3 Insufficient ephemeral-storage.";
    const given = pod(unscheduled(message), { containers: [{ name: "main", resources }] });
    expect(tell(given, knownOf(nodes))).toBe(
      "Pod istiod-1 is on no node: 0/3 nodes are available: 3 Insufficient ephemeral-storage. It asks for 1 CPUs, 2 GiB of memory and 1 GiB of ephemeral storage; b has most free, 2 CPUs, 8 GiB of memory and 0.5 GiB of ephemeral storage. Make room on the host, or add a node.",
    );
  });

  it("is told without what the scheduler tried in vain", () => {
    const tried =
      "1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful.";
    const given = pod(unscheduled(`0/1 nodes are available: ${tried}`), requests("1"));
    expect(tell(given, {})).toMatch(
      /^Pod istiod-1 is on no node: 0\/1 nodes are available: 1 Insufficient cpu\. It asks/,
    );
  });

  it("is told without a key where it has none", () => {
    const given = pod(unscheduled("1 Insufficient memory"), requests("1"), { app: "ratings" });
    expect(tell(given, knownOf([nodeOf("a", "4")]))).toMatch(/Make room on the host, or add a node\.$/);
  });

  it("because there are too many is told with how many there may be", () => {
    const given = pod(unscheduled("1 Too many pods"), requests("1"), istiod);
    expect(tell(given, knownOf([nodeOf("a", "4")]))).toMatch(
      /a has most free, room for 110 pods\. Make room on the host, or add a node\.$/,
    );
  });

  it.each<[who: string, given: V1Pod, said: string]>([
    [
      "istiod, by values of all clusters",
      pod(
        unscheduled("1 node(s) didn't match Pod's node affinity/selector."),
        { nodeSelector: { pool: "mesh" } },
        istiod,
      ),
      "No node has label pool=mesh, which values.istiod.pilot.nodeSelector asks for.",
    ],
    [
      "a gateway, by values of its cluster",
      {
        ...plainPod(unscheduled("affinity/selector"), { nodeSelector: { gpu: "true" } }),
        metadata: { name: "istiod-1", namespace: "istio-gateways", labels: { istio: "ingressgateway" } },
      },
      "No node has label gpu=true, which values.ingress.nodeSelector of east asks for.",
    ],
    [
      "a control plane",
      {
        ...plainPod(unscheduled("affinity/selector"), { nodeSelector: { pool: "control" } }),
        metadata: { name: "istiod-1", namespace: "east", labels: { app: "vcluster" } },
      },
      "No node has label pool=control, which controlPlane.nodeSelector asks for.",
    ],
    [
      "somebody who was given it by hand",
      pod(unscheduled("affinity/selector"), { nodeSelector: { pool: "nowhere" } }, istiod),
      "No node has label pool=nowhere.",
    ],
  ])("for want of a label is told what asks for that: %s", (_, given, said) => {
    expect(tell(given, knownOf([nodeOf("a", "4", { labels: { disk: "ssd" } })]))?.endsWith(` ${said}`)).toBe(
      true,
    );
  });

  it("for a taint is told which, whether it is a node's state, and what tolerates it", () => {
    const taints = [
      { key: "dedicated", value: "gpu", effect: "NoSchedule" },
      { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
    ];
    const known = knownOf([nodeOf("a", "4", { taints })]);
    const message = "1 node(s) had untolerated taint(s)";
    const controlPlane = {
      ...plainPod(unscheduled(message), {}),
      metadata: { name: "a", labels: { app: "vcluster" } },
    };
    expect(tell(controlPlane, known)).toBe(
      "Pod a is on no node: 1 node(s) had untolerated taint(s). Node a is not fit for pods now: kubectl describe node a. Nodes are kept for others by dedicated=gpu:NoSchedule. controlPlane.tolerations can tolerate a taint.",
    );
    expect(tell(pod(unscheduled(message), {}, istiod), known)?.endsWith("by dedicated=gpu:NoSchedule.")).toBe(
      true,
    );
  });

  it("is stuck, unless an autoscaler brings a node for it", () => {
    const given = pod(unscheduled("1 Insufficient cpu"), {});
    const stuckWith = (...events: SeenEvent[]) =>
      problemsOf({ pods: [given], events }).map(({ stuck }) => stuck !== undefined);
    const triggered = ofPod(1, "pod triggered scale-up", { ...normal, reason: "TriggeredScaleUp" });
    const again = ofPod(2, "1 Insufficient cpu", { reason: "FailedScheduling" });
    const refused = ofPod(3, "pod didn't trigger scale-up", { ...normal, reason: "NotTriggerScaleUp" });
    expect(stuckWith(again)).toEqual([true]);
    expect(stuckWith(triggered, again)).toEqual([false]);
    expect(stuckWith(triggered, again, refused)).toEqual([true]);
  });
});

describe("keys that decide about a pod", () => {
  const amounts = (cpu: string) => ({ requests: { cpu } });
  const server = {
    ...plainPod({}, { containers: [{ name: "server", resources: amounts("2") }] }),
    metadata: { name: "mgmt-server", namespace: "gloo-mesh" },
  };
  const keysWith = (glooMeshEnterprise: object) =>
    keysIn({
      values: { glooMeshEnterprise: glooMeshEnterprise as Record<string, unknown> },
      cluster: { name: "mgmt", values: {} },
    })(server);

  it("are those that say what it asks for, in whatever words, and not those of another part of its chart", () => {
    expect(keysWith({ glooMeshMgmtServer: { resources: amounts("2000m") } }).resources).toBe(
      "values.glooMeshEnterprise.glooMeshMgmtServer.resources",
    );
    expect(keysWith({ glooMeshRedis: { resources: amounts("1") } }).resources).toBeUndefined();
  });

  it("are none for the lab's own Deployments", () => {
    const ratings = {
      ...server,
      metadata: { name: "ratings", namespace: "bookinfo", labels: { app: "ratings" } },
    };
    const keys = keysIn({ values: {}, cluster: { name: "east", values: {} } })(ratings);
    expect([keys.resources, keys.tolerations, keys.wanting("a", "b")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

it("a pod is told as it is where nothing else is known", () => {
  expect(problemsOfPod(unscheduled("1 node(s) had untolerated taint(s)."), {})).toEqual([
    "Pod istiod-1 is on no node: 1 node(s) had untolerated taint(s). A node that is not ready has one: kubectl get nodes.",
  ]);
});
