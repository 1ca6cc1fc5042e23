import type { Mistake } from "./contradictions.ts";

/** The keys of one project whose values are, or hold, secrets, going by the list that Pulumi passes to programs. */
export function secretsOf(project: string, secretKeys = "[]"): ReadonlySet<string> {
  const prefix = `${project}:`;
  const keys = JSON.parse(secretKeys) as string[];
  return new Set(keys.flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : [])));
}

/** Keys that may hold secrets; what any other says shows in previews and in the state. */
const mayBeSecret = new Set(["licenseKey", "values"]);

/** What must be secret and is not, and what is and would not stay so. */
export function checkSecrets(
  settings: Readonly<Record<string, unknown>>,
  secretKeys: ReadonlySet<string>,
): Mistake[] {
  const plain = settings["licenseKey"] !== undefined && !secretKeys.has("licenseKey");
  const misplaced = [...secretKeys].filter((key) => !mayBeSecret.has(key));
  return [
    ...(plain
      ? [{ path: "licenseKey", message: "it is in plain text: pulumi config set --secret licenseKey KEY" }]
      : []),
    ...misplaced.map((path) => ({
      path,
      message: "it holds a secret, which would not stay one; only licenseKey and values may",
    })),
  ];
}
