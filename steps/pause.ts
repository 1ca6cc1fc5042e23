import { AppsV1Api, CoreV1Api } from "@kubernetes/client-node";
import { ifExists, kubeConfigOf } from "./cluster.ts";
import { poll } from "./poll.ts";
import { run } from "./run.ts";

interface PauseSpec {
  /** Name of the virtual cluster, and of its namespace on the host. */
  readonly cluster: string;
  readonly hostContext?: string | undefined;
  readonly timeoutSeconds: number;
}

if (import.meta.main) {
  await run<PauseSpec>(async ({ cluster, hostContext, timeoutSeconds }) => {
    const config = kubeConfigOf({ context: hostContext });
    const apps = config.makeApiClient(AppsV1Api);
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
    const core = config.makeApiClient(CoreV1Api);
    const labelSelector = `vcluster.loft.sh/managed-by=${cluster}`;
    const { items } = await core.listNamespacedPod({ namespace: cluster, labelSelector });
    const names = items.map(({ metadata }) => metadata?.name ?? "");
    await Promise.all(names.map((name) => ifExists(core.deleteNamespacedPod({ namespace: cluster, name }))));
    return { removed: names.length };
  });
}
