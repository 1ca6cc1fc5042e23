import { execFile } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { pulumi } from "../pulumi.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "./check.ts";

/** A program that is looked for on PATH. */
interface Tool {
  readonly name: string;
  readonly args: readonly string[];
  /** Oldest version that will do. */
  readonly minimum?: string;
  /** What is said where it is not there, or too old. */
  readonly otherwise: (found: string) => Finding;
}

const tools: readonly Tool[] = [
  {
    name: "node",
    args: ["--version"],
    // The first of its line that runs TypeScript as it is.
    minimum: "22.18.0",
    otherwise: (found) => wrong(found, "Install Node 22.18 or newer: https://nodejs.org."),
  },
  {
    name: "pulumi",
    args: ["version"],
    // The first that calls the program's hooks for whatever fails.
    minimum: "3.244.0",
    otherwise: (found) => wrong(found, "Install Pulumi 3.244 or newer: https://www.pulumi.com/docs/install."),
  },
  {
    name: "helm",
    args: ["version", "--template", "{{.Version}}"],
    minimum: "3.8.0",
    otherwise: (found) =>
      doubtful(
        found,
        "pulumi up needs none. With Helm 3.8 or newer (https://helm.sh/docs/intro/install), doctor and images can say what the charts want.",
      ),
  },
  {
    name: "kubectl",
    args: ["version", "--client", "--output", "json"],
    otherwise: (found) =>
      doubtful(
        found,
        "pulumi up needs none, and what people do next does: https://kubernetes.io/docs/tasks/tools.",
      ),
  },
];

export const toolChecks: readonly Check<unknown>[] = tools.map((tool) => ({
  name: tool.name,
  look: async () => judged(tool, await versionOf(tool)),
}));

/** What to make of the version of a tool; undefined: there is none. */
export function judged({ minimum, otherwise }: Tool, version: string | undefined): Finding {
  if (version === undefined) return otherwise("there is none on PATH");
  return minimum === undefined || isAtLeast(version, minimum)
    ? fine(version)
    : otherwise(`${version} is too old`);
}

/** Versions of the tools that are there. */
export async function toolVersions(): Promise<Record<string, string | undefined>> {
  const found = tools.map(async (tool) => [tool.name, await versionOf(tool)] as const);
  return Object.fromEntries(await Promise.all(found));
}

async function versionOf({ name, args }: Tool): Promise<string | undefined> {
  try {
    const options = { env: { ...process.env, PATH: pathOfPrograms(process.env) }, timeout: 20_000 };
    const { stdout } = await promisify(execFile)(name, [...args], options);
    return /v?\d+\.\d+\.\d+\S*?(?="|\s|$)/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

/**
 * Where `pulumi up`, called from a shell, looks for programs: npm puts the project's own before what a shell has, and
 * these verbs are started by npm.
 */
export function pathOfPrograms(env: NodeJS.ProcessEnv): string {
  const { PATH = "", npm_execpath: npm } = env;
  if (npm === undefined) return PATH;
  const isOfNpm = (folder: string) => /\/node_modules\/\.bin$|\/node-gyp-bin$/.test(folder);
  return PATH.split(delimiter)
    .filter((folder) => !isOfNpm(folder))
    .join(delimiter);
}

/** Whether a version is as new as another; what comes after its three numbers counts for nothing. */
export function isAtLeast(version: string, minimum: string): boolean {
  const numbers = (text: string): number[] => text.replace(/^v/, "").split(/[.+-]/, 3).map(Number);
  const wanted = numbers(minimum);
  const difference = numbers(version)
    .map((number, index) => number - (wanted[index] ?? 0))
    .find((each) => each !== 0);
  return (difference ?? 0) >= 0;
}

/** Plugins of the engine: those of resources have the version of their package, and the other comes with Pulumi. */
const plugins = [
  { kind: "resource", name: "kubernetes", package: "@pulumi/kubernetes" },
  { kind: "resource", name: "random", package: "@pulumi/random" },
  { kind: "resource", name: "command", package: "@pulumi/command" },
  { kind: "language", name: "nodejs", package: "@pulumi/pulumi" },
] as const;

interface Installed {
  readonly name: string;
  readonly kind: string;
  readonly version?: string;
}

export const pluginCheck: Check<unknown> = {
  name: "plugins",
  look: async () => {
    const installed = JSON.parse(await pulumi("plugin", "ls", "--json")) as Installed[];
    const folders = pathOfPrograms(process.env).split(delimiter);
    const cli = firstIn(folders, "pulumi");
    return judgedPlugins(
      installed,
      (program) => firstIn([...folders, ...(cli === undefined ? [] : [dirname(realpathSync(cli))])], program),
      packageVersion,
    );
  },
};

/**
 * What to make of the plugins.
 *
 * @param find where a program is; undefined: nowhere
 * @param versionOfPackage the version of an installed package
 */
export function judgedPlugins(
  installed: readonly Installed[],
  find: (program: string) => string | undefined,
  versionOfPackage: (name: string) => string,
): Finding {
  const missing = plugins.filter(({ kind, name, package: own }) => {
    const isInstalled = installed.some(
      (plugin) => plugin.kind === kind && plugin.name === name && plugin.version === versionOfPackage(own),
    );
    return !isInstalled && find(`pulumi-${kind}-${name}`) === undefined;
  });
  const [first] = missing;
  if (first === undefined) return fine(plugins.map(({ name }) => name).join(", "));
  const language = missing.find(({ kind }) => kind === "language");
  if (language !== undefined)
    return wrong(
      `there is no pulumi-language-${language.name}`,
      "It comes with Pulumi, beside its executable: install Pulumi anew.",
    );
  const names = missing.map((plugin) => `${plugin.name} ${versionOfPackage(plugin.package)}`);
  return doubtful(
    `not installed yet: ${names.join(", ")}`,
    `pulumi up fetches what is missing; without internet: pulumi plugin install resource ${first.name} ${versionOfPackage(first.package)} --file ARCHIVE.`,
  );
}

const firstIn = (folders: readonly string[], program: string): string | undefined =>
  folders.map((folder) => join(folder, program)).find(isExecutable);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const require = createRequire(import.meta.url);
const packageVersion = (name: string): string =>
  (require(`${name}/package.json`) as { version: string }).version;
