import { gunzipSync, gzipSync } from "node:zlib";
import type { CoreV1Api, V1Secret } from "@kubernetes/client-node";
import { ifExists } from "./cluster.ts";

/** A Helm release by name. */
export interface ReleaseName {
  readonly namespace: string;
  readonly name: string;
}

/** What Helm keeps of a release: a Secret for each revision, the oldest first. */
async function revisionsOf(core: CoreV1Api, { namespace, name }: ReleaseName): Promise<V1Secret[]> {
  const labelSelector = `owner=helm,name=${name}`;
  const { items } = await core.listNamespacedSecret({ namespace, labelSelector });
  const revision = ({ metadata }: V1Secret): number => Number(metadata?.labels?.["version"]);
  return items.toSorted((a, b) => revision(a) - revision(b));
}

/** Status of a release's last revision, e.g. `pending-install`; undefined: there is no such release. */
export async function statusOf(core: CoreV1Api, release: ReleaseName): Promise<string | undefined> {
  return (await revisionsOf(core, release)).at(-1)?.metadata?.labels?.["status"];
}

/** Gives the last revision the status `failed`, as Helm does itself where it is not killed; an upgrade goes on from there. */
export async function markFailed(core: CoreV1Api, release: ReleaseName): Promise<void> {
  const revision = (await revisionsOf(core, release)).at(-1);
  if (revision === undefined) return;
  const { metadata: { name = "", labels = {} } = {}, data = {} } = revision;
  labels["status"] = "failed";
  data["release"] = withStatus(data["release"] ?? "", "failed");
  await core.replaceNamespacedSecret({ name, namespace: release.namespace, body: revision });
}

/** Helm keeps a revision as JSON in gzip in base64, and Secrets have base64 of their own. */
export function decodeRevision(encoded: string): unknown {
  const text = Buffer.from(Buffer.from(encoded, "base64").toString(), "base64");
  return JSON.parse(gunzipSync(text).toString());
}

function withStatus(encoded: string, status: string): string {
  const revision = decodeRevision(encoded) as { info: Record<string, unknown> };
  const changed = { ...revision, info: { ...revision.info, status } };
  return Buffer.from(gzipSync(JSON.stringify(changed)).toString("base64")).toString("base64");
}

/** Makes Helm forget a release; what it consists of stays, and is adopted by an installation of the same name. */
async function forget(core: CoreV1Api, release: ReleaseName): Promise<void> {
  const { namespace } = release;
  const names = (await revisionsOf(core, release)).map(({ metadata }) => metadata?.name ?? "");
  await Promise.all(names.map((name) => ifExists(core.deleteNamespacedSecret({ namespace, name }))));
}

/** What Helm says of a release that somebody else left, or works on, and what makes it go on from there. */
const remedies: readonly (readonly [
  complaint: string,
  remedy: (core: CoreV1Api, release: ReleaseName) => Promise<void>,
])[] = [
  ["cannot re-use a name that is still in use", forget],
  ["another operation (install/upgrade/rollback) is in progress", markFailed],
];

/**
 * Makes good what a run that was cut off left of a release, where that is what went wrong. A stack's lock keeps
 * other runs away, and nobody but the stack installs anything in its namespaces: what stands in the way is its own.
 *
 * @returns whether the operation is worth another try
 */
export async function mend(
  core: CoreV1Api,
  release: ReleaseName,
  errors: readonly string[],
): Promise<boolean> {
  const found = remedies.find(([complaint]) => errors.some((error) => error.includes(complaint)));
  await found?.[1](core, release);
  return found !== undefined;
}
