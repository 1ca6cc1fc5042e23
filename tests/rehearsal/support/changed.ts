import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { until } from "../../../rehearsal/kit/until.ts";
import { cluster } from "./rehearsal.ts";

const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);

/** Changes a Deployment of the rehearsed lab, and waits until its pods are as it says. */
export async function changed(context: string, namespace: string, name: string, body: object): Promise<void> {
  const { apps } = cluster(context);
  await apps.patchNamespacedDeployment({ namespace, name, body }, merge);
  await until(
    async () => {
      const { metadata, spec, status } = await apps.readNamespacedDeployment({ namespace, name });
      const { replicas = 0, readyReplicas = 0, updatedReplicas = 0, observedGeneration } = status ?? {};
      return (
        observedGeneration === metadata?.generation &&
        [replicas, readyReplicas, updatedReplicas].every((count) => count === spec?.replicas)
      );
    },
    60,
    () => `Deployment ${name} did not become what it was changed to`,
  );
}

/** Gives a Deployment as many pods. */
export const scaled = (context: string, namespace: string, name: string, replicas: number): Promise<void> =>
  changed(context, namespace, name, { spec: { replicas } });
