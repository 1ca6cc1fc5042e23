import { AppsV1Api, type KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { pulumiCommand } from "../../messages/commands.ts";
import { type ControlPlane, controlPlaneOf, isDeployment } from "../../kubernetes/vcluster/control-plane.ts";
import { pausedAnnotations, pauseNotes } from "../../values/vcluster.ts";
import { askHost } from "./ask-host.ts";
import { Failure } from "../../messages/failure.ts";

/** A change of a control plane, as a merge patch. */
export interface ControlPlanePatch {
  readonly metadata?: { readonly annotations: Readonly<Record<string, string | null>> };
  readonly spec: { readonly replicas: number };
}

/**
 * What runs the control plane of a virtual cluster.
 *
 * @throws Failure where there is none, or the host does not answer
 */
export async function existingControlPlane(host: KubeConfig, cluster: string): Promise<ControlPlane> {
  const found = await askHost(host, () => controlPlaneOf(host, cluster));
  if (found !== undefined) return found;
  throw new Failure(
    `There is no virtual cluster ${cluster} on the host (context ${host.getCurrentContext()}): ${pulumiCommand("up")} first.`,
  );
}

const noteOf = ({ metadata }: ControlPlane, note: keyof typeof pauseNotes): string | undefined =>
  metadata?.annotations?.[pauseNotes[note]];

/** Whether vcluster's command line, a release or a verb of the lab paused it. */
export const isPaused = (found: ControlPlane): boolean => noteOf(found, "paused") === "true";

/** Whether a control plane wants no pod: it is paused, or somebody scaled it down. */
export const isStopped = (found: ControlPlane): boolean => isPaused(found) || found.spec?.replicas === 0;

/** What `vcluster pause` changes (pkg/lifecycle of 0.36, and pause.go of 0.10); undefined where it is paused. */
export function pausing(found: ControlPlane, now: Date = new Date()): ControlPlanePatch | undefined {
  if (isPaused(found)) return undefined;
  const annotations = {
    // One that somebody scaled down without a note had one before; the chart's default.
    ...pausedAnnotations(found.spec?.replicas || 1),
    [pauseNotes.date]: now.toISOString(),
  };
  return { metadata: { annotations }, spec: { replicas: 0 } };
}

/** What `vcluster resume` changes (pkg/lifecycle of 0.36, and resume.go of 0.10); undefined where it runs. */
export function resuming(found: ControlPlane): ControlPlanePatch | undefined {
  if (!isPaused(found)) return found.spec?.replicas === 0 ? { spec: { replicas: 1 } } : undefined;
  const replicas = Number(noteOf(found, "replicas")) || 1;
  const annotations = Object.fromEntries(Object.values(pauseNotes).map((note) => [note, null]));
  return { metadata: { annotations }, spec: { replicas } };
}

/** Applies a change to what runs the control plane of a virtual cluster, if there is any to make. */
export async function patchControlPlane(
  host: KubeConfig,
  found: ControlPlane,
  body: ControlPlanePatch | undefined,
): Promise<void> {
  if (body === undefined) return;
  const apps = host.makeApiClient(AppsV1Api);
  const { namespace = "", name = "" } = found.metadata ?? {};
  const change = { namespace, name, body };
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  await (isDeployment(found)
    ? apps.patchNamespacedDeployment(change, merge)
    : apps.patchNamespacedStatefulSet(change, merge));
}
