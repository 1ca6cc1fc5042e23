import { describe, expect, it } from "vitest";
import { labReleases } from "../../../plan/releases.ts";
import { type VersionSetName, versionSetNames } from "../../../versions/versions.ts";
import { labConfig, licenseKey } from "../../support/config.ts";
import { recordLab } from "../support/lab.ts";

/** What is of one set only. */
interface Own {
  readonly addOns: object;
  readonly istioImage: string;
  readonly kubernetes: string;
  readonly vcluster: object;
  readonly management: object;
  /** Names of the releases of a lab of two clusters, those inside of its clusters once. */
  readonly names: readonly string[];
}

const everywhere = [
  "east",
  "istio-base",
  "istio-eastwestgateway",
  "istio-ingressgateway",
  "istiod",
  "mgmt",
  "west",
];
const ofSet: Readonly<Record<VersionSetName, Own>> = {
  current: {
    addOns: { rateLimiter: { rateLimiter: { logLevel: "debug" } } },
    istioImage: "solo.test/istio:1.30.3-solo",
    kubernetes: "v1.34.2",
    vcluster: { controlPlane: { statefulSet: { scheduling: { priorityClassName: "high" } } } },
    management: { common: { verbose: true } },
    names: [...everywhere, "gloo-platform", "gloo-platform-addons", "gloo-platform-crds"],
  },
  article: {
    addOns: { "rate-limiter": { rateLimiter: { logLevel: "debug" } } },
    istioImage: "solo.test/istio:1.12.6-solo",
    kubernetes: "v1.23.1-k3s1",
    vcluster: { priorityClassName: "high" },
    management: { verbose: true },
    names: [...everywhere, "gloo-mesh-agent", "gloo-mesh-agent-addons", "gloo-mesh-enterprise"],
  },
};

type Inputs = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const labsOf = ({ addOns, istioImage, kubernetes, vcluster, management }: Own): Inputs => ({
  "with its defaults": { workloads: [{ name: "east", bookinfo: {} }, { name: "west" }] },
  "with servers that capabilities need": {
    workloads: [{ name: "east", bookinfo: {} }, { name: "west" }],
    values: { glooMeshAddOns: addOns },
    capabilities: { rateLimiting: true, opa: true },
  },
  "with everything else": {
    expose: "NodePort",
    imageRegistry: "mirror.test/all",
    imagePullSecret: JSON.stringify({ auths: { "mirror.test": { auth: "cmVhZGVyOmh1c2g=" } } }),
    multiCluster: false,
    istioImage,
    versions: { kubernetes },
    controlPlane: { nodeSelector: { pool: "control" }, tolerations: [{ key: "pool" }] },
    values: { istiod: { pilot: { replicaCount: 2 } }, vcluster },
    management: { name: "mgmt", values: { glooMeshEnterprise: management } },
    workloads: [
      {
        name: "east",
        ingress: { replicas: 3 },
        eastWest: false,
        values: { istiod: { global: { proxy: { logLevel: "debug" } } } },
      },
      { name: "west", paused: true, resources: { gateways: { requests: { cpu: "1" } } } },
    ],
  },
});

const labs = versionSetNames.flatMap((versionSet) =>
  Object.entries(labsOf(ofSet[versionSet])).map(
    ([title, input]) => [versionSet, title, { ...input, versionSet }] as const,
  ),
);

const known = { serviceCidr: "10.43.0.0/16", licenseKey };

describe.each(versionSetNames)("the releases of a lab of set %s", (versionSet) => {
  const input = {
    versionSet,
    management: { name: "mgmt" },
    workloads: [{ name: "east", bookinfo: {} }, { name: "west" }],
    capabilities: { rateLimiting: true },
  };

  it("have the names of its charts, and are of its charts alone", () => {
    const settings = labConfig(input);
    const releases = labReleases(settings, { ...known, relayAddress: "relay.test:9900" });
    expect([...new Set(releases.map(({ release }) => release))].sort()).toEqual(
      ofSet[versionSet].names.toSorted(),
    );
    const sources = Object.values(settings.charts);
    for (const { release, chart } of releases) expect(sources, release).toContainEqual(chart);
    expect(new Set(releases.map(({ chart }) => chart.chart)).size).toBe(sources.length);
  });

  it("are each once in a cluster, the kinds' before what uses them", () => {
    const releases = labReleases(labConfig(input), { ...known, relayAddress: "relay.test:9900" });
    for (const cluster of ["mgmt", "east", "west"]) {
      const kinds = releases.filter((one) => one.cluster === cluster).map(({ kind }) => kind);
      expect(new Set(kinds).size).toBe(kinds.length);
      const users = kinds.flatMap((kind, index) =>
        /^glooMesh(Enterprise|Agent|AddOns)$/.test(kind) ? [index] : [],
      );
      expect(users.length).toBe(cluster === "east" ? 2 : 1);
      const crds = kinds.indexOf("glooMeshCrds");
      if (versionSet === "article") expect(crds).toBe(-1);
      else for (const user of users) expect(user).toBeGreaterThan(crds);
    }
  });
});

describe.each(labs)("the releases of a lab of set %s %s", (_set, _title, settings) => {
  it("are those that the program declares", async () => {
    const recorded = await recordLab({ hostContext: "kind", ...settings });
    const declared = recorded
      .all("kubernetes:helm.sh/v3:Release")
      .map(({ inputs: { name, namespace, chart, version, values } }) => ({
        ...{ name, namespace, chart, version },
        values,
      }));
    const relayAddress =
      (settings as Readonly<Record<string, unknown>>)["expose"] === "NodePort"
        ? "10.0.0.9:30900"
        : "relay.test:9900";
    const listed = labReleases(labConfig(settings), { ...known, relayAddress }).map(
      ({ release, namespace, chart: { chart, version }, values }) => ({
        ...{ name: release, namespace, chart, version },
        values,
      }),
    );
    const sorted = (list: object[]) => list.map((entry) => JSON.stringify(sortKeys(entry))).sort();
    expect(listed.length).toBeGreaterThan(8);
    expect(sorted(listed)).toEqual(sorted(declared));
  });
});

/** The same with the keys of all objects in order, as merging may put them in any. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}
