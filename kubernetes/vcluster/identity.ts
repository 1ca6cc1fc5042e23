import { CoreV1Api, type KubeConfig, type V1StatefulSet } from "@kubernetes/client-node";
import { labCommand, pulumiCommand } from "../../messages/commands.ts";
import { authorityOf } from "../../values/kubeconfig.ts";
import { ifExists } from "../connection/cluster.ts";
import { controlPlaneOf } from "./control-plane.ts";

/** A virtual cluster as the stack knows it. */
export interface KnownCluster {
  /** Its name, and that of its namespace on the host. */
  readonly cluster: string;
  /** A kubeconfig of the stack's with a cluster of that name; secret. */
  readonly kubeconfig: string;
}

/**
 * Why the virtual cluster on the host is not the one that the stack knows; undefined where it is, or where that cannot
 * be said yet. A name says nothing: with new data comes a new authority, and nothing of what the stack made is there.
 */
export async function strangeness(
  host: KubeConfig,
  { cluster, kubeconfig }: KnownCluster,
): Promise<string | undefined> {
  const core = host.makeApiClient(CoreV1Api);
  const namespace = cluster;
  const [controlPlane, credentials, claim] = await Promise.all([
    controlPlaneOf(host, cluster),
    ifExists(core.readNamespacedSecret({ namespace, name: `vc-${cluster}` })),
    ifExists(core.readNamespacedPersistentVolumeClaim({ namespace, name: `data-${cluster}-0` })),
  ]);
  if (controlPlane === undefined) return "it is not on the host";

  const isStopped = controlPlane.spec?.replicas === 0;
  const { volumeClaimTemplates = [] } = (controlPlane as V1StatefulSet).spec ?? {};
  const hasVolume = volumeClaimTemplates.length > 0;
  if (isStopped && hasVolume && claim === undefined)
    return `its volume, PersistentVolumeClaim data-${cluster}-0, is gone, and all that was inside with it`;

  const authority = credentials?.data?.["certificate-authority"];
  const isNew = authority !== undefined && authority !== authorityOf(kubeconfig, cluster);
  // The syncer writes its credentials some time after it starts; those from before are older than the volume.
  const made = ({ metadata }: { metadata?: { creationTimestamp?: Date } } = {}): number =>
    metadata?.creationTimestamp?.getTime() ?? 0;
  const isEmptied = hasVolume && credentials !== undefined && made(claim) > made(credentials);
  return isNew || isEmptied
    ? "it is another cluster than the one that the stack knows, and empty"
    : undefined;
}

/** What to do about a cluster that is not the one that the stack knows, after why. */
export const rebuildHint = (cluster: string): string =>
  `${labCommand(`rebuild ${cluster}`)}, then ${pulumiCommand("up")}, make it again with all that is to be inside`;
