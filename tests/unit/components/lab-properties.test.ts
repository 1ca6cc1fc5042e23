import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type VersionSetName, versionSetNames } from "../../../versions/versions.ts";
import { labsOf } from "../../support/labs.ts";
import { type RecordedLab, recordLab } from "../support/lab.ts";
import { namesOf, type Registration } from "../support/record.ts";

const clusters = labsOf({ most: 6, paused: fc.boolean() });

/** Runs a check on labs of random clusters. */
const forAnyLabOf = async (
  versionSet: VersionSetName,
  check: (recorded: RecordedLab, names: { management: string; workloads: string[] }) => Promise<void>,
) =>
  fc.assert(
    fc.asyncProperty(clusters, async (input) => {
      const workloads = (input.workloads as { name: string }[]).map((workload) => workload.name);
      await check(await recordLab({ ...input, versionSet }), {
        management: input.management.name,
        workloads,
      });
    }),
    { numRuns: 6 },
  );

const isInCluster = ({ type }: Registration) => type.startsWith("kubernetes:") && !type.includes("providers");
const keyOf = ({ type, inputs }: Registration) => {
  const { name: object, namespace = "" } = (inputs["metadata"] ?? inputs) as {
    name: string;
    namespace?: string;
  };
  return `${type} ${namespace}/${object}`;
};

describe.each(versionSetNames)("for any list of clusters of set %s", { timeout: 120_000 }, (versionSet) => {
  const forAnyLab = (check: Parameters<typeof forAnyLabOf>[1]) => forAnyLabOf(versionSet, check);

  it("every name is there once, and begins with its parent's", async () => {
    await forAnyLab(async ({ resources }) => {
      const names = resources.map((resource) => resource.name);
      expect(new Set(names).size).toBe(names.length);
      for (const resource of resources) {
        if (resource.opts.parent === undefined) continue;
        const [parent = ""] = await namesOf([resource.opts.parent]);
        expect(resource.name.startsWith(`${parent}-`), `${resource.name} under ${parent}`).toBe(true);
      }
    });
  });

  it("every object is in exactly one cluster, by that cluster's provider, and goes with it", async () => {
    await forAnyLab(async (recorded, { management, workloads }) => {
      const seen = new Set<string>();
      for (const resource of recorded.resources.filter(isInCluster)) {
        const provider = await recorded.providerOf(resource);
        const place = `${provider} ${keyOf(resource)}`;
        expect(seen, place).not.toContain(place);
        seen.add(place);
        if (provider === "lab-host-provider") {
          expect(await recorded.deletedWith(resource), resource.name).toBeUndefined();
          continue;
        }
        const cluster = provider.replace(/^lab-(.*)-vcluster-provider$/, "$1");
        expect([management, ...workloads]).toContain(cluster);
        expect(await recorded.deletedWith(resource), resource.name).toBe(`lab-${cluster}-vcluster-namespace`);
      }
    });
  });

  it("every workload cluster is registered once, on the management cluster", async () => {
    await forAnyLab(async (recorded, { management, workloads }) => {
      const registrations = recorded.all("kubernetes:admin.gloo.solo.io/v2:KubernetesCluster");
      const registered = registrations.map(({ inputs }) => (inputs["metadata"] as { name: string }).name);
      expect(registered.sort()).toEqual(workloads.sort());
      for (const registration of registrations)
        expect(await recorded.providerOf(registration)).toBe(`lab-${management}-vcluster-provider`);
    });
  });

  it("every object of Gloo Mesh's kinds waits for what brings them to its cluster", async () => {
    const kindsOf = {
      current: (cluster: string) => `lab-${cluster}-gloo-mesh-crds`,
      article: (cluster: string, isManagement: boolean) =>
        `lab-${cluster}-${isManagement ? "gloo-mesh-release" : "agent"}`,
    }[versionSet];
    await forAnyLab(async (recorded, { management }) => {
      const ofKinds = recorded.resources.filter(({ type }) =>
        /^kubernetes:[\w.]+\.gloo\.solo\.io\//.test(type),
      );
      expect(ofKinds.length).toBeGreaterThan(2);
      for (const resource of ofKinds) {
        const cluster = (await recorded.providerOf(resource)).replace(/^lab-(.*)-vcluster-provider$/, "$1");
        const dependencies = await recorded.dependencies(resource.name);
        // What depends on it goes before it, too.
        expect(dependencies, resource.name).toContain(kindsOf(cluster, cluster === management));
        if (versionSet === "current")
          expect(dependencies.filter((name) => /-(agent|gloo-mesh-release)$/.test(name))).toEqual([]);
      }
    });
  });

  it("nothing waits for itself", async () => {
    await forAnyLab(async (recorded) => {
      const waits = new Map<string, string[]>();
      for (const { name: resource, opts } of recorded.resources)
        waits.set(resource, [
          ...(await namesOf(opts.dependsOn ?? [])),
          ...(opts.parent === undefined ? [] : await namesOf([opts.parent])),
        ]);
      const settled = new Set<string>();
      const walk = (resource: string, above: readonly string[]): void => {
        expect(above).not.toContain(resource);
        if (settled.has(resource)) return;
        for (const next of waits.get(resource) ?? []) walk(next, [...above, resource]);
        settled.add(resource);
      };
      for (const resource of waits.keys()) walk(resource, []);
    });
  });
});
