import {
  AppsV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1StatefulSet,
} from "@kubernetes/client-node";
import { pulumiCommand } from "../../messages/commands.ts";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { pausedAnnotations, pauseNotes } from "../../values/vcluster.ts";
import { askHost } from "./ask-host.ts";
import { Failure } from "../../messages/failure.ts";

/** A change of a StatefulSet, as a merge patch. */
export interface StatefulSetPatch {
  readonly metadata?: { readonly annotations: Readonly<Record<string, string | null>> };
  readonly spec: { readonly replicas: number };
}

/** The StatefulSet of a virtual cluster; undefined where there is none. */
export const controlPlaneOf = (host: KubeConfig, cluster: string): Promise<V1StatefulSet | undefined> =>
  ifExists(host.makeApiClient(AppsV1Api).readNamespacedStatefulSet({ namespace: cluster, name: cluster }));

/**
 * The StatefulSet of a virtual cluster.
 *
 * @throws Failure where there is none, or the host does not answer
 */
export async function existingControlPlane(host: KubeConfig, cluster: string): Promise<V1StatefulSet> {
  const set = await askHost(host, () => controlPlaneOf(host, cluster));
  if (set !== undefined) return set;
  throw new Failure(
    `There is no virtual cluster ${cluster} on the host (context ${host.getCurrentContext()}): ${pulumiCommand("up")} first.`,
  );
}

const noteOf = ({ metadata }: V1StatefulSet, note: keyof typeof pauseNotes): string | undefined =>
  metadata?.annotations?.[pauseNotes[note]];

/** Whether vcluster's command line, a release or a verb of the lab paused it. */
export const isPaused = (set: V1StatefulSet): boolean => noteOf(set, "paused") === "true";

/** Whether a control plane wants no pod: it is paused, or somebody scaled it down. */
export const isStopped = (set: V1StatefulSet): boolean => isPaused(set) || set.spec?.replicas === 0;

/** What `vcluster pause` changes (cmd/vclusterctl/cmd/pause.go of 0.10.2); undefined where it is paused. */
export function pausing(set: V1StatefulSet): StatefulSetPatch | undefined {
  if (isPaused(set)) return undefined;
  // One that somebody scaled down without a note had one before; the chart's default.
  const annotations = pausedAnnotations(set.spec?.replicas || 1);
  return { metadata: { annotations }, spec: { replicas: 0 } };
}

/** What `vcluster resume` changes (cmd/vclusterctl/cmd/resume.go of 0.10.2); undefined where it runs. */
export function resuming(set: V1StatefulSet): StatefulSetPatch | undefined {
  if (!isPaused(set)) return set.spec?.replicas === 0 ? { spec: { replicas: 1 } } : undefined;
  const replicas = Number(noteOf(set, "replicas")) || 1;
  const annotations = Object.fromEntries(Object.values(pauseNotes).map((note) => [note, null]));
  return { metadata: { annotations }, spec: { replicas } };
}

/** Applies a change to the control plane of a virtual cluster, if there is any to make. */
export async function patchControlPlane(
  host: KubeConfig,
  cluster: string,
  body: StatefulSetPatch | undefined,
): Promise<void> {
  if (body === undefined) return;
  await host
    .makeApiClient(AppsV1Api)
    .patchNamespacedStatefulSet(
      { namespace: cluster, name: cluster, body },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
}
