import { describe, expect, it } from "vitest";
import { labReleases } from "../../../plan/releases.ts";
import { labConfig, licenseKey } from "../../support/config.ts";
import { recordLab } from "../support/lab.ts";

const labs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "of the article": { workloads: [{ name: "east", bookinfo: {} }, { name: "west" }] },
  "with servers that capabilities need": {
    workloads: [{ name: "east", bookinfo: {} }, { name: "west" }],
    values: { glooMeshAddOns: { "rate-limiter": { rateLimiter: { logLevel: "debug" } } } },
    capabilities: { rateLimiting: true, opa: true },
  },
  "with everything else": {
    expose: "NodePort",
    imageRegistry: "mirror.test/all",
    imagePullSecret: JSON.stringify({ auths: { "mirror.test": { auth: "cmVhZGVyOmh1c2g=" } } }),
    multiCluster: false,
    istioImage: "solo.test/istio:1.12.6-solo",
    versions: { kubernetes: "v1.23.1-k3s1" },
    controlPlane: { nodeSelector: { pool: "control" }, tolerations: [{ key: "pool" }] },
    values: { istiod: { pilot: { replicaCount: 2 } }, vcluster: { priorityClassName: "high" } },
    management: { name: "mgmt", values: { glooMeshEnterprise: { verbose: true } } },
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
};

describe.each(Object.entries(labs))("the releases of a lab %s", (_, settings) => {
  it("are those that the program declares", async () => {
    const recorded = await recordLab({ hostContext: "kind", ...settings });
    const declared = recorded
      .all("kubernetes:helm.sh/v3:Release")
      .map(({ inputs: { name, namespace, chart, version, values } }) => ({
        ...{ name, namespace, chart, version },
        values,
      }));
    const relayAddress = settings["expose"] === "NodePort" ? "10.0.0.9:30900" : "relay.test:9900";
    const listed = labReleases(labConfig(settings), {
      serviceCidr: "10.43.0.0/16",
      licenseKey,
      relayAddress,
    }).map(({ release, namespace, chart: { chart, version }, values }) => ({
      ...{ name: release, namespace, chart, version },
      values,
    }));
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
