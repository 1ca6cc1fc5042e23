import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { isExecutable } from "../../versions/executables.ts";
import { executableOf, packageVersion, type Plugin, plugins } from "../../versions/plugins.ts";
import { isAtLeast } from "../../versions/versions.ts";
import type { Display } from "../kit/display.ts";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import { paths, root } from "../kit/paths.ts";
import { askVersion } from "./plugin-version.ts";
import { describeStack } from "./stack.ts";
import { ensureBuiltPlugin } from "../toolchain/toolchain.ts";
import { shellWord } from "../kit/words.ts";

type Name = (typeof plugins)[number]["name"];

/** Plugins whose place is taken by a stand-in where they cannot be had; another one is built. */
const standIns: ReadonlySet<Name> = new Set(["random", "command", "nodejs"]);

/** Which plugin a run uses. */
export interface ChosenPlugin {
  readonly name: string;
  /** As it says itself; a stand-in has that of the plugin whose place it takes. */
  readonly version: string;
  /** The version that belongs to the SDK of the program. */
  readonly wanted: string;
  /** Path of the real plugin; undefined: the stand-in. */
  readonly real: string | undefined;
}

/** A real plugin. */
interface Found {
  readonly path: string;
  readonly version: string;
}

/**
 * What was found for each plugin, by name. It holds for all verbs: the shell of the next one may not know its folder.
 * The mark tells whether another file is there since.
 */
const memorySchema = z.record(
  z.string(),
  z.object({ path: z.string(), version: z.string(), mark: z.string() }),
);
type Memory = z.infer<typeof memorySchema>;

const memoryFile = join(paths.run, "plugins.json");

/** A download that does not come within this time does not come. */
const installSeconds = 60;

/**
 * Chooses for every plugin a real one: from PATH, where it was found before, from Pulumi's home, or downloaded. Where there
 * is none it takes the stand-in, or builds the plugin that has none.
 */
export async function choosePlugins(display: Display): Promise<readonly ChosenPlugin[]> {
  const before = remembered();
  const found = await Promise.all(plugins.map((plugin) => findReal(display, plugin, before)));
  const kept = plugins.flatMap(({ name }, index): [string, Memory[string]][] => {
    const real = found[index];
    return real === undefined ? [] : [[name, { ...real, mark: markOf(real.path) ?? "" }]];
  });
  writeFileAtomically(memoryFile, JSON.stringify(Object.fromEntries(kept), undefined, 1));

  const chosen: ChosenPlugin[] = [];
  for (const [index, plugin] of plugins.entries()) {
    const wanted = packageVersion(plugin.package);
    const real = found[index] ?? (await built(display, plugin));
    use(plugin, real);
    chosen.push({ name: plugin.name, version: real?.version ?? wanted, wanted, real: real?.path });
  }
  return chosen;
}

const remembered = (): Memory =>
  memorySchema.safeParse(JSON.parse(readFileIfAny(memoryFile) ?? "{}")).data ?? {};

const markOf = (path: string): string | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.size} ${stat.mtimeMs}`;
};

/** The first real plugin that answers, and that the program's SDK can talk to. */
async function findReal(
  display: Display,
  plugin: (typeof plugins)[number],
  before: Memory,
): Promise<Found | undefined> {
  const wanted = packageVersion(plugin.package);
  const known = before[plugin.name];
  const gone = known !== undefined && !isExecutable(known.path);
  const say = (line: string): void => {
    if (gone) display.line(`plugin ${plugin.name} was ${known.path}, which is gone: ${line}`);
  };
  for await (const path of candidates(plugin, wanted, known?.path)) {
    if (!isExecutable(path)) continue;
    const isKnown = known?.path === path && known.mark === markOf(path);
    const version = isKnown ? known.version : await askVersion(plugin, path);
    if (version === undefined) {
      display.line(`${path} does not answer as a plugin, and is passed over`);
    } else if (version !== "" && majorOf(version) !== majorOf(wanted)) {
      display.line(
        `${path} is version ${version} and is passed over: the program needs ${majorOf(wanted)}.x`,
      );
    } else {
      say(`${path} takes its place`);
      return { path, version };
    }
  }
  say(standIns.has(plugin.name) ? "a stand-in takes its place" : "it is built instead");
  return undefined;
}

const majorOf = (version: string): string => version.split(".")[0] ?? "";

/** Where a plugin may be, the best first; a download is tried where all before have nothing. */
async function* candidates(
  plugin: Plugin,
  version: string,
  before: string | undefined,
): AsyncGenerator<string> {
  const executable = executableOf(plugin);
  yield* ambientFolders(plugin).map((folder) => resolve(folder, executable));
  if (before !== undefined) yield before;
  const users = process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
  const folderOf = (home: string): string =>
    join(home, "plugins", `${plugin.kind}-${plugin.name}-v${version}`);
  for (const home of [users, paths.downloads]) yield join(folderOf(home), executable);
  // A language comes with the CLI.
  if (plugin.kind === "language") return;
  if (await install(plugin, version)) yield join(folderOf(paths.downloads), executable);
  yield* others(join(users, "plugins"), plugin).map((folder) => join(folder, executable));
}

/** Where the engine looks for a plugin that is not installed: PATH, and for languages beside the CLI. */
function ambientFolders({ kind }: Plugin): string[] {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== paths.bin);
  return kind === "language" ? [...path, dirname(realpathSync(join(paths.bin, "pulumi")))] : path;
}

/** Folders of a plugin's versions in a Pulumi home, the newest first. */
function others(home: string, { kind, name }: Plugin): string[] {
  const prefix = `${kind}-${name}-v`;
  const folders = existsSync(home) ? readdirSync(home) : [];
  return folders
    .filter((folder) => folder.startsWith(prefix) && /^\d+\.\d+\.\d+$/.test(folder.slice(prefix.length)))
    .sort((a, b) => (isAtLeast(a.slice(prefix.length), b.slice(prefix.length)) ? -1 : 1))
    .map((folder) => join(home, folder));
}

const dayMs = 24 * 60 * 60 * 1000;

/** One try a day per version: without the internet it fails. */
async function install({ kind, name }: Plugin, version: string): Promise<boolean> {
  const file = join(paths.downloads, `${kind}-${name}-v${version}.tried`);
  const tried = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (Date.now() - tried < dayMs) return false;
  const args = ["plugin", "install", kind, name, version];
  const env = { ...describeStack("dev").env, PULUMI_HOME: paths.downloads };
  const installed = await new Promise<boolean>((resolve) => {
    const options = { env, timeout: installSeconds * 1000, killSignal: "SIGKILL" } as const;
    execFile(join(paths.bin, "pulumi"), args, options, (error) => {
      resolve(error === null);
    });
  });
  writeFileAtomically(file, "");
  return installed;
}

/** The plugin of which there is no stand-in, built here. */
async function built(display: Display, { name }: (typeof plugins)[number]): Promise<Found | undefined> {
  if (standIns.has(name)) return undefined;
  const tool = await ensureBuiltPlugin(display);
  return { path: join(paths.bin, tool.name), version: tool.version };
}

/** Where the engine finds a plugin that is installed in the version that belongs to the SDK. */
export const placeOf = (plugin: Plugin): string =>
  join(
    paths.plugins,
    `${plugin.kind}-${plugin.name}-v${packageVersion(plugin.package)}`,
    executableOf(plugin),
  );

/** Makes the engine find what was chosen, and nothing else. */
function use(plugin: (typeof plugins)[number], real: Found | undefined): void {
  const target = placeOf(plugin);
  for (const other of others(paths.plugins, plugin))
    if (other !== dirname(target)) rmSync(other, { recursive: true });
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  if (real !== undefined) {
    const draft = `${target}.tmp`;
    rmSync(draft, { force: true });
    symlinkSync(real.path, draft);
    renameSync(draft, target);
    return;
  }
  const node = realpathSync(join(root, "node_modules", ".bin", "node"));
  const script = join(root, "rehearsal", "dist", `${plugin.name}.js`);
  if (!existsSync(script))
    throw new Error(`The stand-in for plugin ${plugin.name} was not built: node rehearsal/build.ts`);
  writeFileAtomically(target, `#!/bin/sh\nexec ${shellWord(node)} ${shellWord(script)} "$@"\n`);
  chmodSync(target, 0o755);
}
