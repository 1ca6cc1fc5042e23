import { rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkSettings } from "../../../config/check.ts";
import { podsOf } from "../../../cli/rendered/pods.ts";
import { renderLabs } from "../../../cli/rendered/render.ts";
import { nodesOf } from "../../../rehearsal/host/cluster/nodes.ts";
import { readProfile } from "../../../rehearsal/profile/settings.ts";
import { roomRisk } from "../../../plan/room.ts";
import { type Place, placesOf } from "../../../kubernetes/diagnosis/placement.ts";
import { amountsOf, requestsOf } from "../../../kubernetes/diagnosis/amounts.ts";
import { type PodsAlike, roomFor } from "../../../kubernetes/diagnosis/room.ts";
import { reckonedPods } from "../../../plan/pods.ts";
import type { VersionSetName } from "../../../versions/versions.ts";
import { allCharts } from "../support/charts.ts";

// Where make tools puts helm.
beforeAll(() => {
  process.env["PATH"] = [join(import.meta.dirname, "../../../.rehearsal/bin"), process.env["PATH"]].join(
    delimiter,
  );
});

const two = [
  { name: "devcluster1", bookinfo: { reviews: ["v1", "v2"] } },
  { name: "devcluster2", bookinfo: {} },
];
const three = [...two, { name: "devcluster3", bookinfo: {} }];

const charts = { current: allCharts("current"), article: allCharts("article") };
afterAll(() => {
  for (const directory of Object.values(charts)) rmSync(directory, { recursive: true });
});

function settingsOf(more: object, versionSet: VersionSetName = "article") {
  const { settings, mistakes } = checkSettings({
    versionSet,
    workloads: two,
    licenseKey: "key",
    charts: charts[versionSet],
    ...more,
  });
  if (settings === undefined) throw new Error(JSON.stringify(mistakes));
  return settings;
}

describe("what a lab asks for, reckoned without its charts,", () => {
  it.each<[versionSet: VersionSetName, management: object, redis: (resources: object) => object]>([
    [
      "current",
      {
        resources: { vcluster: { requests: { cpu: "10m" }, limits: { memory: "2Gi" } } },
        values: {
          vcluster: {
            controlPlane: { statefulSet: { resources: { requests: { "ephemeral-storage": "3Gi" } } } },
          },
        },
      },
      (resources) => ({ redis: { deployment: { resources } } }),
    ],
    [
      "article",
      { resources: { vcluster: { requests: { cpu: 1 } }, syncer: { limits: { memory: "2Gi" } } } },
      (resources) => ({ glooMeshRedis: { resources } }),
    ],
  ])("is what its rendered pods ask for, on the %s set", async (versionSet, management, redis) => {
    const given = {
      controlPlane: { nodeSelector: { pool: "control" }, tolerations: [{ key: "pool", operator: "Exists" }] },
      management,
      workloads: [
        { name: "east", bookinfo: {}, ingress: { replicas: 3 }, eastWest: false },
        { name: "west", bookinfo: { reviews: ["v1"] } },
        { name: "paused", paused: true },
      ],
      capabilities: { oidc: true, rateLimiting: true },
      values: {
        istiod: { global: { proxy: { resources: { requests: { cpu: "7m" } } } }, pilot: { replicaCount: 2 } },
        glooMeshEnterprise: redis({ requests: { cpu: null, memory: "1Gi" } }),
        ingress: { resources: { requests: { cpu: "300m" } } },
      },
    };
    const lab = settingsOf(given, versionSet);
    const [rendered = []] = await renderLabs([lab]);
    const asked = (pods: readonly PodsAlike[]) =>
      pods
        .map(({ cluster, workload, count, spec }) => {
          const { cpu, memory, ephemeralStorage = 0 } = requestsOf(spec);
          return `${cluster} ${workload} ${count} x ${cpu.toFixed(3)} ${memory} ${ephemeralStorage}`;
        })
        .sort();
    expect(asked(reckonedPods(lab))).toEqual(asked(podsOf(lab, rendered)));
  });

  it("names the images whose change replaces pods", () => {
    const pods = reckonedPods(settingsOf({ imageRegistry: "mirror.test/all" }));
    expect([
      ...new Set(pods.flatMap(({ spec }) => spec.containers.flatMap(({ image }) => image ?? []))),
    ]).toEqual([
      "mirror.test/all/rancher/k3s:v1.22.5-k3s1",
      "mirror.test/all/istio/pilot:1.12.6",
      ...["details-v1", "ratings-v1", "reviews-v1", "reviews-v2", "productpage-v1", "reviews-v3"].map(
        (name) => `mirror.test/all/istio/examples-bookinfo-${name}:1.16.2`,
      ),
    ]);
  });
});

/** Hosts that nothing runs on. */
const places = (host: string) => placesOf(nodesOf(readProfile(host).nodes, 0, "v1.36.3"), []);

const standing = (more: object) => [
  ...new Set(
    reckonedPods(settingsOf(more)).flatMap(({ spec }) => spec.containers.flatMap(({ image }) => image ?? [])),
  ),
];

describe("the default simulated host", () => {
  const mirror = { imageRegistry: "registry.example.com/mirror" };

  it.each<[what: string, settings: object, before: object | undefined]>([
    ["the lab", {}, undefined],
    ["a login", { capabilities: { oidc: true } }, {}],
    ["a policy after a login", { capabilities: { opa: true } }, { capabilities: { oidc: true } }],
    ["a third cluster", { workloads: three }, {}],
    ["a mirror on a running lab", mirror, {}],
    ["no mirror again", {}, mirror],
    [
      "a mirror on a lab with all of it",
      { ...mirror, workloads: three, capabilities: { oidc: true } },
      { workloads: three, capabilities: { oidc: true } },
    ],
  ])("has room for %s", (_, settings, before) => {
    const images = before === undefined ? [] : standing(before);
    expect(roomRisk(settingsOf(settings), { places: places("default"), images })).toBeUndefined();
  });
});

describe("a preview", () => {
  const node = (cpu: string) => ({
    name: "node",
    labels: {},
    taints: [],
    free: { ...amountsOf({ cpu, memory: "24Gi" }), pods: 110 },
  });

  it("warns of a lab that a host has no room for", () => {
    expect(roomRisk(settingsOf({ workloads: three }), { places: [node("3")], images: [] })).toMatch(
      /^Too little room on the host: 41 pods ask for 3\.69 CPUs and 12\.09 GiB; 1 node has 3 CPUs and 24 GiB free, for 110 pods: no room for .*Make room on the host, add a node, or ask for less: resources, values, fewer clusters\. npm run lab -- doctor looks closer\.$/,
    );
    expect(roomRisk(settingsOf({}), { places: [node("3")], images: [] })).toBeUndefined();
  });

  it("warns of too little ephemeral storage, in the same words", () => {
    const small = { ...node("30"), free: { ...node("30").free, ephemeralStorage: 2.5 * 2 ** 30 } };
    const risk = (places: Place[]) => roomRisk(settingsOf({}, "current"), { places, images: [] });
    expect(risk([small])).toBe(
      "Too little room on the host: 29 pods ask for 2.17 CPUs, 8.88 GiB of memory and 3 GiB of ephemeral storage; 1 node has 30 CPUs, 24 GiB of memory and 2.5 GiB of ephemeral storage free, for 110 pods: no room for devcluster2 devcluster2/devcluster2 (0.1 CPUs, 0.25 GiB of memory and 1 GiB of ephemeral storage). Make room on the host, add a node, or ask for less: resources, values, fewer clusters. npm run lab -- doctor looks closer.",
    );
    // A node that tells of none.
    expect(risk([node("30")])).toBeUndefined();
  });

  it("counts control planes twice where a Deployment replaces them", () => {
    const isStateful = (versionSet: VersionSetName, persistence: boolean) =>
      reckonedPods(settingsOf({ controlPlane: { persistence } }, versionSet))[0]?.isStateful;
    expect(isStateful("current", true)).toBe(true);
    expect(isStateful("current", false)).toBeUndefined();
    expect(isStateful("article", false)).toBe(true);
  });

  it("warns of a change that replaces more pods than there is room for", () => {
    const images = standing({});
    const risk = (settings: object) => roomRisk(settingsOf(settings), { places: [node("3")], images });
    expect(risk({ imageRegistry: "registry.example.com/mirror" })).toMatch(
      /^Too little room on the host while they are replaced: 55 pods ask for 4\.82 CPUs and 15\.91 GiB; /,
    );
    // A control plane ends before its successor starts.
    expect(risk({ versions: { kubernetes: "v1.22.17-k3s1" } })).toBeUndefined();
    expect(risk({ versions: { bookinfo: "1.17.0" } })).toMatch(
      /^Too little room on the host while they are replaced: 4\d pods/,
    );
    expect(risk({})).toBeUndefined();
  });

  it("leaves to doctor what may fit in another order", () => {
    const pods = [
      {
        cluster: "a",
        workload: "b/c",
        count: 3,
        spec: { containers: [{ resources: { requests: { cpu: "2" } } }] },
      },
    ];
    expect(roomFor(pods, [node("3"), { ...node("3"), name: "other" }]).verdict).toBe("perhaps");
  });
});
