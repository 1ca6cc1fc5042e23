import { ApiException, CoreV1Api, type KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { explain, statusMessageOf } from "../connection/unreached.ts";
import { ifExists } from "../connection/cluster.ts";
import { objectsOf } from "./manifest.ts";
import { lastOf, type ReleaseName } from "./release.ts";

/** An object with the names that everything in a release has. */
interface Named {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Of a chart's objects these are the most, and the largest; without one, there is hardly a cluster left. */
const isDefinition = ({ kind }: Named): boolean => kind === "CustomResourceDefinition";

/**
 * The objects of a Helm release that are not in its cluster, but for definitions. Helm itself only looks when the release
 * changes.
 */
export async function missingOf(cluster: KubeConfig, release: ReleaseName): Promise<Named[]> {
  const last = await lastOf(cluster.makeApiClient(CoreV1Api), release);
  const api = KubernetesObjectApi.makeApiClient(cluster);
  const looks = objectsIn(last?.manifest ?? "", release)
    .filter((object) => !isDefinition(object))
    .map(async (object) => ((await isGone(api.read(object))) ? [object] : []));
  return (await Promise.all(looks)).flat();
}

/** Whether the API server knows the kind, and has no such object: as long as it starts, it may not know a kind yet. */
const isGone = (read: Promise<unknown>): Promise<boolean> =>
  read.then(
    () => false,
    (error: unknown) => {
      if (error instanceof ApiException && error.code === 404)
        return /NotFound/.test(JSON.stringify(error.body));
      throw error;
    },
  );

/** Makes the objects of a Helm release again that are not in its cluster, and gives their names. */
export async function restored(cluster: KubeConfig, release: ReleaseName): Promise<string[]> {
  const missing = await missingOf(cluster, release);
  const api = KubernetesObjectApi.makeApiClient(cluster);
  for (const object of missing) await api.create(object);
  return missing.map(titleOf);
}

/** `KIND NAME`. */
export const titleOf = ({ kind, metadata }: Named): string => `${kind} ${metadata.name}`;

/**
 * Why the cluster does not let go of what a release consists of: requests to delete it that change nothing. Helm itself
 * only says that it "failed to delete release".
 *
 * @returns e.g. `Service istiod: ... denied the request: ...`; nothing where it may be deleted
 */
export async function undeletable(cluster: KubeConfig, release: ReleaseName): Promise<string[]> {
  const last = await lastOf(cluster.makeApiClient(CoreV1Api), release);
  const api = KubernetesObjectApi.makeApiClient(cluster);
  const tries = objectsIn(last?.manifest ?? "", release).map(async (object) => {
    try {
      await ifExists(api.delete(object, undefined, "All"));
      return [];
    } catch (error) {
      const words = error instanceof ApiException ? statusMessageOf(error) : undefined;
      return [`${titleOf(object)}: ${words ?? explain(error)}`];
    }
  });
  return (await Promise.all(tries)).flat();
}

/** What a manifest has, as Helm makes it. */
export const objectsIn = (manifest: string, { name, namespace }: ReleaseName): Named[] =>
  objectsOf(manifest).map((object) => {
    const { metadata } = object as unknown as Named;
    return {
      ...object,
      metadata: {
        namespace,
        ...metadata,
        labels: { ...metadata.labels, "app.kubernetes.io/managed-by": "Helm" },
        annotations: {
          ...metadata.annotations,
          "meta.helm.sh/release-name": name,
          "meta.helm.sh/release-namespace": namespace,
        },
      },
    };
  });
