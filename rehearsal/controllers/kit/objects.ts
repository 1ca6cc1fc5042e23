import type { KubernetesObject, V1Container, V1Pod } from "@kubernetes/client-node";

/** The part of an object's metadata that controllers look at, with nothing left undefined that a live object has. */
export interface Meta {
  readonly name: string;
  /** Empty for objects that are in no namespace. */
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** It has been asked to go, but is still there. */
  readonly leaving: boolean;
}

/** The object as the plain data that it is, although the library's types name classes. */
export const plain = <T extends object>(object: T): { [K in keyof T]: T[K] } => object;

/** The metadata of a live object. */
export function meta(object: KubernetesObject): Meta {
  const { name = "", namespace = "", uid = "", labels = {}, annotations = {} } = object.metadata ?? {};
  return {
    name,
    namespace,
    uid,
    labels,
    annotations,
    leaving: object.metadata?.deletionTimestamp !== undefined,
  };
}

/** "namespace/name", or the name of an object that is in no namespace. */
export function keyOf(object: KubernetesObject): string {
  const { namespace, name } = meta(object);
  return joinKey(namespace, name);
}

/** The key of the object with this name. */
export const joinKey = (namespace: string, name: string): string =>
  namespace === "" ? name : `${namespace}/${name}`;

/** The namespace and name in a key. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, Math.max(slash, 0)), name: key.slice(slash + 1) };
}

/** Whether a pod has the condition Ready and is not going. */
export function isServing(pod: V1Pod): boolean {
  const conditions = pod.status?.conditions ?? [];
  return !meta(pod).leaving && conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

/** Whether the labels contain all that the selector asks for; an empty selector selects nothing, as a Service's. */
export function matches(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}

/** All containers of a pod, those for initialization first. */
export function containersOf(pod: V1Pod): readonly V1Container[] {
  return [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
}

/** The text behind a key of a Secret; undefined if there is no such Secret or key. */
export function secretText(
  secret: { data?: Readonly<Record<string, string>> } | undefined,
  key: string,
): string | undefined {
  const value = secret?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}

/** Text as a Secret's data holds it. */
export const base64 = (text: string): string => Buffer.from(text).toString("base64");
