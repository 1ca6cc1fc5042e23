import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { z } from "zod";
import { isExecutable } from "../executables.ts";
import { executableOf, packageVersion, type Plugin, plugins } from "../plugins.ts";
import { bundle } from "./bundle.ts";
import { readFileIfAny, writeFileAtomically } from "./host/files.ts";
import { paths, root } from "./paths.ts";
import type { Stack } from "./stack.ts";

/** What stands in for each plugin where it cannot be had, under `rehearsal/plugins/`. */
const standIns: Readonly<Record<(typeof plugins)[number]["name"], string>> = {
  kubernetes: "kubernetes.ts",
  random: "random.ts",
  command: "command.ts",
  nodejs: "language-nodejs.ts",
};

/** Which plugin a run uses. */
export interface ChosenPlugin {
  readonly name: string;
  readonly version: string;
  /** Path of the real plugin; undefined: the stand-in. */
  readonly real: string | undefined;
}

const installSeconds = 20;

/** Chooses for every plugin the real one where it is found or can be installed, else the stand-in. */
export async function choosePlugins(stack: Stack): Promise<readonly ChosenPlugin[]> {
  mkdirSync(paths.plugins, { recursive: true, mode: 0o700 });
  return Promise.all(
    plugins.map(async (plugin) => {
      const version = packageVersion(plugin.package);
      const found = await findReal(stack, plugin, version);
      await use(plugin, found);
      return { name: plugin.name, version, real: found?.path };
    }),
  );
}

/** A real plugin, and whether the engine finds it by itself. */
interface Found {
  readonly path: string;
  readonly visible: boolean;
}

async function findReal(stack: Stack, plugin: Plugin, version: string): Promise<Found | undefined> {
  const own = pluginPath(paths.pulumiHome, plugin, version);
  const users = pluginPath(process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"), plugin, version);
  const here = (): Found | undefined =>
    [...ambientFolders(plugin).map((folder) => join(folder, executableOf(plugin))), own]
      .filter(isExecutable)
      .map((path) => ({ path, visible: true }))[0];
  const found = here() ?? (isExecutable(users) ? { path: users, visible: false } : undefined);
  if (found !== undefined) return found;
  return (await install(stack, plugin, version)) ? here() : undefined;
}

/** Where the engine looks for a plugin that is not installed: PATH, and for languages beside the CLI. */
function ambientFolders({ kind }: Plugin): string[] {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== paths.plugins);
  return kind === "language" ? [...path, dirname(realpathSync(join(paths.bin, "pulumi")))] : path;
}

/** One brief try per version: without the internet it fails, and that is not asked again. */
async function install(stack: Stack, { kind, name }: Plugin, version: string): Promise<boolean> {
  // Languages come with the CLI.
  if (kind === "language") return false;
  const file = join(paths.run, `plugin-${name}.json`);
  const tried = triedSchema.safeParse(JSON.parse(readFileIfAny(file) ?? "{}")).data?.tried;
  if (tried === version) return false;
  const args = ["plugin", "install", kind, name, version];
  const installed = await new Promise<boolean>((resolve) => {
    const options = { env: stack.env, timeout: installSeconds * 1000, killSignal: "SIGKILL" } as const;
    execFile(join(paths.bin, "pulumi"), args, options, (error) => {
      resolve(error === null);
    });
  });
  writeFileAtomically(file, JSON.stringify({ tried: version } satisfies z.infer<typeof triedSchema>));
  return installed;
}

const triedSchema = z.object({ tried: z.string() });

/** Makes the engine find what was chosen, and nothing else. */
async function use(plugin: (typeof plugins)[number], found: Found | undefined): Promise<void> {
  const wrapper = join(paths.plugins, executableOf(plugin));
  rmSync(wrapper, { force: true });
  if (found === undefined) {
    const node = realpathSync(join(root, "node_modules", ".bin", "node"));
    const script = join(root, "rehearsal", "plugins", standIns[plugin.name]);
    if (!existsSync(script)) throw new Error(`The stand-in for plugin ${plugin.name} is missing: ${script}`);
    await bundle(plugin.name, { [plugin.name]: script });
    const bundled = join(paths.bundles, `${plugin.name}.mjs`);
    writeFileAtomically(wrapper, `#!/bin/sh\nexec "${node}" "${bundled}" "$@"\n`);
    chmodSync(wrapper, 0o755);
  } else if (!found.visible) {
    symlinkSync(found.path, wrapper);
  }
}

const pluginPath = (home: string, plugin: Plugin, version: string): string =>
  join(home, "plugins", `${plugin.kind}-${plugin.name}-v${version}`, executableOf(plugin));
