import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { labCommand } from "../../messages/commands.ts";
import { ifExists } from "../connection/cluster.ts";
import { poll } from "../waits/poll.ts";
import { controlPlaneOf } from "./control-plane.ts";

export interface StopArgs {
  /** Name of the virtual cluster, and of its namespace on the host. */
  readonly cluster: string;
  readonly timeoutSeconds: number;
}

/** What became of it. */
export interface Stopped {
  /** How many pods of the cluster were removed from the host. */
  readonly removed: number;
}

/**
 * Waits until the control plane of a virtual cluster is gone, and then removes the cluster's pods from the host.
 *
 * @throws where there is none: what runs the cluster then is not known, and would make the pods again
 */
export async function stopped(host: KubeConfig, { cluster, timeoutSeconds }: StopArgs): Promise<Stopped> {
  const replicas = await poll({
    what: `the control plane of ${cluster} to stop`,
    hint: `Look at kubectl -n ${cluster} get pods.`,
    timeoutSeconds,
    look: async () => {
      const found = await controlPlaneOf(host, cluster);
      if (found === undefined) return { value: undefined };
      const pods = found.status?.replicas ?? 0;
      return pods === 0 ? { value: pods } : { state: `it has ${pods} pods` };
    },
  });
  if (replicas === undefined)
    throw new Error(
      `the control plane of ${cluster}, which is to stop, is not in namespace ${cluster} of the host: ${labCommand("status")} says what is`,
    );
  // Only now: as long as it runs, the syncer makes them anew.
  const core = host.makeApiClient(CoreV1Api);
  const labelSelector = `vcluster.loft.sh/managed-by=${cluster}`;
  const { items } = await core.listNamespacedPod({ namespace: cluster, labelSelector });
  const names = items.map(({ metadata }) => metadata?.name ?? "");
  await Promise.all(names.map((name) => ifExists(core.deleteNamespacedPod({ namespace: cluster, name }))));
  return { removed: names.length };
}
