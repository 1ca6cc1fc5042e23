import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { isExecutable } from "../executables.ts";
import type { Display } from "./display.ts";
import { readFileIfAny, writeFileAtomically } from "./host/files.ts";
import { withLock } from "./lock.ts";
import { paths } from "./paths.ts";
import { build, checkBuildable } from "./toolchain/build.ts";
import {
  accepts,
  linkerFlags,
  pinnedVersions,
  pinOf,
  type Tool,
  tools,
  versionIn,
} from "./toolchain/tools.ts";

const toolSchema = z.object({
  version: z.string(),
  /** Path of the program that was found; absent: it was built here. */
  found: z.string().optional(),
  /** Size and time of the file, which tell whether it has been replaced since. */
  file: z.string(),
  /** Which pins it was chosen or built for. */
  pins: z.string(),
});
type StampedTool = z.infer<typeof toolSchema>;
const stampSchema = z.record(z.string(), toolSchema);
type Stamp = z.infer<typeof stampSchema>;

/** A tool that is ready for use. */
export interface ReadyTool {
  readonly name: string;
  readonly version: string;
  /** Path of the program that was found; absent: it was built here. */
  readonly found?: string | undefined;
}

const moduleDir = join(import.meta.dirname, "toolchain");
const stampFile = join(paths.bin, "tools.json");

/** Makes every tool available in `paths.bin`: found on PATH in an accepted version, else built. */
export async function ensureTools(display: Display): Promise<readonly ReadyTool[]> {
  const goMod = readFileSync(join(moduleDir, "go.mod"), "utf8");
  const pins = pinnedVersions(goMod);
  const flags = linkerFlags((module) => pins.get(module) ?? "");
  const goSum = readFileSync(join(moduleDir, "go.sum"));
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([tools, flags]))
    .update(goMod)
    .update(goSum)
    .digest("hex");

  const current = readyTools(readStamp(), fingerprint);
  if (current !== undefined) return current;

  mkdirSync(paths.bin, { recursive: true, mode: 0o700 });
  let waits = false;
  return withLock(
    join(paths.bin, ".lock"),
    "preparing the tools",
    ({ pid, what }) => {
      if (!waits) display.line(`waiting for process ${pid}, which is ${what}`);
      waits = true;
    },
    async () => {
      const missing = await reuse(fingerprint, pins);
      if (missing.length > 0) checkBuildable(missing.map(({ name }) => name));
      for (const [index, tool] of missing.entries()) {
        const version = pinOf(tool, pins);
        const count = `${index + 1} of ${missing.length}`;
        await build(display, { tool, version, linkerFlags: flags, count });
        remember(fingerprint, tool, { version: version.slice(1) });
      }
      return (
        readyTools(readStamp(), fingerprint) ??
        fail(`The tools in ${paths.bin} changed while they were prepared; try again.`)
      );
    },
  );
}

function fail(message: string): never {
  throw new Error(message);
}

/** Takes what is there already, in the folder of tools or on PATH; returns what must be built. */
async function reuse(fingerprint: string, pins: ReadonlyMap<string, string>): Promise<Tool[]> {
  const stamp = readStamp();
  const missing: Tool[] = [];
  for (const tool of tools) {
    const target = join(paths.bin, tool.name);
    const known = stamp[tool.name];
    if (isCurrent(tool, known, fingerprint)) continue;

    const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== paths.bin);
    const found = await findAccepted(tool, path);
    if (found !== undefined) {
      link(found.path, target);
      remember(fingerprint, tool, { version: found.version, found: found.path });
      continue;
    }
    // Nothing says which pins made a file without a stamp; its version must do.
    const own = known === undefined ? await versionOf(tool, target) : undefined;
    if (own !== undefined && `v${own}` === pinOf(tool, pins)) remember(fingerprint, tool, { version: own });
    else missing.push(tool);
  }
  return missing;
}

/** The first one on a search path whose version is accepted. */
export async function findAccepted(
  tool: Tool,
  path: readonly string[],
): Promise<{ readonly path: string; readonly version: string } | undefined> {
  for (const folder of path) {
    const candidate = join(folder, tool.name);
    if (!isExecutable(candidate)) continue;
    const version = await versionOf(tool, candidate);
    if (version !== undefined && accepts(tool, version)) return { path: candidate, version };
  }
  return undefined;
}

/** All tools, if none has changed since it was chosen or built for these pins. */
function readyTools(stamp: Stamp, fingerprint: string): readonly ReadyTool[] | undefined {
  const ready = tools.flatMap((tool) => {
    const known = stamp[tool.name];
    return known !== undefined && isCurrent(tool, known, fingerprint) ? [{ name: tool.name, ...known }] : [];
  });
  return ready.length === tools.length ? ready : undefined;
}

function isCurrent({ name }: Tool, known: StampedTool | undefined, fingerprint: string): boolean {
  return known?.pins === fingerprint && known.file === fileMark(join(paths.bin, name));
}

function readStamp(): Stamp {
  const text = readFileIfAny(stampFile);
  return (text === undefined ? undefined : stampSchema.safeParse(JSON.parse(text)).data) ?? {};
}

/** Written after every tool, so that an interrupted run goes on where it was. */
function remember(pins: string, { name }: Tool, chosen: { version: string; found?: string }): void {
  const file = fileMark(join(paths.bin, name)) ?? "";
  writeFileAtomically(
    stampFile,
    JSON.stringify({ ...readStamp(), [name]: { ...chosen, file, pins } }, undefined, 1),
  );
}

function fileMark(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.size} ${stat.mtimeMs}`;
}

function link(target: string, path: string): void {
  const draft = `${path}.tmp`;
  rmSync(draft, { force: true });
  symlinkSync(realpathSync(target), draft);
  renameSync(draft, path);
}

async function versionOf({ versionArgs }: Tool, path: string): Promise<string | undefined> {
  try {
    const environment = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { stdout } = await promisify(execFile)(path, versionArgs, { timeout: 20_000, env: environment });
    return versionIn(stdout);
  } catch {
    return undefined;
  }
}
