import { CoreV1Api, type KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { ifExists } from "./cluster.ts";
import { manifestOf, type ReleaseName } from "./helm-release.ts";

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

/** The objects of a Helm release that are not in its cluster. Helm itself only looks when the release changes. */
export async function missingOf(cluster: KubeConfig, release: ReleaseName): Promise<Named[]> {
  const manifest = await manifestOf(cluster.makeApiClient(CoreV1Api), release);
  const api = KubernetesObjectApi.makeApiClient(cluster);
  const looks = objectsIn(manifest ?? "", release).map(async (object) =>
    (await ifExists(api.read(object))) === undefined ? [object] : [],
  );
  return (await Promise.all(looks)).flat();
}

/** Makes the objects of a Helm release again that are not in its cluster, and gives their names. */
export async function restored(cluster: KubeConfig, release: ReleaseName): Promise<string[]> {
  const missing = await missingOf(cluster, release);
  const api = KubernetesObjectApi.makeApiClient(cluster);
  for (const object of missing) await api.create(object);
  return missing.map(titleOf);
}

/** `KIND NAME`. */
export const titleOf = ({ kind, metadata }: Named): string => `${kind} ${metadata.name}`;

/** What a manifest has, as Helm makes it. */
export const objectsIn = (manifest: string, { name, namespace }: ReleaseName): Named[] =>
  parseAllDocuments(manifest).flatMap((document) => {
    // A part of the chart that is off leaves nothing but a comment.
    const object = document.toJS() as Named | null;
    if (object === null) return [];
    const { metadata } = object;
    return [
      {
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
      },
    ];
  });
