import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Display, duration } from "../kit/display.ts";
import { paths } from "../kit/paths.ts";
import { GoFailure, hintFor, neededGiB, runGo } from "./go.ts";
import type { Source } from "./sources.ts";
import type { Tool } from "./tools.ts";

/** One program to build. */
export interface Build {
  readonly source: Source;
  readonly tool: Tool;
  readonly version: string;
  /** E.g. `2 of 8`. */
  readonly count: string;
}

const heartbeatSeconds = 30;

/** Fails early where a build could only fail late: without Go, or without room for its caches. */
export function checkBuildable(names: readonly string[], instead: string): void {
  const env = spawnSync("go", ["env", "GOCACHE", "GOMODCACHE"], { encoding: "utf8" });
  if (env.error !== undefined || env.status !== 0) {
    throw new Error(
      `${names.join(", ")} must be built, and there is no working Go on PATH. Install Go (https://go.dev/dl), or ${instead}.`,
    );
  }
  for (const folder of [...env.stdout.trim().split("\n"), paths.bin]) {
    const { bavail, bsize } = statfsSync(existingParent(folder));
    const free = (bavail * bsize) / 2 ** 30;
    if (free < neededGiB) {
      throw new Error(
        `${names.join(", ")} must be built, and that may take ${neededGiB} GiB; only ${free.toFixed(1)} GiB are free at ` +
          `${folder}. Make room there, or set GOCACHE and GOMODCACHE to places that have it.`,
      );
    }
  }
}

const existingParent = (path: string): string => (existsSync(path) ? path : existingParent(dirname(path)));

/** Builds one program; a build that is interrupted leaves nothing but Go's caches, from which the next goes on. */
export async function build(display: Display, { source, tool, version, count }: Build): Promise<void> {
  const target = join(paths.bin, tool.name);
  const draft = join(paths.bin, `.${tool.name}.tmp`);
  const laidOver = join(paths.bin, `.${tool.name}.files`);
  const logFile = join(paths.logs, "toolchain.log");
  mkdirSync(paths.bin, { recursive: true, mode: 0o700 });
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });

  const log = openSync(logFile, "a", 0o600);
  const start = display.elapsed();
  const what = `building ${tool.name} ${version} (${count})`;
  display.line(source.cost === undefined ? what : `${what}, which ${source.cost}`);
  const ticker = setInterval(
    () => {
      const text = `${what} ... ${Math.round(display.elapsed() - start)} s`;
      if (display.tty) display.live(text);
      else display.line(text);
    },
    display.tty ? 1000 : heartbeatSeconds * 1000,
  );
  try {
    const go = (...args: string[]): Promise<string> => runGo(args, { cwd: source.folder, log });
    const overlaid = await overlay(source, laidOver, go);
    const args = ["build", "-mod=readonly", "-trimpath", ...source.flags, ...overlaid, "-o", draft];
    await go(...args, packageOf(tool));
    renameSync(draft, target);
  } catch (error) {
    const output = error instanceof GoFailure ? error.output : "";
    throw new Error(
      [
        `${tool.name} could not be built (${error instanceof Error ? error.message : String(error)}):`,
        output.trimEnd().split("\n").slice(-15).join("\n"),
        hintFor(output),
        `Everything it printed: ${logFile}`,
      ]
        .filter((line) => line !== undefined)
        .join("\n"),
    );
  } finally {
    clearInterval(ticker);
    closeSync(log);
    for (const rest of [draft, laidOver]) rmSync(rest, { recursive: true, force: true });
  }
  display.line(`built ${tool.name} ${version} in ${duration(display.elapsed() - start)}`);
}

/** The flags that lay the files which sources embed over their folder; it stays as it is. */
async function overlay(
  { folder, embedded }: Source,
  place: string,
  go: (...args: string[]) => Promise<string>,
): Promise<string[]> {
  if (embedded === undefined) return [];
  const { Dir } = JSON.parse(await go("mod", "download", "-json", embedded.module)) as { Dir: string };
  const files = Object.entries(embedded.files(Dir));
  mkdirSync(place, { recursive: true });
  for (const [name, text] of files) writeFileSync(join(place, name), text);
  const replaced = files.map(([name]) => [join(folder, name), join(place, name)] as const);
  const list = join(place, "overlay.json");
  writeFileSync(list, JSON.stringify({ Replace: Object.fromEntries(replaced) }));
  return ["-overlay", list];
}

function packageOf({ module, path }: Tool): string {
  if (path.startsWith(".")) return path;
  return path === "" ? module : `${module}/${path}`;
}
