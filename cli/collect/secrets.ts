import type { V1Secret } from "@kubernetes/client-node";
import { redact } from "../../messages/redact.ts";

/** What is written in the place of a secret. */
export const blank = "[secret]";

/** A shorter text is no secret worth the name, and would be found in the middle of other words. */
const shortest = 6;

/** Everything in a value that is text. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** How Pulumi marks a secret in a state. */
const mark = { key: "4dabf18193072939515e22adb298388d", value: "1b47061264138c4ac30d75fd1eb44270" };

/**
 * Every text that is secret in a state which was exported with its secrets. Values of releases are secret as a whole
 * where one of them is; what is secret among them is in the configuration.
 */
export function secretsInState(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const { [mark.key]: kind, plaintext } = value as Readonly<Record<string, unknown>>;
  if (kind === mark.value && typeof plaintext === "string")
    return [plaintext, ...textsIn(JSON.parse(plaintext))];
  return Object.entries(value).flatMap(([key, inner]) => (key === "values" ? [] : secretsInState(inner)));
}

/** Secrets of a state but for words that stand in a URN, such as the name of a cluster: URNs are plain for everybody. */
export function withoutNames(secrets: readonly string[], state: unknown): string[] {
  const urns = (JSON.stringify(state).match(/urn:pulumi:[^"\\]+/g) ?? []).join("\n");
  return secrets.filter((secret) => !/^[a-z][a-z0-9-]*$/.test(secret) || !urns.includes(secret));
}

/** What a Secret holds, decoded and as it is; what it says of its own place is none. */
export const secretsInObject = ({ data = {} }: V1Secret): string[] =>
  Object.entries(data)
    .filter(([key]) => key !== "namespace")
    .flatMap(([, encoded]) => [encoded, Buffer.from(encoded, "base64").toString()]);

/** Gives a function that takes known secrets, and whatever looks like one, out of a text. */
export function createScrub(secrets: Iterable<string>): (text: string) => string {
  const known = [...new Set([...secrets].flatMap((secret) => [secret, secret.trim()]))]
    .filter((secret) => secret.length >= shortest)
    // Some are parts of others.
    .sort((a, b) => b.length - a.length);
  return (text) => redact(known.reduce((rest, secret) => rest.replaceAll(secret, blank), text));
}

const secretName = /licen[sc]e|passw|passphrase|secret|token|credential|private|api.?key|access.?key/i;

/** The same values without the texts whose names say that they are secret. */
export function withoutSecretValues(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((entry) => withoutSecretValues(entry, name));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, withoutSecretValues(inner, key)]),
    );
  return typeof value === "string" && value !== "" && secretName.test(name) ? blank : value;
}

/**
 * An object of Kubernetes for people to read: without what servers keep for themselves, and without values of
 * environment variables whose names say that they are secret.
 */
export function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const { name, value: text } = value as { name?: unknown; value?: unknown };
  const isVariable = typeof name === "string" && typeof text === "string";
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !ofServers.has(key))
      .map(([key, inner]) => [
        key,
        isVariable && key === "value" && secretName.test(name) ? blank : readable(inner),
      ]),
  );
}

const ofServers = new Set(["managedFields", "kubectl.kubernetes.io/last-applied-configuration"]);
