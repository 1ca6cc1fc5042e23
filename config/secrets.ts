import { setting } from "../messages/commands.ts";
import type { Mistake } from "./mistake.ts";

/** The keys of one project whose values are, or hold, secrets, going by the list that Pulumi passes to programs. */
export function secretsOf(project: string, secretKeys = "[]"): ReadonlySet<string> {
  const prefix = `${project}:`;
  const keys = JSON.parse(secretKeys) as string[];
  return new Set(keys.flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : [])));
}

/** Keys that are secrets, each with what to call it in a command. */
const secrets = { licenseKey: "KEY", oidcClientSecret: "SECRET", imagePullSecret: "< config.json" };

/** Keys whose values no message shows. */
export const alwaysSecret: ReadonlySet<string> = new Set(Object.keys(secrets));

/** Keys that may hold secrets; what any other says shows in previews and in the state. */
const mayBeSecret = new Set([...alwaysSecret, "values"]);

/** Keys that are secret, and whose values would not stay so. */
export const misplacedSecrets = (secretKeys: ReadonlySet<string>): string[] =>
  [...secretKeys].filter((key) => !mayBeSecret.has(key));

/** Keys that must be secret and are not, each with what makes it so. */
export const plainSecrets = (
  settings: Readonly<Record<string, unknown>>,
  secretKeys: ReadonlySet<string>,
): { readonly path: string; readonly mend: string }[] =>
  Object.entries(secrets)
    .filter(([key]) => settings[key] !== undefined && !secretKeys.has(key))
    .map(([path, what]) => ({ path, mend: setting(path, what, { secret: true }) }));

/** What must be secret and is not, and what is and would not stay so. */
export function checkSecrets(
  settings: Readonly<Record<string, unknown>>,
  secretKeys: ReadonlySet<string>,
): Mistake[] {
  return [
    ...plainSecrets(settings, secretKeys).map(({ path, mend }) => ({
      path,
      message: `it is in plain text: ${mend}`,
    })),
    ...misplacedSecrets(secretKeys).map((path) => ({
      path,
      message: `it holds a secret, which would not stay one; only ${[...mayBeSecret].join(", ")} may`,
    })),
  ];
}
