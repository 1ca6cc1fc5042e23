import { capabilityContradictions } from "./capability-rules.ts";
import { valuesMistakes } from "./fixed-values.ts";
import { clustersIn } from "./clusters.ts";
import { list, type Mapping, mapping } from "../schema/mapping.ts";
import { type Mistake, mistakeIf } from "./mistake.ts";
import { versionMistakes } from "./version-rules.ts";

/**
 * Settings that do not go together, though each of them could be. The input need not be valid: these mistakes are found
 * together with all others, and not only when those are mended.
 */
export function brokenRules(input: Mapping): Mistake[] {
  return rules.flatMap((rule) => rule(input));
}

const rules: readonly ((input: Mapping) => Mistake[])[] = [
  duplicateNames,
  versionMistakes,
  capabilityContradictions,
  valuesMistakes,
  ({ nodeAddress, expose }) =>
    mistakeIf(
      nodeAddress !== undefined && expose !== "NodePort",
      "nodeAddress",
      "it is for expose NodePort only",
    ),
  ({ charts, repositories }) =>
    mistakeIf(
      charts !== undefined && Object.keys(mapping(repositories)).length > 0,
      "repositories",
      "charts takes every chart from a directory",
    ),
  ({ controlPlane }) => {
    const { persistence, ...storage } = mapping(controlPlane);
    return ["storageClass", "storageSize"].flatMap((key) =>
      mistakeIf(
        persistence === false && storage[key] !== undefined,
        `controlPlane.${key}`,
        "there are no volumes, controlPlane.persistence is false",
      ),
    );
  },
  (input) =>
    clustersIn(input).flatMap(([path, { paused }]) =>
      mistakeIf(
        paused === true && mapping(input["controlPlane"])["persistence"] === false,
        `${path}.paused`,
        pauseWithoutVolumes,
      ),
    ),
  ({ multiCluster, workloads }) =>
    list(workloads).flatMap((workload, index) =>
      ["region", "zone"].flatMap((key) =>
        mistakeIf(
          multiCluster === false && workload[key] !== undefined,
          `workloads[${index}].${key}`,
          "nodes are left as they are, multiCluster is false",
        ),
      ),
    ),
];

/** What speaks against a pause where control planes have no volumes. */
export const pauseWithoutVolumes = "it would lose everything, controlPlane.persistence is false";

function duplicateNames(input: Mapping): Mistake[] {
  const seen = new Map<unknown, string>();
  return clustersIn(input).flatMap(([path, { name }]) => {
    const first = seen.get(name);
    if (first === undefined) seen.set(name, path);
    return mistakeIf(
      typeof name === "string" && first !== undefined,
      `${path}.name`,
      `"${String(name)}" is already the name of ${first ?? ""}`,
    );
  });
}
