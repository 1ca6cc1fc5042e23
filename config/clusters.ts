import { managementName } from "../schema/fields.ts";
import { list, type Mapping, mapping } from "../schema/mapping.ts";

/** Every cluster with the path of its settings. */
export const clustersIn = ({ management, workloads }: Mapping): [path: string, cluster: Mapping][] => [
  ["management", { name: managementName, ...mapping(management) }],
  ...list(workloads).map((workload, index): [string, Mapping] => [`workloads[${index}]`, workload]),
];

/** Names of all clusters, as far as they have any. */
export const clusterNames = (input: Mapping): string[] =>
  clustersIn(input).flatMap(([, { name }]) => (typeof name === "string" ? [name] : []));
