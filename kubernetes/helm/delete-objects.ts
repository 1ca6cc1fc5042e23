import { type KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { ifExists } from "../connection/cluster.ts";
import { mapping } from "../../schema/mapping.ts";
import type { ManifestObject } from "./manifest.ts";
import { poll } from "../waits/poll.ts";

/** Kinds whose objects hold what others made. */
const holders = ["CustomResourceDefinition", "Namespace", "PersistentVolumeClaim"];

const isToStay = ({ kind, metadata: { annotations } }: ManifestObject): boolean =>
  holders.includes(kind) || mapping(annotations)["helm.sh/resource-policy"] === "keep";

/** Groups whose objects own pods, which are to be gone with them. */
const owning = ["apps", "batch"];

/**
 * Foreground waits for what is owned; of a kind that is new in the cluster, the garbage collector learns only after half a
 * minute, and until then keeps what it is asked to delete like this.
 */
const propagationOf = (apiVersion: string): "Foreground" | "Background" =>
  owning.includes(apiVersion.split("/")[0] ?? "") ? "Foreground" : "Background";

const patienceSeconds = 60;

/** Deletes what a manifest in a namespace has, as Helm does, and waits until it is gone with all that it owns. */
export async function deleteObjects(
  cluster: KubeConfig,
  namespace: string,
  objects: readonly ManifestObject[],
): Promise<void> {
  const api = cluster.makeApiClient(KubernetesObjectApi);
  const deletions = objects
    .filter((object) => !isToStay(object))
    .map(async ({ apiVersion, kind, metadata }) => {
      const header = { apiVersion, kind, metadata: { namespace, ...metadata } };
      const propagation = propagationOf(apiVersion);
      await ifExists(api.delete(header, undefined, undefined, undefined, undefined, propagation));
      await poll({
        what: `${kind} ${metadata.name} in namespace ${namespace} to go`,
        hint: "Look at its finalizers.",
        timeoutSeconds: patienceSeconds,
        look: async () => {
          const found = await ifExists(api.read(header));
          return found === undefined ? { value: true } : { state: "it is there" };
        },
      });
    });
  await Promise.all(deletions);
}
