import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { type ChartSources, chartsFromDirectory, chartsFromRepositories } from "./charts.ts";
import { unknownCombinations } from "./compatibility.ts";
import { checkAmbientHost, currentCluster } from "./config/ambient-host.ts";
import { clusterNames, contradictions, type Mistake } from "./config/contradictions.ts";
import { type Settings, schema } from "./config/schema.ts";
import { configType } from "./config/types.ts";
import { versions as defaultVersions } from "./versions.ts";

/** The whole configuration of a lab, complete and valid; what each member means is said in `config/schema.ts`. */
export interface LabConfig extends Readonly<Omit<Settings, "charts" | "licenseKey">> {
  /** Where each chart comes from. */
  readonly charts: ChartSources;
  /** Solo.io license key; secret. */
  readonly licenseKey: pulumi.Output<string>;
  /** Whether extra values hold a secret, which makes all values of the releases that take them secret. */
  readonly secretValues: boolean;
}

/** A cluster as it is configured. */
export type ManagementConfig = LabConfig["management"];
export type WorkloadConfig = LabConfig["workloads"][number];

/**
 * Reads and checks the stack's configuration, and says which cluster is the host.
 *
 * @throws pulumi.RunError with every mistake in one message, before anything is declared
 */
export async function readConfig(): Promise<LabConfig> {
  const project = pulumi.getProject();
  const all = settingsOf(project, pulumi.runtime.allConfig());
  const secretKeys = secretsOf(project, process.env["PULUMI_CONFIG_SECRET_KEYS"]);
  const { settings, mistakes: found } = checkSettings(all);
  const mistakes = [...found, ...checkSecrets(all, secretKeys), ...(await checkHost(all))];
  if (settings === undefined || mistakes.length > 0) throw new pulumi.RunError(describe(project, mistakes));
  for (const risk of unknownCombinations(settings.versions)) await pulumi.log.warn(risk);
  return {
    ...settings,
    licenseKey: new pulumi.Config().requireSecret("licenseKey"),
    secretValues: secretKeys.has("values"),
  };
}

/** Says which cluster is the host, and finds what speaks against it; a preview may do without one. */
async function checkHost(settings: Readonly<Record<string, unknown>>): Promise<Mistake[]> {
  const { hostContext } = settings;
  if (typeof hostContext === "string") {
    await pulumi.log.info(`host: context ${hostContext}`);
    return [];
  }
  const current = await currentCluster();
  if (current === undefined && pulumi.runtime.isDryRun()) {
    await pulumi.log.info("host: none, there is no kubeconfig with a current context");
    return [];
  }
  if (current !== undefined) await pulumi.log.info(`host: context ${current.context}, ${current.server}`);
  return checkAmbientHost(current, clusterNames(settings));
}

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
  readonly settings?: Omit<LabConfig, "licenseKey" | "secretValues">;
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
  return { settings: { ...data, charts }, mistakes };
}

function explain(issue: z.core.$ZodIssue): Mistake[] {
  const path = pathOf(issue.path);
  if (issue.code === "invalid_union") {
    // What is wrong with the form that it comes closest to is the better message.
    const closest = issue.errors.find((issues) => issues.every(({ code }) => code !== "invalid_value"));
    if (closest?.every((inside) => inside.path.length > 0) === true)
      return closest.flatMap((inside) => explain({ ...inside, path: [...issue.path, ...inside.path] }));
  }
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
