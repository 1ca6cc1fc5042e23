/** Server-side apply, and who owns which field of an object in its eyes. */
import { isObject, type Props } from "../provider.ts";
import { ApiError, type Cluster, type Ref } from "./cluster.ts";
import { at, records, text } from "./object.ts";

const previous = /^(kubectl|before-first-apply|pulumi-kubernetes|pulumi-resource-kubernetes)/;

/** Fields written without apply, by this provider (every creation is a plain POST) or by kubectl. */
const isLegacy = (entry: Props): boolean =>
  text(entry, "subresource") === "" &&
  text(entry, "operation") === "Update" &&
  previous.test(text(entry, "manager"));

const union = (a: unknown, b: unknown): unknown => {
  if (!isObject(a) || !isObject(b)) return a ?? b;
  return Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, union(a[key], b[key])]),
  );
};

/**
 * The entries with the fields written so far handed over to the manager, undefined if there is nothing to hand over.
 * Without that, the first apply would meet the creation's own fields as another manager's.
 */
export function adoptFields(managed: readonly Props[], manager: string): readonly Props[] | undefined {
  const legacy = managed.filter(isLegacy);
  const [first] = legacy;
  if (first === undefined) return undefined;
  const isOwn = (entry: Props): boolean => entry["manager"] === manager && entry["operation"] === "Apply";
  const ours = managed.filter((entry) => isOwn(entry) && text(entry, "subresource") === "");
  const merged = [...ours, ...legacy];
  const fieldsV1 = merged.map((entry) => entry["fieldsV1"]).reduce(union);
  return [
    ...managed.filter((entry) => !merged.includes(entry)),
    { ...first, manager, operation: "Apply", fieldsV1 },
  ];
}

/** How to apply: under which name, with whose fields, for real or not. */
export interface Apply {
  readonly fieldManager: string;
  readonly force: boolean;
  readonly dryRun?: string;
}

/** Writes the object by server-side apply; fields that someone else owns with another value are an error. */
export async function apply(
  cluster: Cluster,
  ref: Ref,
  before: Props,
  body: Props,
  o: Apply,
): Promise<Props> {
  const managed = records(before, "metadata", "managedFields");
  const adopted = o.dryRun ? undefined : adoptFields(managed, o.fieldManager);
  if (adopted !== undefined) {
    const resourceVersion = at(before, "metadata", "resourceVersion");
    const patch = [
      { op: "replace", path: "/metadata/managedFields", value: adopted },
      { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
    ];
    await cluster.send("PATCH", ref, { contentType: "application/json-patch+json", body: patch });
  }
  // A trial cannot take the fields over first.
  const force = o.force || (o.dryRun !== undefined && managed.some(isLegacy));
  const query = { ...o, force: String(force) };
  try {
    return await cluster.send("PATCH", ref, { query, body, contentType: "application/apply-patch+yaml" });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 409) throw error;
    throw new Error(
      `server-side apply field conflict detected. The resource managed by field manager "${o.fieldManager}" had an apply conflict: ${error.message}`,
    );
  }
}
