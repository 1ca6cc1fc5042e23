import { enabledCapabilities, topologyOf } from "../capabilities/all.ts";
import type { z } from "zod";
import { chartPins, chartsFromDirectory, chartsFromRepositories } from "../versions/charts.ts";
import type { Versions } from "../versions/version-set.ts";
import { versionSetOf } from "../versions/versions.ts";
import { brokenRules } from "./rules.ts";
import { versionSetIn } from "./version-rules.ts";
import { describeIssue } from "./issues.ts";
import { withoutEmpty } from "../schema/mapping.ts";
import type { Mistake } from "./mistake.ts";
import { schema } from "./schema.ts";
import type { CheckedSettings } from "./settings.ts";
import { alwaysSecret, misplacedSecrets } from "./secrets.ts";
import { configType } from "../schema/types.ts";

/** The values of one project's keys; empty text, the default of optional keys, stands for a key that is not set. */
export function settingsOf(project: string, all: Readonly<Record<string, string>>): Record<string, unknown> {
  const prefix = `${project}:`;
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => [key.slice(prefix.length), text] as const)
      .filter(([, text]) => text !== "")
      .map(([key, text]) => [key, isText(key, text) ? text : parseJson(text)]),
  );
}

/** Pulumi passes whatever is not text as JSON, and does not say which it is: an object is no text. */
function isText(key: string, text: string): boolean {
  const form = (schema.shape as Readonly<Record<string, z.ZodType | undefined>>)[key];
  if (form !== undefined && configType(form) !== "text") return false;
  return alwaysSecret.has(key) || typeof parseJson(text) !== "object";
}

/** What is no JSON stays text, and fails the check of its key in the user's words. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/**
 * Checks a whole configuration as plain data; finds every mistake, or none and the settings, complete.
 *
 * @param secretKeys keys whose values are, or hold, secrets: no message shows them
 */
export function checkSettings(
  given: Readonly<Record<string, unknown>>,
  secretKeys: ReadonlySet<string> = new Set(),
): {
  readonly settings?: CheckedSettings;
  readonly mistakes: readonly Mistake[];
} {
  const input = withoutEmpty(given);
  const isSecret = (key: string): boolean => secretKeys.has(key) || alwaysSecret.has(key);
  // Of these it is told that they are secret, and nothing else.
  const misplaced = misplacedSecrets(secretKeys);
  const { data, error } = schema.safeParse(input);
  const mistakes = [
    ...(error?.issues.flatMap((issue) => describeIssue(issue, input, isSecret)) ?? []),
    ...brokenRules(input).filter(({ path }) => !misplaced.includes(/^\w*/.exec(path)?.[0] ?? "")),
  ];
  const set = versionSetOf(versionSetIn(input));
  // A version that is not chosen is no member.
  const versions: Versions = { ...set.versions, ...(data?.versions as Partial<Versions> | undefined) };
  const pins = chartPins(set, versions);
  const directory = input["charts"];
  const charts =
    typeof directory === "string"
      ? chartsFromDirectory(pins, directory, (message) => mistakes.push({ path: "charts", message }))
      : chartsFromRepositories(pins, data?.repositories);
  if (data === undefined || mistakes.length > 0) return { mistakes };
  const enabled = enabledCapabilities(data.capabilities, topologyOf(data.workloads));
  const hasPullSecret = data.imagePullSecret !== undefined;
  return { settings: { ...data, set, versions, enabled, charts, hasPullSecret }, mistakes };
}

/** One message for all mistakes. */
export function describe(project: string, mistakes: readonly Mistake[]): string {
  const lines = mistakes.map(({ path, message }) => `  ${project}:${path}: ${message}`);
  return [`The configuration of this stack has mistakes (${mistakes.length}):`, ...lines].join("\n");
}
