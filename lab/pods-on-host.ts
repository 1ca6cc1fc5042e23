import { AppsV1Api, CoreV1Api, type KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { isReady } from "../steps/conditions.ts";
import type { Look } from "../steps/poll.ts";
import { shortened } from "./shortened.ts";

/** A virtual cluster, from inside and from the host. */
export interface PodsOnHost {
  readonly cluster: string;
  readonly host: KubeConfig;
  readonly inside: KubeConfig;
}

/** Where vcluster notes on its copy of a pod which pod that is. */
const uidOf = "vcluster.loft.sh/uid";

/**
 * Whether a virtual cluster has all its pods: every pod inside has a ready copy on the host, and there are as many as
 * its Deployments, StatefulSets and DaemonSets want. What is said inside does not do: a control plane that has just
 * started says what it last knew.
 */
export async function lookAtPods({ cluster, host, inside }: PodsOnHost): Promise<Look<number>> {
  const apps = inside.makeApiClient(AppsV1Api);
  const [pods, copies, deployments, statefulSets, daemonSets] = await Promise.all([
    inside.makeApiClient(CoreV1Api).listPodForAllNamespaces(),
    host.makeApiClient(CoreV1Api).listNamespacedPod({
      namespace: cluster,
      labelSelector: `vcluster.loft.sh/managed-by=${cluster}`,
    }),
    apps.listDeploymentForAllNamespaces(),
    apps.listStatefulSetForAllNamespaces(),
    apps.listDaemonSetForAllNamespaces(),
  ]);
  const wanted = [
    ...[...deployments.items, ...statefulSets.items].map(({ spec }) => spec?.replicas ?? 1),
    ...daemonSets.items.map(({ status }) => status?.desiredNumberScheduled ?? 0),
  ].reduce((sum, count) => sum + count, 0);
  return judge(pods.items, copies.items, wanted);
}

/** What to make of the pods inside, their copies on the host, and how many there are to be. */
export function judge(pods: readonly V1Pod[], copies: readonly V1Pod[], wanted: number): Look<number> {
  const isDone = ({ status }: V1Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";
  const ready = new Set(copies.filter(isReady).map(({ metadata }) => metadata?.annotations?.[uidOf]));
  const awaited = pods.filter((pod) => !isDone(pod));
  const missing = awaited.filter(({ metadata }) => !ready.has(metadata?.uid));
  const back = awaited.length - missing.length;
  const total = Math.max(wanted, awaited.length);
  if (back >= total) return { value: back };
  const names = missing.map(({ metadata }) => `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`).sort();
  const which = names.length === 0 ? "" : `, not ${shortened(names, 1).join(" and ")}`;
  return { state: `${back} of ${total} are ready on the host${which}` };
}
