/** Who owns which field of an object, in the words of server-side apply. */
import { isObject, type Props } from "../provider.ts";
import { text } from "./object.ts";

const previous = /^(kubectl|before-first-apply|pulumi-kubernetes|pulumi-resource-kubernetes)/;

/** Fields written without apply, by this provider (every creation is a plain POST) or by kubectl. */
export const isLegacy = (entry: Props): boolean =>
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
