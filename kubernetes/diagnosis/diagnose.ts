import {
  ApiException,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1Pod,
  type V1Service,
} from "@kubernetes/client-node";
import { explain } from "../connection/unreached.ts";
import { type Access, kubeConfigOf } from "../connection/cluster.ts";
import { condition, isWell } from "./conditions.ts";
import { type Found, type Known, type Maker, type Problem, problemsOf } from "./diagnosis.ts";
import { eventsOfCopies, type SeenEvent } from "./events.ts";
import type { KeysOf } from "./keys.ts";
import { placesOf } from "./placement.ts";

/** A namespace of a cluster. */
export interface Where extends Access {
  readonly namespace: string;
  /** The host of a virtual cluster, and the cluster's namespace there; without one, the cluster is the host. */
  readonly host?: (Access & { readonly namespace: string }) | undefined;
  readonly keysOf?: KeysOf | undefined;
}

/** Copies of what runs inside of a virtual cluster are not of its release's making. */
const notCopied = "!vcluster.loft.sh/managed-by";

/** What stands in the way in a namespace. */
export async function problemsAt({ namespace, host, keysOf, ...access }: Where): Promise<Problem[]> {
  const cluster = kubeConfigOf(access);
  const core = cluster.makeApiClient(CoreV1Api);
  const within = { namespace, labelSelector: notCopied };
  const lists = await Promise.allSettled([
    core.listNamespacedService(within),
    core.listNamespacedPersistentVolumeClaim(within),
    core.listNamespacedPod(within),
  ]);
  const [services, claims, pods] = lists;
  // What a user may not see, or what does not come in time, is nothing to tell; a cluster that says nothing is.
  if (services.status === "rejected" && claims.status === "rejected" && pods.status === "rejected") {
    const silence = { namespace, text: inWords(pods.reason) };
    return [silence, ...(host === undefined ? [] : await problemsAt(host).catch(none))];
  }
  const onHost = host === undefined ? cluster : ifConfigured(host);
  const found = { services: itemsOf(services), claims: itemsOf(claims), pods: itemsOf(pods) };
  const [events, copied, makers, known] = await Promise.all([
    core.listNamespacedEvent({ namespace }).then(itemsIn, none),
    host === undefined || onHost === undefined ? [] : copiedEvents(onHost, host.namespace, namespace),
    makersIn(cluster, namespace),
    onHost === undefined ? {} : knownOf(onHost, found),
  ]);
  return problemsOf(
    { ...found, makers, events: [...events, ...copied] },
    { ...known, keysOf, hostNamespace: host?.namespace ?? namespace },
  );
}

/** A host that the kubeconfig does not know hides nothing of what is inside. */
function ifConfigured(host: Access): KubeConfig | undefined {
  try {
    return kubeConfigOf(host);
  } catch {
    return undefined;
  }
}

const inWords = (reason: unknown): string =>
  reason instanceof ApiException
    ? `Nothing of it can be seen: ${explain(reason)}.`
    : `Its cluster does not answer: ${explain(reason)}.`;

const itemsOf = <T>(list: PromiseSettledResult<{ items: T[] }>): T[] =>
  list.status === "fulfilled" ? list.value.items : [];
const itemsIn = <T>({ items }: { items: T[] }): T[] => items;
const none = (): never[] => [];

/** Events of the host about the copies of what is in a virtual cluster, or in one namespace of it. */
export async function copiedEvents(
  host: KubeConfig,
  cluster: string,
  namespace?: string,
): Promise<SeenEvent[]> {
  const core = host.makeApiClient(CoreV1Api);
  const from = namespace === undefined ? "" : `,vcluster.loft.sh/namespace=${namespace}`;
  const within = { namespace: cluster, labelSelector: `vcluster.loft.sh/managed-by=${cluster}${from}` };
  const [events, pods, services] = await Promise.all([
    core.listNamespacedEvent({ namespace: cluster }).then(itemsIn, none),
    core.listNamespacedPod(within).then(itemsIn, none),
    core.listNamespacedService(within).then(itemsIn, none),
  ]);
  return eventsOfCopies(events, [
    ...pods.map(({ metadata = {} }) => ({ kind: "Pod", metadata })),
    ...services.map(({ metadata = {} }) => ({ kind: "Service", metadata })),
  ]);
}

/** What makes pods in a namespace. */
async function makersIn(cluster: KubeConfig, namespace: string): Promise<Maker[]> {
  const [apps, batch] = [cluster.makeApiClient(AppsV1Api), cluster.makeApiClient(BatchV1Api)];
  const within = { namespace };
  const [replicaSets, statefulSets, daemonSets, jobs] = await Promise.all([
    apps.listNamespacedReplicaSet(within).then(itemsIn, none),
    apps.listNamespacedStatefulSet(within).then(itemsIn, none),
    apps.listNamespacedDaemonSet(within).then(itemsIn, none),
    batch.listNamespacedJob(within).then(itemsIn, none),
  ]);
  return [
    ...replicaSets.map(({ metadata = {}, spec, status }) => ({
      ...{ kind: "ReplicaSet" as const, metadata },
      ...{ wanted: spec?.replicas ?? 1, made: status?.replicas ?? 0 },
    })),
    ...statefulSets.map(({ metadata = {}, spec, status }) => ({
      ...{ kind: "StatefulSet" as const, metadata },
      ...{ wanted: spec?.replicas ?? 1, made: status?.replicas ?? 0 },
    })),
    ...daemonSets.map(({ metadata = {}, status }) => ({
      ...{ kind: "DaemonSet" as const, metadata },
      ...{ wanted: status?.desiredNumberScheduled ?? 0, made: status?.currentNumberScheduled ?? 0 },
    })),
    ...jobs.map(({ metadata = {}, status }) => ({
      ...{ kind: "Job" as const, metadata },
      ...{ wanted: 1, made: (status?.active ?? 0) + (status?.succeeded ?? 0) + (status?.failed ?? 0) },
    })),
  ];
}

const isUnplaced = (pod: V1Pod): boolean =>
  !isWell(pod) && condition(pod, "PodScheduled")?.status === "False";

/** Whether a Service is one of a load balancer, and has no address, or has one. */
const isServed = ({ spec, status }: V1Service): boolean | undefined =>
  spec?.type === "LoadBalancer" ? (status?.loadBalancer?.ingress ?? []).length > 0 : undefined;

/** What a host knows of the things that are wrong; it is asked for nothing else. */
export async function knownOf(
  host: KubeConfig,
  { pods = [], services = [] }: Pick<Found, "pods" | "services">,
): Promise<Pick<Known, "nodes" | "places" | "hasLoadBalancer">> {
  const core = host.makeApiClient(CoreV1Api);
  const unknown = (): undefined => undefined;
  const [nodes, all, exposed] = await Promise.all([
    pods.some(isUnplaced) ? core.listNode().then(itemsIn, unknown) : undefined,
    pods.some(isUnplaced) ? core.listPodForAllNamespaces().then(itemsIn, unknown) : undefined,
    services.some((service) => isServed(service) === false)
      ? core.listServiceForAllNamespaces().then(itemsIn, none)
      : [],
  ]);
  return {
    nodes,
    places: nodes === undefined || all === undefined ? undefined : placesOf(nodes, all),
    hasLoadBalancer: [...services, ...exposed].some((service) => isServed(service) === true),
  };
}
