/** The inputs of plain objects, between the program, the server and the state. */
import { createHash, randomBytes } from "node:crypto";
import { isObject, type Props, secret } from "../provider.ts";
import { unsupported } from "./config.ts";
import { annotated, annotation, groupOf, holdsUnknown, nameOf, record, text } from "./object.ts";

const clusterScoped = new Set(
  (
    "APIService CertificateSigningRequest ClusterRole ClusterRoleBinding CSIDriver CSINode CustomResourceDefinition " +
    "FlowSchema IngressClass MutatingWebhookConfiguration Namespace Node PersistentVolume PriorityClass " +
    "PriorityLevelConfiguration RuntimeClass StorageClass ValidatingWebhookConfiguration VolumeAttachment"
  ).split(" "),
);

/** Whether it is one of Kubernetes' own kinds without a namespace, which needs no server to be known. */
export const isClusterScoped = (o: Props): boolean =>
  /^([a-z]*|.*\.k8s\.io)$/.test(groupOf(text(o, "apiVersion"))) && clusterScoped.has(text(o, "kind"));

export const withMetadata = (o: Props, change: Props): Props =>
  "metadata" in o && !isObject(o["metadata"])
    ? o
    : { ...o, metadata: { ...record(o, "metadata"), ...change } };

export const without = (o: Props, ...keys: readonly string[]): Props =>
  Object.fromEntries(Object.entries(o).filter(([key]) => !keys.includes(key)));

function renamed(v: unknown, from: string, to: string): unknown {
  if (Array.isArray(v)) return v.map((inner) => renamed(inner, from, to));
  if (!isObject(v)) return v;
  const prefix = `x${from}kubernetes${from}`;
  const name = (key: string): string => (key.startsWith(prefix) ? key.replaceAll(from, to) : key);
  return Object.fromEntries(Object.entries(v).map(([key, inner]) => [name(key), renamed(inner, from, to)]));
}

/** As the server writes it; the SDK has underscores where CRDs have `x-kubernetes-...`. */
export const toServer = (o: Props): Props => renamed(o, "_", "-") as Props;
export const fromServer = (o: Props): Props => renamed(o, "-", "_") as Props;

/** What a Secret holds is secret wherever it came from. */
export function hideData(o: Props): Props {
  const hidden = ["data", "stringData"].filter((key) => o["kind"] === "Secret" && key in o);
  return { ...o, ...Object.fromEntries(hidden.map((key) => [key, secret(o[key])])) };
}

const readOnly =
  "creationTimestamp deletionGracePeriodSeconds deletionTimestamp generation managedFields resourceVersion uid";

/** The inputs in the form in which the server gives them back. */
export function normalized(inputs: Props): Props {
  const { metadata, stringData } = inputs;
  const clean = isObject(metadata)
    ? { ...inputs, metadata: without(metadata, ...readOnly.split(" ")) }
    : inputs;
  if (inputs["kind"] !== "Secret" || !isObject(stringData) || holdsUnknown(inputs)) return clean;
  const encode = (value: unknown): string => Buffer.from(String(value)).toString("base64");
  const encoded = Object.entries(stringData).map(([key, value]) => [key, encode(value)]);
  return {
    ...without(clean, "stringData"),
    data: { ...record(inputs, "data"), ...Object.fromEntries(encoded) },
  };
}

/** The last part of a URN: the resource's name in the program. */
export const urnName = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

/** The inputs with a name: the given one, else the one found for it before, else a new one. */
export function named(inputs: Props, olds: Props, urn: string, seed: Buffer): Props {
  if (nameOf(inputs) !== "" || holdsUnknown(inputs["metadata"])) return inputs;
  const random = seed.length > 0 ? createHash("sha256").update(seed).digest() : randomBytes(4);
  const name = annotated(olds, "autonamed")
    ? nameOf(olds)
    : `${urnName(urn)}-${random.toString("hex").slice(0, 8)}`;
  const annotations = { ...record(inputs, "metadata", "annotations"), "pulumi.com/autonamed": "true" };
  return withMetadata(inputs, { name, annotations });
}

/** What is wrong with the inputs before any server sees them. */
export function inputFailures(type: string, inputs: Props): { property: string; reason: string }[] {
  const kind = text(inputs, "kind");
  const token = type.slice(type.lastIndexOf(":") + 1);
  const generated = text(inputs, "metadata", "generateName") !== "" && nameOf(inputs) === "";
  const missing = "it is missing: say which kind of object this is";
  const checks: readonly (readonly [property: string, isWrong: boolean, reason: string])[] = [
    ["apiVersion", text(inputs, "apiVersion") === "", missing],
    ["kind", kind === "", missing],
    ["kind", token === `${kind}Patch` || (token === kind && token.endsWith("List")), unsupported(token)],
    ["metadata", annotation(inputs, "pulumi.com/waitFor") !== "", unsupported("pulumi.com/waitFor")],
    ["metadata", generated, "the `.metadata.generateName` field is not supported in Server-Side Apply mode"],
  ];
  return checks.filter(([, isWrong]) => isWrong).map(([property, , reason]) => ({ property, reason }));
}
