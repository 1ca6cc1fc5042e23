import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1ObjectMeta,
  type V1Pod,
} from "@kubernetes/client-node";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { servicesCalledIn } from "./called-services.ts";
import { controlPlaneOf } from "./control-plane.ts";
import { isReady } from "../diagnosis/conditions.ts";
import type { Look } from "../waits/poll.ts";

/** A virtual cluster, from inside and from the host. */
export interface PodsOnHost {
  readonly cluster: string;
  readonly host: KubeConfig;
  readonly inside: KubeConfig;
  /** Name of the management cluster: agents get ready only while its management server can be reached. */
  readonly management: string;
}

/** Where vcluster notes on its copy of a pod which pod that is. */
const uidOf = "vcluster.loft.sh/uid";

/** What a look at a cluster found. */
export interface Back {
  /** How many pods are ready. */
  readonly ready: number;
  /** Whether the pods of agents were left out: no management server runs. */
  readonly withoutAgents: boolean;
}

/** What is not back yet, and whether that changes by waiting. */
export interface NotBack {
  readonly state: string;
  /** Every pod that is not ready has a reason that waiting does not mend. */
  readonly isStuck: boolean;
}

/**
 * Whether a virtual cluster has all its pods: every pod inside has a ready copy on the host, there are as many as its
 * Deployments, StatefulSets and DaemonSets want, and some are behind each Service that its API server calls. What is
 * said inside does not do: a control plane that has just started says what it last knew.
 */
export async function lookAtPods({
  cluster,
  host,
  inside,
  management,
}: PodsOnHost): Promise<{ readonly value: Back } | NotBack> {
  const apps = inside.makeApiClient(AppsV1Api);
  const [pods, copies, deployments, statefulSets, daemonSets, unanswered, withoutAgents] = await Promise.all([
    inside.makeApiClient(CoreV1Api).listPodForAllNamespaces(),
    host.makeApiClient(CoreV1Api).listNamespacedPod({
      namespace: cluster,
      labelSelector: `vcluster.loft.sh/managed-by=${cluster}`,
    }),
    apps.listDeploymentForAllNamespaces(),
    apps.listStatefulSetForAllNamespaces(),
    apps.listDaemonSetForAllNamespaces(),
    servicesCalledIn(inside),
    management === cluster ? false : isWithoutControlPlane(host, management),
  ]);
  const isAwaited = ({ metadata }: { readonly metadata?: V1ObjectMeta }): boolean =>
    !withoutAgents || !isAgent(metadata);
  const wanted = [
    ...[...deployments.items, ...statefulSets.items].filter(isAwaited).map(({ spec }) => spec?.replicas ?? 1),
    ...daemonSets.items.map(({ status }) => status?.desiredNumberScheduled ?? 0),
  ].reduce((sum, count) => sum + count, 0);
  const found = judge(pods.items.filter(isAwaited), copies.items, wanted);
  if (!("value" in found)) return found;
  const [service] = unanswered(readyIn(copies.items));
  return service === undefined
    ? { value: { ready: found.value, withoutAgents } }
    : { state: `Service ${service}, which its API server calls, has no endpoints`, isStuck: false };
}

const agent = "gloo-mesh-agent";
const isAgent = (metadata: V1ObjectMeta = {}): boolean =>
  metadata.namespace === glooMeshNamespace && (metadata.labels?.["app"] === agent || metadata.name === agent);

/** Whether no pod is wanted of a cluster's control plane, or there is none. */
async function isWithoutControlPlane(host: KubeConfig, name: string): Promise<boolean> {
  const found = await controlPlaneOf(host, name);
  return (found?.spec?.replicas ?? 0) === 0;
}

/** The pods inside that have a ready copy, by their UIDs. */
const readyIn = (copies: readonly V1Pod[]): ReadonlySet<string | undefined> =>
  new Set(copies.filter(isReady).map(({ metadata }) => metadata?.annotations?.[uidOf]));

/** What to make of the pods inside, their copies on the host, and how many there are to be. */
export function judge(
  pods: readonly V1Pod[],
  copies: readonly V1Pod[],
  wanted: number,
): { readonly value: number } | NotBack {
  const isDone = ({ status }: V1Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";
  const ready = readyIn(copies);
  const awaited = pods.filter((pod) => !isDone(pod));
  const missing = awaited.filter(({ metadata }) => !ready.has(metadata?.uid));
  const back = awaited.length - missing.length;
  const total = Math.max(wanted, awaited.length);
  if (back >= total) return { value: back };
  const [first, ...rest] = missing
    .map(({ metadata }) => `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`)
    .sort();
  const more = rest.length === 0 ? "" : ` and ${rest.length} more`;
  const which = first === undefined ? "" : `, not ${first}${more}`;
  const stuck = new Set(copies.filter(isStuck).map(({ metadata }) => metadata?.annotations?.[uidOf]));
  return {
    state: `${back} of ${total} are ready on the host${which}`,
    isStuck: missing.length > 0 && missing.every(({ metadata }) => stuck.has(metadata?.uid)),
  };
}

/** Reasons of a container that has not started and soon will. */
const starting = new Set(["ContainerCreating", "PodInitializing"]);

/** Whether a pod is not ready for a reason that waiting alone does not mend. */
function isStuck({ status }: V1Pod): boolean {
  const { conditions = [], initContainerStatuses = [], containerStatuses = [] } = status ?? {};
  return (
    conditions.some(({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable") ||
    [...initContainerStatuses, ...containerStatuses].some(({ state }) => {
      const reason = state?.waiting?.reason;
      return reason !== undefined && !starting.has(reason);
    })
  );
}

const patienceSeconds = 30;

/**
 * A look that also ends when nothing is awaited any more but pods that cannot get ready by themselves, and nothing has
 * changed for a while: then the value says so.
 */
export function untilStuck<T>(
  look: () => Promise<{ readonly value: T } | NotBack>,
  now: () => number = Date.now,
): () => Promise<Look<T | NotBack>> {
  let last = { state: "", since: 0 };
  return async () => {
    const found = await look();
    if ("value" in found) return found;
    if (!found.isStuck || found.state !== last.state) last = { state: found.state, since: now() };
    return now() - last.since >= patienceSeconds * 1000 ? { value: found } : found;
  };
}
