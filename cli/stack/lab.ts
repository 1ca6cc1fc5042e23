import { readFile } from "node:fs/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { z } from "zod";
import { pulumiCommand } from "../../messages/commands.ts";
import type { CheckedSettings } from "../../config/settings.ts";
import { checkSettings, describe, settingsOf } from "../../config/check.ts";
import { secretsOf } from "../../config/secrets.ts";
import {
  type Project,
  readProject,
  readStackFile,
  type StackFile,
  textsOf,
} from "../../config/stack-file/stack-file.ts";
import { kubeConfigOf } from "../../kubernetes/connection/cluster.ts";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { pulumi } from "./pulumi.ts";
import { root } from "./root.ts";

/** Name of the Pulumi project, which the keys of its configuration begin with. */
export const projectName = (): string => readProject(root).name;

const outputsSchema = z.object({
  contexts: z.array(z.string()),
  kubeconfig: z.string(),
  ingresses: z.record(z.string(), z.string()),
  productPages: z.record(z.string(), z.string()),
});

/** The outputs of a lab that is up, as far as verbs use them. */
export type Outputs = Readonly<z.infer<typeof outputsSchema>>;

const configSchema = z.record(
  z.string(),
  z.object({ value: z.string().exactOptional(), secret: z.boolean().default(false) }),
);

/** The configuration of the stack as Pulumi has it. */
export interface Configuration {
  /** Each key of the project with its value; some are secret, and none of these leaves this process. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly secretKeys: ReadonlySet<string>;
}

/** Reads the configuration of the stack, and checks nothing. */
export async function readConfiguration(): Promise<Configuration> {
  const config = Object.entries(
    configSchema.parse(JSON.parse(await pulumi("config", "--json", "--show-secrets"))),
  );
  const texts = Object.fromEntries(config.map(([key, { value = "" }]) => [key, value]));
  const secret = config.filter(([, entry]) => entry.secret).map(([key]) => key);
  const project = projectName();
  return {
    input: settingsOf(project, texts),
    secretKeys: secretsOf(project, JSON.stringify(secret)),
  };
}

/**
 * The configuration of the stack, checked as the program checks it.
 *
 * @throws Failure with every mistake
 */
export async function readSettings(): Promise<CheckedSettings> {
  return settingsFrom(await readConfiguration());
}

/**
 * The configuration in a stack's file, e.g. `Pulumi.dev.yaml`; needs neither Pulumi nor the stack, and leaves secrets
 * encrypted.
 *
 * @throws Failure with every mistake, or where it is no such file
 */
export async function readSettingsFrom(file: string): Promise<CheckedSettings> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new Failure(
      `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`,
      exitCodes.usage,
    );
  });
  const project = readProject(root);
  return settingsFrom({
    input: settingsOf(project.name, textsOf(stackFile(file, text, project), project)),
    secretKeys: new Set(),
  });
}

function stackFile(file: string, text: string, project: Project): StackFile {
  try {
    return readStackFile(file, text, project.name);
  } catch (error) {
    throw new Failure(error instanceof Error ? error.message : String(error), exitCodes.usage);
  }
}

/**
 * The settings that a configuration comes to, checked as the program checks it.
 *
 * @throws Failure with every mistake
 */
export function settingsFrom({ input, secretKeys }: Configuration): CheckedSettings {
  // Who looks around needs no license.
  const { settings, mistakes } = checkSettings({ ...input, licenseKey: "none" }, secretKeys);
  if (settings === undefined) throw new Failure(describe(projectName(), mistakes));
  return settings;
}

/** Name of the stack. */
export const readStack = async (): Promise<string> => (await pulumi("stack", "--show-name")).trim();

/**
 * The outputs of the stack.
 *
 * @throws Failure where the lab is not up
 */
export async function readOutputs(): Promise<Outputs> {
  const text = await pulumi("stack", "output", "--json", "--show-secrets");
  const { data } = outputsSchema.safeParse(JSON.parse(text));
  if (data === undefined)
    throw new Failure(`The lab is not up: its stack has no outputs. ${pulumiCommand("up")} first.`);
  return data;
}

/** The host, as the lab's configuration names it. */
export const hostOf = ({ hostContext }: Pick<CheckedSettings, "hostContext">): KubeConfig =>
  kubeConfigOf({ context: hostContext });

/** A virtual cluster of the lab. */
export const clusterOf = ({ kubeconfig }: Pick<Outputs, "kubeconfig">, name: string): KubeConfig =>
  kubeConfigOf({ kubeconfig, context: name });

/** Names of the lab's virtual clusters, the management cluster first. */
export const clustersIn = ({ management, workloads }: CheckedSettings): string[] =>
  [management, ...workloads].map(({ name }) => name);

/**
 * The clusters that the user means.
 *
 * @param names what was given; none means all of them
 * @throws Failure where there is no such cluster
 */
export function chosenClusters(settings: CheckedSettings, names: readonly string[]): string[] {
  const all = clustersIn(settings);
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0)
    throw new Failure(
      `The lab has no cluster ${unknown.join(", ")}; it has ${all.join(", ")}.`,
      exitCodes.usage,
    );
  return names.length === 0 ? all : all.filter((name) => names.includes(name));
}
