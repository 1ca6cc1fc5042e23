import type { V1Node } from "@kubernetes/client-node";

/** vcluster 0.10.2 notes on its copy of a node which labels come from the host: it takes changes of these back. */
const managedLabels = "vcluster.loft.sh/managed-labels";

/** Labels of a node that say where it is: its region, and its zone. */
export const topology = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"] as const;

/** Whether a copy of a node has its place from the host. */
export const isPlacedByHost = ({ metadata }: V1Node): boolean => {
  // A copy that has just been made is not noted yet, and has nothing but the host's labels.
  const managed = metadata?.annotations?.[managedLabels]?.split("\n") ?? Object.keys(metadata?.labels ?? {});
  return topology.some((label) => managed.includes(label));
};
