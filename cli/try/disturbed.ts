import { AppsV1Api, type KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { poll } from "../../kubernetes/waits/poll.ts";
import { bookinfoNamespace as namespace } from "../../values/bookinfo.ts";
import type { Disturbance } from "../../capabilities/common/check.ts";

/** Does something while one of Bookinfo's Deployments is changed; the change is undone, also when it is interrupted. */
export async function disturbed<T>(
  cluster: KubeConfig,
  { deployment: name, patch, undo }: Disturbance,
  work: () => Promise<T>,
): Promise<T> {
  const apps = cluster.makeApiClient(AppsV1Api);
  const merge = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
  const change = (body: object) => apps.patchNamespacedDeployment({ namespace, name, body }, merge);
  const settled = () =>
    poll({
      what: `Deployment ${name} in namespace ${namespace}`,
      hint: "Look at the events of its pods.",
      timeoutSeconds: 120,
      look: async () => {
        const { metadata, spec, status } = await apps.readNamespacedDeployment({ namespace, name });
        const wanted = spec?.replicas ?? 0;
        const isSeen = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
        const [updated, ready, all] = [status?.updatedReplicas, status?.readyReplicas, status?.replicas];
        const isThere = [updated, ready, all].every((count = 0) => count === wanted);
        return isSeen && isThere ? { value: true } : { state: `${ready ?? 0} of ${wanted} pods are ready` };
      },
    });

  const interrupt = (): void => {
    void change(undo).finally(() => process.exit(130));
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    await change(patch);
    await settled();
    return await work();
  } finally {
    await change(undo);
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    await settled();
  }
}
