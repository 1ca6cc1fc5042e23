/** Reading Kubernetes objects as the plain JSON they are. */
import { isObject, type Props, UNKNOWN } from "../provider.ts";

/** The value under a path of keys, undefined where there is none. */
export const at = (v: unknown, ...path: readonly string[]): unknown =>
  path.reduce((o, key) => (isObject(o) ? o[key] : undefined), v);

export const text = (v: unknown, ...path: readonly string[]): string => {
  const found = at(v, ...path);
  return typeof found === "string" ? found : "";
};

export const number = (v: unknown, ...path: readonly string[]): number => {
  const found = at(v, ...path);
  return typeof found === "number" ? found : 0;
};

export const record = (v: unknown, ...path: readonly string[]): Props => {
  const found = at(v, ...path);
  return isObject(found) ? found : {};
};

export const records = (v: unknown, ...path: readonly string[]): readonly Props[] => {
  const found = at(v, ...path);
  return Array.isArray(found) ? found.filter(isObject) : [];
};

export const nameOf = (o: unknown): string => text(o, "metadata", "name");
export const namespaceOf = (o: unknown): string => text(o, "metadata", "namespace");
export const annotation = (o: unknown, key: string): string => text(o, "metadata", "annotations", key);
export const annotated = (o: unknown, key: string): boolean => annotation(o, `pulumi.com/${key}`) === "true";

/** The group of an apiVersion; "" is the core group. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";

/** The object's condition of that type. */
export const condition = (o: unknown, type: string): Props | undefined =>
  records(o, "status", "conditions").find((c) => c["type"] === type);

/** The resource's ID: "namespace/name", or "name" without a namespace. */
export const idOf = (o: unknown): string => [namespaceOf(o), nameOf(o)].filter(Boolean).join("/");

export const parseId = (id: string): { namespace: string; name: string } => {
  const [first = "", second] = id.split("/");
  return second === undefined ? { namespace: "", name: first } : { namespace: first, name: second };
};

/** Whether a value in it is not known yet (only in previews). */
export const holdsUnknown = (v: unknown): boolean =>
  v === UNKNOWN || (typeof v === "object" && v !== null && Object.values(v).some(holdsUnknown));

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
