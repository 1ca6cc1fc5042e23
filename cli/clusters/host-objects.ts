import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { labCommand } from "../../messages/commands.ts";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { missingOf, titleOf } from "../../kubernetes/helm/release-objects.ts";

/**
 * Whether what the syncer of a virtual cluster writes to the host lasts: all of it belongs to the Service of the cluster,
 * and goes with that. A syncer that has seen another Service goes on to write what is removed at once.
 */
export async function isSyncerLost(host: KubeConfig, cluster: string): Promise<boolean> {
  const core = host.makeApiClient(CoreV1Api);
  const [secret, service] = await Promise.all([
    ifExists(core.readNamespacedSecret({ namespace: cluster, name: `vc-${cluster}` })),
    ifExists(core.readNamespacedService({ namespace: cluster, name: cluster })),
  ]);
  const owners = secret?.metadata?.ownerReferences ?? [];
  return !owners.some(({ uid }) => uid === service?.metadata?.uid);
}

/**
 * What is missing on the host of a virtual cluster that is to run, and what brings it back.
 *
 * @param runs whether its control plane is ready; until then its syncer may not have written anything
 */
export async function hostProblems(host: KubeConfig, cluster: string, runs: boolean): Promise<string[]> {
  const [missing, isLost] = await Promise.all([
    missingOf(host, { name: cluster, namespace: cluster }),
    runs && isSyncerLost(host, cluster),
  ]);
  const again = labCommand(`resume ${cluster}`);
  const [first, ...more] = missing.map(titleOf);
  if (first !== undefined)
    return [
      more.length === 0
        ? `${first}, part of its Helm release, is not on the host: ${again} makes it again.`
        : `${[first, ...more].join(", ")}, parts of its Helm release, are not on the host: ${again} makes them again.`,
    ];
  return isLost
    ? [
        `Secret vc-${cluster}, which its syncer writes for Service ${cluster}, is not on the host: ${again} makes it again.`,
      ]
    : [];
}
