import { setTimeout as sleep } from "node:timers/promises";
import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1Pod,
  type V1StatefulSet,
} from "@kubernetes/client-node";
import type { ReleaseName } from "./release.ts";

const intervalMs = 1000;

/** Whether a StatefulSet has pods of another revision than its newest, as far as its controller has looked. */
const isBehind = ({ metadata, spec, status }: V1StatefulSet): boolean =>
  spec?.updateStrategy?.type !== "OnDelete" &&
  status?.observedGeneration === metadata?.generation &&
  (status?.updatedReplicas ?? 0) < (spec?.replicas ?? 1);

/**
 * Whether a pod keeps its StatefulSet from its newest revision: the controller replaces one pod after the other, and
 * waits for each to get ready first, which one that is broken never does (kubernetes/kubernetes#67250).
 */
export function isStuck(set: V1StatefulSet, { metadata, status }: V1Pod): boolean {
  const { name = "", ownerReferences = [], labels = {}, deletionTimestamp } = metadata ?? {};
  const ordinal = Number(name.slice(name.lastIndexOf("-") + 1));
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return (
    isBehind(set) &&
    ownerReferences.some(({ uid }) => uid === set.metadata?.uid) &&
    deletionTimestamp === undefined &&
    ready?.status !== "True" &&
    ordinal >= (set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0) &&
    labels["controller-revision-hash"] !== set.status?.updateRevision
  );
}

/** Deletes the pods that keep StatefulSets of a release from their newest revision; returns their names. */
async function deleteStuckPods(cluster: KubeConfig, { namespace, name }: ReleaseName): Promise<string[]> {
  const apps = cluster.makeApiClient(AppsV1Api);
  const core = cluster.makeApiClient(CoreV1Api);
  const sets = (await apps.listNamespacedStatefulSet({ namespace })).items.filter(
    (set) => set.metadata?.annotations?.["meta.helm.sh/release-name"] === name && isBehind(set),
  );
  if (sets.length === 0) return [];
  const pods = (await core.listNamespacedPod({ namespace })).items;
  const stuck = pods.filter((pod) => sets.some((set) => isStuck(set, pod)));
  const deletions = stuck.map(async ({ metadata }) => {
    const { name: pod = "", uid = "", resourceVersion = "" } = metadata ?? {};
    // It may have got ready since.
    await core.deleteNamespacedPod({
      namespace,
      name: pod,
      body: { preconditions: { uid, resourceVersion } },
    });
    return pod;
  });
  const done = await Promise.allSettled(deletions);
  return done.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

/** Deletes such pods until it is stopped, with a word about each. */
export async function keepDeletingStuckPods(
  cluster: KubeConfig,
  release: ReleaseName,
  signal: AbortSignal,
  say: (pod: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    // Where one may not look, or nobody answers, the release says so itself.
    for (const pod of await deleteStuckPods(cluster, release).catch(() => [])) say(pod);
    await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
