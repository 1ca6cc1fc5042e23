import { type Access, clusterOf } from "./cluster.ts";
import { problemsIn } from "./diagnosis.ts";

/** Copies of what runs inside of a virtual cluster are not of its release's making. */
const notCopied = "!vcluster.loft.sh/managed-by";

/** What stands in the way in a namespace; nothing if the cluster does not answer. */
export async function diagnose(access: Access, namespace: string): Promise<string[]> {
  const core = clusterOf(access);
  const within = { namespace, labelSelector: notCopied };
  const lists = await Promise.allSettled([
    core.listNamespacedService(within),
    core.listNamespacedPersistentVolumeClaim(within),
    core.listNamespacedPod(within),
  ]);
  const [services, claims, pods] = lists;
  const itemsOf = <T>(list: PromiseSettledResult<{ items: T[] }>): T[] =>
    list.status === "fulfilled" ? list.value.items : [];
  return problemsIn({ services: itemsOf(services), claims: itemsOf(claims), pods: itemsOf(pods) });
}
