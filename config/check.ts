import type { z } from "zod";
import { type ChartSources, chartsFromDirectory, chartsFromRepositories } from "../charts.ts";
import { versions as defaultVersions } from "../versions.ts";
import { contradictions } from "./contradictions.ts";
import type { Mistake } from "./mistake.ts";
import { type Settings, schema } from "./schema.ts";
import { configType } from "./types.ts";

/** A stack's configuration, complete and valid, without what is secret. */
export interface CheckedSettings extends Readonly<
  Omit<Settings, "charts" | "licenseKey" | "oidcClientSecret" | "imagePullSecret">
> {
  /** Whether pulling images takes a login. */
  readonly hasPullSecret: boolean;
  /** Where each chart comes from. */
  readonly charts: ChartSources;
}

/** The values of one project's keys; empty text, the default of optional keys, stands for a key that is not set. */
export function settingsOf(project: string, all: Readonly<Record<string, string>>): Record<string, unknown> {
  const prefix = `${project}:`;
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => [key.slice(prefix.length), text] as const)
      .filter(([, text]) => text !== "")
      .map(([key, text]) => [key, isText(key) ? text : parseJson(text)]),
  );
}

/** Pulumi passes whatever is not text as JSON. */
function isText(key: string): boolean {
  const form = (schema.shape as Readonly<Record<string, z.ZodType | undefined>>)[key];
  return form === undefined || configType(form) === "string";
}

/** What is no JSON stays text, and fails the check of its key in the user's words. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Checks a whole configuration as plain data; finds every mistake, or none and the settings, complete. */
export function checkSettings(input: Readonly<Record<string, unknown>>): {
  readonly settings?: CheckedSettings;
  readonly mistakes: readonly Mistake[];
} {
  const { data, error } = schema.safeParse(input);
  const mistakes = [...(error?.issues.flatMap(explain) ?? []), ...contradictions(input)];
  const versions = data?.versions ?? defaultVersions;
  const directory = input["charts"];
  const charts =
    typeof directory === "string"
      ? chartsFromDirectory(versions, directory, (message) => mistakes.push({ path: "charts", message }))
      : chartsFromRepositories(versions, data?.repositories);
  if (data === undefined || mistakes.length > 0) return { mistakes };
  return { settings: { ...data, charts, hasPullSecret: data.imagePullSecret !== undefined }, mistakes };
}

function explain(issue: z.core.$ZodIssue): Mistake[] {
  const path = pathOf(issue.path);
  if (issue.code === "invalid_union") {
    // Of a value that has one of the forms from outside, it is told what is wrong inside.
    const closest = issue.errors.find((issues) => issues.every((inside) => inside.path.length > 0));
    if (closest !== undefined)
      return closest.flatMap((inside) => explain({ ...inside, path: [...issue.path, ...inside.path] }));
  }
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => ({ path, message }));
  if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({
    path: path === "" ? key : `${path}.${key}`,
    message: "there is no such setting",
  }));
}

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (at, key) =>
      typeof key === "number" ? `${at}[${key}]` : at === "" ? String(key) : `${at}.${String(key)}`,
    "",
  );

/** One message for all mistakes. */
export function describe(project: string, mistakes: readonly Mistake[]): string {
  const lines = mistakes.map(({ path, message }) => `  ${project}:${path}: ${message}`);
  return [`The configuration of this stack has mistakes (${mistakes.length}):`, ...lines].join("\n");
}
