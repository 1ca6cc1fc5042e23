import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { valuesOf } from "../../../values/sets.ts";
import type { Toleration, VClusterValuesArgs } from "../../../values/vcluster.ts";
import { type VersionSetName, versionSetNames } from "../../../versions/versions.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,6}[a-z0-9]$/);
const toleration: fc.Arbitrary<Toleration> = fc.record(
  {
    key: word,
    operator: fc.constantFrom("Exists", "Equal"),
    effect: fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute"),
    tolerationSeconds: fc.nat(),
  },
  { requiredKeys: ["key"] },
);
const args: fc.Arbitrary<VClusterValuesArgs> = fc.record({
  serviceCidr: fc.constant("10.43.0.0/16"),
  expose: fc.constantFrom("LoadBalancer", "NodePort"),
  kubernetesImage: word,
  kubernetes: fc.constantFrom("v1.22.5-k3s1", "v1.35.0", "v1.27.1-k3s1"),
  controlPlane: fc.record(
    {
      nodeSelector: fc.dictionary(word, word, { maxKeys: 3 }),
      tolerations: fc.array(toleration, { maxLength: 3 }),
      persistence: fc.boolean(),
      storageClass: word,
      storageSize: fc.integer({ min: 1, max: 99 }).map((size) => `${size}Gi`),
    },
    { requiredKeys: ["nodeSelector", "tolerations", "persistence", "storageSize"] },
  ),
  resources: fc.record(
    { vcluster: fc.record({ limits: fc.record({ cpu: fc.constantFrom("2", "3") }) }) },
    { requiredKeys: [] },
  ),
  paused: fc.boolean(),
  imageRegistry: fc.option(
    word.map((name) => `${name}.test/all`),
    { nil: undefined },
  ),
  hasPullSecret: fc.boolean(),
});

/** What a Service is made of, and the containers, as each set's chart has it. */
const own: Readonly<Record<VersionSetName, (given: VClusterValuesArgs) => object>> = {
  current: ({ expose }) => ({
    service: { spec: { type: expose } },
    containers: [{ resources: "controlPlane.statefulSet.resources" }],
  }),
  article: ({ expose, imageRegistry, kubernetesImage, kubernetes }) => ({
    service: { type: expose },
    containers: [
      {
        resources: "vcluster.resources",
        image: `${imageRegistry === undefined ? "" : `${imageRegistry}/`}${kubernetesImage}:${kubernetes}`,
      },
      { resources: "syncer.resources" },
    ],
  }),
};

const unlessEmpty = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length === 0 ? undefined : value;

describe.each(versionSetNames)("the values of a virtual cluster of set %s", (versionSet) => {
  const { vclusterValues, controlPlaneIn } = valuesOf(versionSet);

  it("come to what they were made of", () => {
    fc.assert(
      fc.property(args, (given) => {
        const { nodeSelector, tolerations, persistence, storageClass, storageSize } = given.controlPlane;
        expect(controlPlaneIn(vclusterValues(given))).toEqual({
          ...own[versionSet](given),
          replicas: given.paused ? 0 : 1,
          volume: { persistence, storageSize: persistence ? storageSize : undefined, storageClass },
          nodeSelector: unlessEmpty(nodeSelector),
          tolerations: unlessEmpty(tolerations),
          // With the slash that the image comes after.
          registry: given.imageRegistry === undefined ? undefined : `${given.imageRegistry}/`,
        });
      }),
    );
  });

  it("have the resources of each container where they say", () => {
    fc.assert(
      fc.property(args, (given) => {
        const values = vclusterValues(given);
        for (const { resources } of controlPlaneIn(values).containers) {
          const found = resources
            .split(".")
            .reduce<unknown>((inside, key) => (inside as Record<string, unknown>)[key], values);
          expect(found).toMatchObject({ limits: {}, requests: {} });
          const chosen = resources.startsWith("syncer") ? undefined : given.resources.vcluster?.limits;
          if (chosen !== undefined) expect(found).toMatchObject({ limits: chosen });
        }
      }),
    );
  });

  it("come to one pod and nothing else where there are none", () => {
    expect(controlPlaneIn({})).toMatchObject({
      replicas: 1,
      service: undefined,
      volume: { persistence: undefined, storageSize: undefined, storageClass: undefined },
      registry: undefined,
    });
  });
});
