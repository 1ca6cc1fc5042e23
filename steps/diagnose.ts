import { type Access, clusterOf } from "./cluster.ts";
import { problemsIn } from "./diagnosis.ts";

/** Copies of what runs inside of a virtual cluster are not of its release's making. */
const notCopied = "!vcluster.loft.sh/managed-by";

/** What stands in the way in a namespace. */
export async function diagnose(access: Access, namespace: string): Promise<string[]> {
  const core = clusterOf(access);
  const within = { namespace, labelSelector: notCopied };
  const lists = await Promise.allSettled([
    core.listNamespacedService(within),
    core.listNamespacedPersistentVolumeClaim(within),
    core.listNamespacedPod(within),
  ]);
  const [services, claims, pods] = lists;
  // What a user may not see, or what does not come in time, is nothing to tell; a cluster that says nothing is.
  if (services.status === "rejected" && claims.status === "rejected" && pods.status === "rejected")
    return [`Its cluster does not answer: ${reasonOf(pods.reason)}.`];
  const itemsOf = <T>(list: PromiseSettledResult<{ items: T[] }>): T[] =>
    list.status === "fulfilled" ? list.value.items : [];
  return problemsIn({ services: itemsOf(services), claims: itemsOf(claims), pods: itemsOf(pods) });
}

const reasonOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));
