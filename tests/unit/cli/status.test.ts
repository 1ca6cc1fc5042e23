import type { V1Pod, V1StatefulSet } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { judge } from "../../../cli/status/judge.ts";
import type { SeenContents, SeenCluster } from "../../../cli/status/seen.ts";
import { problemsInside, workloadsOf } from "../../../cli/status/workloads.ts";
import { describe as screen } from "../../../cli/commands/status.ts";

const now = new Date("2027-01-15T00:00:00Z");

const contents = (more: Partial<SeenContents> = {}): SeenContents => ({
  version: "v1.22.5+k3s1",
  releases: [{ name: "istiod", namespace: "istio-system", status: "deployed" }],
  deployments: [],
  statefulSets: [],
  daemonSets: [],
  pods: [],
  services: [],
  claims: [],
  events: [],
  known: {},
  proxyImage: undefined,
  certificate: { names: ["east"], validTo: new Date("2027-06-01T00:00:00Z") },
  registered: ["east"],
  metrics: undefined,
  ...more,
});

const set = (replicas: number, ready: number, annotations: Record<string, string> = {}) =>
  ({
    metadata: { annotations },
    spec: { replicas },
    status: { readyReplicas: ready },
  }) as unknown as V1StatefulSet;
const pausedSet = set(0, 0, { "loft.sh/paused": "true" });

const seen = (more: Partial<SeenCluster> = {}): SeenCluster => ({
  name: "east",
  role: "workload",
  isToBePaused: false,
  controlPlane: set(1, 1),
  release: { name: "east", namespace: "east", status: "deployed" },
  onHost: [],
  ...more,
});

const mgmt = seen({ name: "mgmt", role: "management", contents: contents() });
const judged = (more: Partial<SeenCluster>) => judge([mgmt, seen(more)], now)[1];

describe("the state of a cluster", () => {
  it.each<[state: string, seen: Partial<SeenCluster>, problems: (string | RegExp)[]]>([
    ["running", { contents: contents() }, []],
    ["paused", { controlPlane: pausedSet, isToBePaused: true }, []],
    [
      "paused",
      { controlPlane: pausedSet },
      [/^it was paused, and the stack's configuration does not say so: /],
    ],
    [
      "running",
      { contents: contents(), isToBePaused: true },
      [/^it runs, and the stack's configuration has it paused: /],
    ],
    [
      "stopped",
      { controlPlane: set(0, 0) },
      [/^its control plane was scaled down by hand: npm run lab -- resume east /],
    ],
    [
      "starting",
      { controlPlane: set(1, 0), onHost: ["Pod east-0 is not ready."] },
      ["its control plane is not ready. Pod east-0 is not ready."],
    ],
    [
      "silent",
      { silence: "no answer from it within 15 s" },
      [
        "it does not answer: no answer from it within 15 s. Its log: kubectl -n east logs -l app=vcluster,release=east --all-containers.",
      ],
    ],
    // Nobody wants to read what is missing of it, too.
    [
      "gone",
      { controlPlane: undefined, release: { name: "east", namespace: "east", status: undefined } },
      ["it is not on the host: pulumi up."],
    ],
    [
      "gone",
      { controlPlane: undefined, strangeness: "it is not on the host" },
      [/^it is not on the host: npm run lab -- rebuild east, then pulumi up, /],
    ],
    [
      "lost",
      { controlPlane: set(0, 0), strangeness: "its volume is gone", isToBePaused: true },
      [/^its volume is gone: npm run lab -- rebuild east, then pulumi up, /],
    ],
  ])("is %s", (state, given, problems) => {
    const found = judged(given);
    expect(found?.state).toBe(state);
    expect(found?.problems).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries()) expect(found?.problems[index]).toMatch(problem);
  });
});

describe("what is wrong with a release or an agent", () => {
  it("is why it does not go, where a cluster was to go", () => {
    const release = {
      name: "east",
      namespace: "east",
      status: "uninstalling",
      refused: ["Service east: it is kept"],
    };
    const gone = { controlPlane: undefined, strangeness: "it is not on the host", release };
    expect(judged(gone)?.problems).toEqual([
      "east: Helm release east is uninstalling, and the cluster refuses to delete Service east: it is kept. Take away what refuses it, then pulumi destroy.",
    ]);
  });

  it.each<[what: string, seen: Partial<SeenCluster>, problem: string]>([
    [
      "a release that is not there",
      {
        contents: contents({ releases: [{ name: "istiod", namespace: "istio-system", status: undefined }] }),
      },
      "istio-system: Helm release istiod is not there: pulumi up.",
    ],
    [
      "a release whose namespace somebody deleted",
      {
        contents: contents({
          releases: [{ name: "istiod", namespace: "istio-system", status: undefined, lacksNamespace: true }],
        }),
      },
      "istio-system: Helm release istiod is not there, and neither is its namespace: pulumi up --refresh.",
    ],
    [
      "a release that was left half done",
      {
        contents: contents({
          releases: [{ name: "istiod", namespace: "istio-system", status: "pending-upgrade" }],
        }),
      },
      "istio-system: Helm release istiod is pending-upgrade: pulumi up.",
    ],
    [
      "a release of which somebody deleted a part",
      {
        contents: contents({
          releases: [
            { name: "istiod", namespace: "istio-system", status: "deployed", missing: ["Deployment istiod"] },
          ],
        }),
      },
      "istio-system: Helm release istiod lacks Deployment istiod, which somebody deleted: pulumi up.",
    ],
    [
      "a release that the cluster does not let go",
      {
        contents: contents({
          releases: [
            {
              name: "istiod",
              namespace: "istio-system",
              status: "uninstalling",
              refused: ["Service istiod: it is kept"],
            },
          ],
        }),
      },
      "istio-system: Helm release istiod is uninstalling, and the cluster refuses to delete Service istiod: it is kept. Take away what refuses it, then pulumi destroy.",
    ],
    [
      "an agent without a certificate",
      { contents: contents({ certificate: undefined }) },
      "gloo-mesh: Secret relay-client-tls-secret, the certificate of its agent, is not there: kubectl --context east -n gloo-mesh logs deployment/gloo-mesh-agent.",
    ],
    [
      "an agent whose certificate has ended",
      { contents: contents({ certificate: { names: ["east"], validTo: new Date("2027-01-14T00:00:00Z") } }) },
      "gloo-mesh: Secret relay-client-tls-secret, the certificate of its agent, ended on 2027-01-14: kubectl --context east -n gloo-mesh logs deployment/gloo-mesh-agent.",
    ],
    [
      "an agent that the management cluster does not know",
      { name: "west", contents: contents() },
      "the management cluster has no KubernetesCluster west: pulumi up --refresh.",
    ],
  ])("%s", (_, given, problem) => {
    expect(judged(given)?.problems).toEqual([problem]);
  });

  it.each([
    ["1", []],
    [
      "0",
      [
        "the management server has no connection of its agent: kubectl --context east -n gloo-mesh logs deployment/gloo-mesh-agent.",
      ],
    ],
  ])("an agent of which the management server counts %s connections", (count, problems) => {
    const metrics = { text: `relay_push_clients_connected{cluster="east"} ${count}` };
    const [, east] = judge(
      [{ ...mgmt, contents: contents({ metrics }) }, seen({ contents: contents() })],
      now,
    );
    expect(east).toMatchObject({ problems, agent: { connected: count === "1" } });
  });

  it("nothing, of an agent while the management cluster is paused", () => {
    const paused = seen({ name: "mgmt", role: "management", controlPlane: pausedSet, isToBePaused: true });
    const [, east] = judge([paused, seen({ contents: contents() })], now);
    expect(east).toMatchObject({ problems: [], agent: { certificateUntil: "2027-06-01T00:00:00.000Z" } });
    expect(east?.agent).not.toHaveProperty("registered");
  });
});

describe("an agent that is not ready", () => {
  const agent = (readyReplicas: number) => ({
    metadata: { name: "gloo-mesh-agent", namespace: "gloo-mesh" },
    spec: { replicas: 1, selector: { matchLabels: { app: "gloo-mesh-agent" } } },
    status: { replicas: 1, updatedReplicas: 1, readyReplicas },
  });
  const stopped = seen({ name: "mgmt", role: "management", controlPlane: pausedSet, isToBePaused: true });
  const waits = "its agent gets ready when mgmt runs, which is stopped: npm run lab -- resume mgmt";

  it.each<[what: string, ready: number, management: SeenCluster, isCause: boolean]>([
    ["has its cause in a management cluster that is paused", 0, stopped, true],
    ["has another cause where that runs", 0, mgmt, false],
    ["is another's matter where it is ready", 1, stopped, false],
  ])("%s", (_, ready, management, isCause) => {
    const inside = contents({ deployments: [agent(ready)] as never });
    const [, east] = judge([management, seen({ contents: inside })], now);
    expect(east?.problems[0] === waits).toBe(isCause);
    expect(east?.problems).toHaveLength((ready === 0 ? 1 : 0) + (isCause ? 1 : 0));
  });
});

describe("a workload that is not ready", () => {
  const labels = { app: "details" };
  const metadata = (name: string) => ({ name, namespace: "bookinfo", labels });
  const deployment = (ready: number, updated: number, all = 2, conditions: object[] = []) => ({
    metadata: metadata("details-v1"),
    spec: { replicas: 2, selector: { matchLabels: labels } },
    status: { replicas: all, readyReplicas: ready, updatedReplicas: updated, conditions },
  });
  const pod = (name: string, status: object, more: object = {}): V1Pod =>
    ({ metadata: { ...metadata(name), ...more }, spec: { nodeName: "node-1" }, status }) as unknown as V1Pod;
  const waiting = {
    containerStatuses: [{ name: "details", ready: false, state: { waiting: { reason: "ErrImagePull" } } }],
  };
  const ready = { conditions: [{ type: "Ready", status: "True" }] };
  const inside = (given: object) => problemsInside(contents(given), "east");

  it("is told with what each of its pods says", () => {
    expect(inside({ deployments: [deployment(1, 2)], pods: [pod("a", ready), pod("b", waiting)] })).toEqual([
      "bookinfo: Deployment details-v1 has 1 of 2 pods ready. Pod b: container details is in ErrImagePull",
    ]);
  });

  it.each([
    [2, 0, 2, "0 of 2 pods ready, and 2 from before its last change."],
    [2, 1, 3, "0 of 2 pods ready, and 2 from before its last change."],
    [3, 2, 3, undefined],
  ])("is one whose change is stuck, though old pods are ready: %i, %i, %i", (ready, updated, pods, said) => {
    expect(inside({ deployments: [deployment(ready, updated, pods)] })).toEqual(
      said === undefined ? [] : [`bookinfo: Deployment details-v1 has ${said}`],
    );
  });

  it("is told with what keeps it from making pods", () => {
    const refused = { type: "ReplicaFailure", status: "True", message: "exceeded quota." };
    expect(inside({ deployments: [deployment(0, 0, 0, [refused])] })).toEqual([
      "bookinfo: Deployment details-v1 has 0 of 2 pods ready. It can make none: exceeded quota.",
    ]);
  });

  it("is none where all is ready, or a pod is about to go", () => {
    const going = pod("b", waiting, { deletionTimestamp: now });
    expect(inside({ deployments: [deployment(2, 2)], pods: [pod("a", ready), going] })).toEqual([]);
    expect(workloadsOf(contents({ deployments: [deployment(2, 2)] } as never))).toMatchObject([
      { ready: 2, wanted: 2 },
    ]);
  });

  it("is one whose pods have another proxy than istiod injects now", () => {
    const proxyImage = "docker.io/istio/proxyv2:1.12.6-solo";
    const injected = { annotations: { "sidecar.istio.io/status": "{}" } };
    const withProxy = (name: string, image: string, more: object = injected): V1Pod => {
      const containers = [{ name: "details" }, { name: "istio-proxy", image }];
      return Object.assign(pod(name, ready, more), { spec: { nodeName: "node-1", containers } });
    };
    const old = withProxy("a", "docker.io/istio/proxyv2:1.12.6");
    const chosen = { annotations: { ...injected.annotations, "sidecar.istio.io/proxyImage": "own:1" } };
    const found = (pods: V1Pod[], deployments = [deployment(2, 2)]) =>
      inside({ deployments, pods, proxyImage });
    expect(found([old, withProxy("b", proxyImage)])).toEqual([
      `bookinfo: pods of Deployment details-v1 run proxy docker.io/istio/proxyv2:1.12.6, and istiod now injects ${proxyImage}: kubectl --context east -n bookinfo rollout restart deployment/details-v1.`,
    ]);
    expect(found([withProxy("b", proxyImage), withProxy("c", "own:1", chosen)])).toEqual([]);
    // Its own containers are its own business.
    expect(found([withProxy("d", "own:1", {})])).toEqual([]);
    expect(inside({ deployments: [deployment(2, 2)], pods: [old] })).toEqual([]);
  });

  it("is told beside pods, Services and claims of nobody's", () => {
    const alone = pod("alone", waiting, { labels: {} });
    const service = { metadata: metadata("gateway"), spec: { type: "LoadBalancer" }, status: {} };
    const claim = {
      metadata: metadata("data"),
      spec: { storageClassName: "fast" },
      status: { phase: "Pending" },
    };
    const found = inside({ pods: [alone], services: [service], claims: [claim] });
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^bookinfo: Service gateway has no address\. /);
    expect(found[1]).toBe(
      "bookinfo: PersistentVolumeClaim data is not bound: storage class fast has made no volume yet.",
    );
    expect(found[2]).toBe("bookinfo: Pod alone: container details is in ErrImagePull");
  });
});

describe("the screen", () => {
  it("ends with what is wrong, by cluster", () => {
    const service = (type: string, ingress?: object) =>
      ({
        metadata: { name: "istio-ingressgateway", namespace: "istio-gateways" },
        spec: {
          type,
          ports: [
            { name: "status-port", port: 15021, nodePort: 30021 },
            { name: "http2", port: 80, nodePort: 30080 },
          ],
        },
        status: { loadBalancer: ingress === undefined ? {} : { ingress: [ingress] } },
      }) as never;
    const clusters = [
      mgmt,
      seen({ contents: contents({ services: [service("LoadBalancer", { hostname: "lb.test" })] }) }),
      seen({
        name: "west",
        node: "192.0.2.9",
        contents: contents({ services: [service("NodePort")], registered: [] }),
      }),
      seen({ name: "north", controlPlane: pausedSet, isToBePaused: true }),
    ];
    expect(screen(judge(clusters, now))).toBe(
      [
        "CLUSTER   STATE     KUBERNETES     RELEASES          AGENT                                          PODS",
        "mgmt      running   v1.22.5+k3s1   2 of 2 deployed                                                  0 of 0 ready",
        "east      running   v1.22.5+k3s1   2 of 2 deployed   registered, certificate until 2027-06-01       0 of 0 ready",
        "west      running   v1.22.5+k3s1   2 of 2 deployed   not registered, certificate until 2027-06-01   0 of 0 ready",
        "north     paused                   1 of 1 deployed",
        "",
        "CLUSTER   SERVICE                ADDRESS",
        "east      istio-ingressgateway   lb.test",
        "west      istio-ingressgateway   http://192.0.2.9:30080",
        "",
        "Not as it should be (1):",
        "  west: the management cluster has no KubernetesCluster west: pulumi up --refresh.",
        "Paused: north. To start again: npm run lab -- resume north",
      ].join("\n"),
    );
  });

  const running = seen({ contents: contents() });
  const paused = (name: string) => seen({ name, controlPlane: pausedSet, isToBePaused: true });
  it.each<[what: string, clusters: SeenCluster[], end: string]>([
    ["all is well", [mgmt, running], "\n\nAll is as it should be."],
    [
      "some are paused",
      [mgmt, running, paused("north"), paused("south")],
      "\n\nAll that runs is as it should be.\nPaused: north, south. To start again: npm run lab -- resume north south",
    ],
    [
      "nothing runs",
      [{ ...paused("mgmt"), role: "management" }, paused("north")],
      "\n\nNothing runs: every cluster is paused. To start them again: npm run lab -- resume",
    ],
  ])("says that %s", (_, clusters, end) => {
    const text = screen(judge(clusters, now));
    expect(text.slice(text.lastIndexOf("\n\n"))).toBe(end);
  });
});
