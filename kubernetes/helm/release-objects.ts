import {
  ApiException,
  CoreV1Api,
  type KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  type RequestContext,
  type V1APIResource,
} from "@kubernetes/client-node";
import { explain, statusMessageOf } from "../connection/unreached.ts";
import { ifExists } from "../connection/cluster.ts";
import { type ManifestObject, namesOf, objectsOf } from "./manifest.ts";
import { lastOf, type ReleaseName } from "./release.ts";

/** An object with the names that everything in a release has. */
interface Named {
  readonly apiVersion: string;
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
  return missingIn(cluster, release, last?.manifest ?? "");
}

/** The same where the manifest of the release is known. */
export async function missingIn(
  cluster: KubeConfig,
  release: ReleaseName,
  manifest: string,
): Promise<Named[]> {
  const api = Existence.in(cluster);
  const looks = namesOf(manifest)
    .map((object) => installed(object, release))
    .filter((object) => !isDefinition(object))
    .map(async (object) => ((await isGone(api.read(object))) ? [keyOf(object)] : []));
  const missing = new Set((await Promise.all(looks)).flat());
  if (missing.size === 0) return [];
  return objectsIn(manifest, release).filter((object) => missing.has(keyOf(object)));
}

const keyOf = ({ apiVersion, kind, metadata: { namespace, name } }: Named): string =>
  JSON.stringify([apiVersion, kind, namespace, name]);

/** Tells whether objects are there, and reads no more of them than their metadata. */
class Existence extends KubernetesObjectApi {
  static readonly #known = new WeakMap<KubeConfig, Existence>();
  readonly #asked = new Map<string, Promise<unknown>>();

  /** One for each cluster: it learns once which kinds there are. */
  static in(cluster: KubeConfig): Existence {
    const known = Existence.#known.get(cluster) ?? cluster.makeApiClient(Existence);
    Existence.#known.set(cluster, known);
    return known;
  }

  /** Asks for the kinds of a group once, for all who want to know at the same time. */
  protected override async resource(apiVersion: string, kind: string): Promise<V1APIResource | undefined> {
    await this.#asked.get(apiVersion)?.catch(() => undefined);
    const found = super.resource(apiVersion, kind);
    this.#asked.set(apiVersion, found);
    return found;
  }

  protected override requestPromise<T extends KubernetesObject>(
    context: RequestContext,
    type?: string,
  ): Promise<T> {
    if (type === undefined) context.setHeaderParam("Accept", metadataOnly);
    return super.requestPromise(context, type);
  }
}

const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json";

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
export const objectsIn = (manifest: string, release: ReleaseName): Named[] =>
  objectsOf(manifest).map((object) => installed(object, release));

/** An object of a release as Helm makes it. */
function installed(object: ManifestObject, { name, namespace }: ReleaseName): Named {
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
}
