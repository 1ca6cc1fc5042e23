import { AppsV1Api, CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { ifExists, kubeConfigOf } from "./cluster.ts";
import { poll } from "./poll.ts";
import { run } from "./run.ts";

export interface StopArgs {
  /** Name of the virtual cluster, and of its namespace on the host. */
  readonly cluster: string;
  readonly timeoutSeconds: number;
}

interface PauseSpec extends StopArgs {
  readonly hostContext?: string | undefined;
}

/** What the step prints. */
export interface Stopped {
  /** How many pods of the cluster were removed from the host. */
  readonly removed: number;
}

/** Waits until the control plane of a virtual cluster is gone, and then removes the cluster's pods from the host. */
export async function stopped(host: KubeConfig, { cluster, timeoutSeconds }: StopArgs): Promise<Stopped> {
  const apps = host.makeApiClient(AppsV1Api);
  await poll({
    what: `the control plane of ${cluster} to stop`,
    hint: `Look at kubectl -n ${cluster} get pods.`,
    timeoutSeconds,
    look: async () => {
      const set = await ifExists(apps.readNamespacedStatefulSet({ namespace: cluster, name: cluster }));
      const replicas = set?.status?.replicas ?? 0;
      return replicas === 0 ? { value: replicas } : { state: `it has ${replicas} pods` };
    },
  });
  // Only now: as long as it runs, the syncer makes them anew.
  const core = host.makeApiClient(CoreV1Api);
  const labelSelector = `vcluster.loft.sh/managed-by=${cluster}`;
  const { items } = await core.listNamespacedPod({ namespace: cluster, labelSelector });
  const names = items.map(({ metadata }) => metadata?.name ?? "");
  await Promise.all(names.map((name) => ifExists(core.deleteNamespacedPod({ namespace: cluster, name }))));
  return { removed: names.length };
}

if (import.meta.main) {
  await run<PauseSpec>(({ hostContext, ...what }) => stopped(kubeConfigOf({ context: hostContext }), what));
}
