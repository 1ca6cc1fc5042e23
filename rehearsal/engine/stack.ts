import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { VersionSetName } from "../../versions/versions.ts";
import { rehearsalMark } from "../../messages/commands.ts";
import { pulumiYaml } from "../../config/stack-file/pulumi-yaml.ts";
import { readProject, type StackFile } from "../../config/stack-file/stack-file.ts";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import { knowing } from "../host/network/name-space.ts";
import { paths, rehearsalDir, root } from "../kit/paths.ts";
import type { Stack } from "./rehearsed-stack.ts";
import { configure, placeholders, rehearsedFile, stackFileIn } from "./stack-files.ts";

/** Set for every process of an engine that the driver starts, so that a later run finds those that outlived it. */
export const engineMark = { name: "MESH_LAB_REHEARSAL_ENGINE", value: rehearsalDir };

/** As much as any run needs: waiting costs nothing, but a waiting resource takes up a slot. */
const parallel = 32;

/** Commands that run the program or read its configuration; only these know `--config-file`. */
const programCommands = new Set([
  "up",
  "update",
  "preview",
  "pre",
  "destroy",
  "refresh",
  "import",
  "watch",
  "config",
]);

/** What Helm and kubectl keep in the user's home else. */
export const ownFolders = {
  HELM_CACHE_HOME: join(paths.helm, "cache"),
  HELM_CONFIG_HOME: join(paths.helm, "config"),
  HELM_DATA_HOME: join(paths.helm, "data"),
  KUBECACHEDIR: join(paths.helm, "kube-cache"),
} as const;

/** Removes what an operation left: the Kubernetes plugin forgets a kubeconfig for each provider. */
export function emptyTemporary(): void {
  for (const entry of readdirSync(paths.temporary))
    rmSync(join(paths.temporary, entry), { recursive: true, force: true });
}

/** Removes the attributes that Pulumi kept beside the files of a state, which it reads wherever they are. */
export function removeAttributes(): void {
  for (const entry of readdirSync(paths.state, { recursive: true, encoding: "utf8" }))
    if (entry.endsWith(".attrs")) rmSync(join(paths.state, entry), { force: true });
}

/** Describes a stack; nothing is written, there is but a place for temporary files. */
export function describeStack(name: string): Stack {
  mkdirSync(paths.temporary, { recursive: true, mode: 0o700 });
  // What npm tells its scripts is of how the driver was started, and not of the user's shell.
  const inherited = Object.entries(process.env).filter(([key]) => !/^(PULUMI|HELM|npm)_/.test(key));
  return {
    name,
    configFile: stackFileIn(paths.stack, name),
    env: {
      ...Object.fromEntries(inherited),
      PATH: [join(root, "node_modules", ".bin"), paths.bin, process.env["PATH"]].join(delimiter),
      [rehearsalMark.name]: rehearsalMark.value,
      KUBECONFIG: paths.kubeconfig,
      // A run starts a dozen processes that load the same large libraries.
      NODE_COMPILE_CACHE: paths.compileCache,
      // The engine and Helm live for seconds: what they would collect is less than the collecting costs.
      GOGC: "400",
      ...ownFolders,
      // Else each file of the state has a second one beside it, which is not written atomically: a kill leaves it empty, and
      // Pulumi then refuses to load the checkpoint.
      PULUMI_BACKEND_URL: `${pathToFileURL(paths.state).href}?metadata=skip`,
      PULUMI_CONFIG_PASSPHRASE_FILE: paths.passphrase,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_HOME: paths.pulumiHome,
      // The plugins are those that were chosen, and whether one has another version than the SDK is told by the box.
      PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
      PULUMI_DEV: "true",
      PULUMI_PARALLEL: String(parallel),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_STACK: name,
      TMPDIR: paths.temporary,
    },
  };
}

/** Opens a stack: its files are written from the user's stack file, and it is created where it is missing. */
export async function openStack(name: string, versionSet: VersionSetName): Promise<Stack> {
  const stack = describeStack(name);
  for (const folder of [paths.stack, paths.state, paths.pulumiHome])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeAttributes();
  if (!existsSync(paths.passphrase)) writeFileAtomically(paths.passphrase, randomBytes(32).toString("hex"));

  copyFileSync(join(root, "Pulumi.yaml"), join(paths.stack, "Pulumi.yaml"));
  const { file } = configure(stack, versionSet);
  if (!stackExists(stack)) await pulumi(stack, ["stack", "init", name, "--no-select"]);
  await setSecrets(stack, file);
  return stack;
}

/**
 * A stack whose configuration is that of the next `make rehearse`, in a folder of its own: verbs that tell of the lab as it
 * stands go on reading the last one's.
 */
export async function nextStack(name: string, versionSet: VersionSetName): Promise<Stack> {
  const standing = describeStack(name);
  if (!existsSync(standing.configFile)) await openStack(name, versionSet);
  mkdirSync(paths.next, { recursive: true, mode: 0o700 });
  copyFileSync(join(root, "Pulumi.yaml"), join(paths.next, "Pulumi.yaml"));
  const stack = { ...standing, configFile: stackFileIn(paths.next, name) };
  const { file } = rehearsedFile(standing, versionSet);
  writeFileAtomically(stack.configFile, pulumiYaml(file));
  await setSecrets(stack, file);
  return stack;
}

/** Gives the program a secret for each key that wants one: what is the user's stays out of a rehearsal. */
async function setSecrets(stack: Stack, { config = {} }: StackFile): Promise<void> {
  const { name } = readProject(root);
  for (const key of placeholders(config, name))
    if (config[`${name}:${key}`] === undefined)
      await pulumi(stack, ["config", "set", "--secret", `${name}:${key}`], `rehearsal-${key}`);
}

/** Where the states of the project's stacks are, or their locks. */
const stateFolder = (...of: readonly string[]): string =>
  join(paths.state, ".pulumi", ...of, readProject(root).name);
const stateFile = ({ name }: Stack): string => join(stateFolder("stacks"), `${name}.json`);

/** Whether the stack has a state. */
const stackExists = (stack: Stack): boolean => existsSync(stateFile(stack));

/** What a look at the state file tells without starting Pulumi. */
export function stateOf(stack: Stack): {
  readonly resources: number;
  readonly pending: number;
  readonly locked: boolean;
} {
  const { checkpoint } = JSON.parse(readFileIfAny(stateFile(stack)) ?? "{}") as {
    checkpoint?: { latest?: { resources?: unknown[]; pending_operations?: unknown[] } };
  };
  const locks = join(stateFolder("locks", "organization"), stack.name);
  return {
    resources: checkpoint?.latest?.resources?.length ?? 0,
    pending: checkpoint?.latest?.pending_operations?.length ?? 0,
    locked: existsSync(locks) && readdirSync(locks).length > 0,
  };
}

/** Whether a command of the Pulumi CLI runs the program or changes its configuration. */
export const isProgramCommand = ([command = ""]: readonly string[]): boolean => programCommands.has(command);

/** Names of the stacks that have anything on the host; there is but one, unless somebody went another way. */
export const stacksWithResources = (): string[] => {
  const folder = stateFolder("stacks");
  const names = existsSync(folder)
    ? readdirSync(folder).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? [])
    : [];
  return names.filter((name) => stateOf(describeStack(name)).resources > 0);
};

/**
 * Where and how the CLI is to be called: what knows no `--config-file` runs in the rehearsal's own folder, or it
 * would write the user's stack file.
 */
function invocation(
  stack: Stack,
  args: readonly string[],
): { readonly args: string[]; readonly cwd: string } {
  return isProgramCommand(args)
    ? { args: [...args, "--config-file", stack.configFile], cwd: root }
    : { args: [...args], cwd: paths.stack };
}

const engineEnv = ({ env }: Stack): NodeJS.ProcessEnv => ({ ...env, [engineMark.name]: engineMark.value });

/** Runs the Pulumi CLI quietly and returns what it printed; `input` goes to its standard input. */
export function pulumi(stack: Stack, args: readonly string[], input?: string): Promise<string> {
  const call = invocation(stack, [...args, "--non-interactive"]);
  return new Promise((resolve, reject) => {
    const options = { cwd: call.cwd, env: stack.env, maxBuffer: 512 * 1024 * 1024 };
    const child = execFile(join(paths.bin, "pulumi"), call.args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`pulumi ${args.join(" ")} failed:\n${stderr.trim() || error.message}`));
    });
    // A command that ends without reading breaks the pipe; its exit code says what matters.
    child.stdin?.on("error", () => undefined).end(input);
  });
}

/** Runs the Pulumi CLI for the user, on the user's terminal; returns its exit code. */
export function pulumiForUser(stack: Stack, args: readonly string[]): Promise<number> {
  const call = invocation(stack, args);
  const env = isProgramCommand(args) ? engineEnv(stack) : stack.env;
  return forUser(knowing("pulumi"), call.args, { cwd: call.cwd, env });
}

/** Runs a verb of the lab on a stack as if this were the user's own; returns its exit code. */
export const labForUser = (
  stack: Stack,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<number> =>
  forUser(knowing("node"), ["dist/cli/main.js", ...args], {
    cwd: root,
    // Where the Pulumi that it calls finds the configuration that is rehearsed.
    env: { ...stack.env, ...more, PULUMI_OPTION_CWD: dirname(stack.configFile) },
  });

function forUser(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
  return new Promise((resolve, reject) => {
    // Ctrl-C reaches both; it is for the program to end.
    process.on("SIGINT", () => undefined);
    // A plugin that outlives it holds on to its output: the end of that is not waited for.
    spawn(program, args, { ...options, stdio: "inherit" })
      .on("error", reject)
      .on("exit", (code) => {
        resolve(code ?? 1);
      });
  });
}

/** Starts an operation of the engine that writes its events to standard output. */
export function startEngine(stack: Stack, verb: "up" | "destroy") {
  const call = invocation(stack, [
    verb,
    "--yes",
    "--skip-preview",
    "--json",
    "--color",
    "never",
    "--non-interactive",
  ]);
  return spawn(knowing("pulumi"), call.args, {
    cwd: call.cwd,
    env: engineEnv(stack),
    stdio: ["ignore", "pipe", "pipe"],
    // Out of the terminal's process group: it is the driver that passes Ctrl-C on, once.
    detached: true,
  });
}
