import fc from "fast-check";

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,4})?$/).filter((text) => text !== "host");
const gateway = fc.oneof(fc.constant(false), fc.record({ replicas: fc.integer({ min: 0, max: 3 }) }));

/** The configurations of labs whose clusters are any list of so many, without what a host must have for them. */
export const labsOf = ({ most, paused }: { most: number; paused: fc.Arbitrary<boolean> }) =>
  fc.uniqueArray(name, { minLength: 2, maxLength: most }).chain(([management = "", ...workloads]) =>
    fc.record({
      management: fc.record({ name: fc.constant(management), paused }),
      workloads: fc.tuple(
        ...workloads.map((workload) =>
          fc.record(
            {
              name: fc.constant(workload),
              paused,
              ingress: gateway,
              eastWest: gateway,
              bookinfo: fc.record({ reviews: fc.subarray(["v1", "v2", "v3"], { minLength: 1 }) }),
            },
            { requiredKeys: ["name"] },
          ),
        ),
      ),
      expose: fc.constantFrom("LoadBalancer", "NodePort"),
      multiCluster: fc.boolean(),
    }),
  );
