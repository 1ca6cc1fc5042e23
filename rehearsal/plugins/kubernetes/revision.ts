/** What helm keeps of a release in the cluster: its revisions, with the objects of each. */
import { gunzipSync } from "node:zlib";
import { parseAllDocuments } from "yaml";
import { isObject, type Props } from "../provider.ts";
import type { Cluster } from "./cluster.ts";
import { groupOf, nameOf, namespaceOf, number, text } from "./object.ts";
import { inspect, refOf } from "./wait.ts";

/** The release's latest revision as helm keeps it in the cluster. */
export async function latestRevision(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<Props | undefined> {
  const query = { labelSelector: `owner=helm,name=${name}` };
  const secrets = await cluster.list({ apiVersion: "v1", kind: "Secret", namespace }, { query });
  const version = (secret: Props): number => Number(text(secret, "metadata", "labels", "version"));
  const latest = secrets.reduce<Props | undefined>(
    (best, secret) => (best !== undefined && version(best) > version(secret) ? best : secret),
    undefined,
  );
  if (latest === undefined) return undefined;
  const packed = Buffer.from(Buffer.from(text(latest, "data", "release"), "base64").toString(), "base64");
  return JSON.parse(gunzipSync(packed).toString()) as Props;
}

/** The number of a revision. */
export const revisionOf = (revision: Props | undefined): number => number(revision, "version");

const objectsIn = (revision: Props): Props[] =>
  parseAllDocuments(text(revision, "manifest"))
    .map((document) => document.toJS() as unknown)
    .filter(isObject);

/** The names of the release's objects by "kind.group/apiVersion". */
export function resourceNames(revision: Props): Record<string, string[]> {
  const names: Record<string, string[]> = {};
  for (const object of objectsIn(revision)) {
    const [apiVersion, kind] = [text(object, "apiVersion"), text(object, "kind")];
    const name = [namespaceOf(object), nameOf(object)].filter(Boolean).join("/");
    const list = (names[`${[kind, groupOf(apiVersion)].filter(Boolean).join(".")}/${apiVersion}`] ??= []);
    list.push(name);
  }
  return Object.fromEntries(Object.entries(names).map(([key, list]) => [key, [...new Set(list)].sort()]));
}

/** What of the release's objects is not ready, and why. */
export async function problemsOf(cluster: Cluster, revision: Props): Promise<string[]> {
  const found = objectsIn(revision).map(async (object) => {
    const ref = { ...refOf(object), namespace: namespaceOf(object) || text(revision, "namespace") };
    const live = await cluster.send("GET", ref);
    const verdict = await inspect(cluster, live);
    if (verdict?.ready !== false) return [];
    return verdict.problems.map((problem) => `${ref.kind} ${ref.namespace}/${ref.name}: ${problem}`);
  });
  // An object that cannot be read has nothing to say about the others.
  return (await Promise.allSettled(found)).flatMap((o) => (o.status === "fulfilled" ? o.value : []));
}
