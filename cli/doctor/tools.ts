import { execFile } from "node:child_process";
import { delimiter } from "node:path";
import { promisify } from "node:util";
import { isAtLeast } from "../../versions/versions.ts";
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
function judged({ minimum, otherwise }: Tool, version: string | undefined): Finding {
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
