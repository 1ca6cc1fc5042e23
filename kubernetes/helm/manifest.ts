import { parseAllDocuments, Schema } from "yaml";
import { isMapping, type Mapping } from "../../schema/mapping.ts";

/** An object of a manifest. */
export interface ManifestObject extends Mapping {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Mapping & { readonly name: string; readonly namespace?: string };
}

const isObject = (document: unknown): document is ManifestObject =>
  isMapping(document) && isMapping(document["metadata"]) && typeof document["metadata"]["name"] === "string";

/** One for all documents, of which each would make its own else: that of version 1.1. */
const schema = new Schema({ resolveKnownTags: false, schema: "yaml-1.1" });

/** The objects of a manifest. Helm reads YAML by the rules of 1.1, and takes the last of two equal keys. */
export const objectsOf = (manifest: string): ManifestObject[] =>
  parseAllDocuments(manifest, { version: "1.1", schema, uniqueKeys: false, logLevel: "silent" })
    .map((document) => document.toJS() as unknown)
    .filter(isObject);

/** The same without what they are to be, which takes most of the time: to know which objects there are. */
export const namesOf = (manifest: string): ManifestObject[] =>
  objectsOf(
    manifest
      .split(/^---(?=\s|$)/m)
      .map(withoutContent)
      .join("\n---\n"),
  );

/** A document without its other fields, as far as that can be told by its lines: those of a field are indented. */
function withoutContent(document: string): string {
  const fields = document
    .split(/^(?=[^\s#-])/m)
    .filter((field) => /^(apiVersion|kind|metadata):/.test(field));
  // An alias may be of something in another field.
  return fields.length === 3 && !/[:-]\s+\*/.test(fields.join("")) ? fields.join("") : document;
}

/**
 * A manifest with every object of some, and every field that one of them gives an object. Where an upgrade starts
 * from it, Helm removes from the cluster whatever any of them brought and the new manifest lacks.
 */
export function unionOf(manifests: readonly string[]): string {
  const objects = new Map<string, ManifestObject>();
  for (const object of manifests.flatMap(objectsOf)) {
    const { apiVersion, kind, metadata } = object;
    const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
    const key = [group, kind, metadata.namespace, metadata.name].join(" ");
    objects.set(key, merged(objects.get(key), object) as ManifestObject);
  }
  return [...objects.values()].map((object) => `---\n${JSON.stringify(object)}\n`).join("");
}

/**
 * Fields by which Kubernetes knows an element of a list again; the first that all elements have decides, since an
 * element may have a name beside them.
 */
const elementKeys = ["mountPath", "devicePath", "containerPort", "port", "topologyKey", "ip", "name"];

function merged(before: unknown, after: unknown): unknown {
  if (isMapping(before) && isMapping(after)) {
    const keys = Object.keys({ ...before, ...after });
    return Object.fromEntries(
      keys.map((key) => [key, key in after ? merged(before[key], after[key]) : before[key]]),
    );
  }
  return Array.isArray(before) && Array.isArray(after) ? mergedLists(before, after) : after;
}

function mergedLists(before: readonly unknown[], after: readonly unknown[]): unknown[] {
  const all = [...before, ...after];
  if (!all.every(isMapping)) return [...new Set(all)];
  const key = elementKeys.find((name) => all.every((element) => name in element));
  // Kubernetes replaces such a list as a whole.
  if (key === undefined) return [...after];
  const elements = new Map<unknown, unknown>();
  for (const element of all) elements.set(element[key], merged(elements.get(element[key]), element));
  return [...elements.values()];
}
