import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { isExecutable } from "../../versions/executables.ts";
import type { Display } from "../kit/display.ts";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import { withLock } from "../kit/lock.ts";
import { paths } from "../kit/paths.ts";
import { build, checkBuildable } from "./build.ts";
import { pluginSource, type Source, toolSource } from "./sources.ts";
import { accepts, pinOf, type Tool, versionIn } from "./tools.ts";

const fileSchema = z.object({ size: z.number(), time: z.number(), sha256: z.string() });

const toolSchema = z.object({
  version: z.string(),
  /** Path of the program that was found; absent: it was built here. */
  found: z.string().optional(),
  /** The program as it was then; a copy has another time. */
  file: fileSchema,
  /** Which pins it was chosen or built for. */
  pins: z.string(),
});
type StampedTool = z.infer<typeof toolSchema>;
// One that an earlier version of this file wrote is as good as none.
const stampSchema = z.record(z.string(), toolSchema.optional().catch(undefined));
type Stamp = z.infer<typeof stampSchema>;

/** A tool that is ready for use. */
export interface ReadyTool {
  readonly name: string;
  readonly version: string;
  /** Path of the program that was found; absent: it was built here. */
  readonly found?: string | undefined;
}

const stampFile = join(paths.bin, "tools.json");

/** Makes every tool available in `paths.bin`: found on PATH in an accepted version, else built. */
export const ensureTools = (display: Display): Promise<readonly ReadyTool[]> =>
  ensure(display, toolSource(), {
    path: (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== paths.bin),
    instead: "put accepted versions of these programs on PATH (rehearsal/toolchain/tools.ts says which)",
  });

/** Makes Pulumi's Kubernetes plugin available in `paths.bin`, where it is built; one on PATH is none of this. */
export async function ensureBuiltPlugin(display: Display): Promise<ReadyTool> {
  const [plugin] = await ensure(display, pluginSource(), {
    path: [],
    instead:
      "put a released plugin on PATH, or run pulumi plugin install resource kubernetes where there is internet",
  });
  return plugin ?? fail("there is no Kubernetes plugin");
}

interface Elsewhere {
  /** Folders in which accepted versions are found. */
  readonly path: readonly string[];
  /** What a user does who cannot build. */
  readonly instead: string;
}

async function ensure(
  display: Display,
  source: Source,
  { path, instead }: Elsewhere,
): Promise<readonly ReadyTool[]> {
  const current = readyTools(readStamp(), source);
  if (current !== undefined) return current;

  mkdirSync(paths.bin, { recursive: true, mode: 0o700 });
  return withLock(
    join(paths.bin, ".lock"),
    "preparing the tools",
    ({ pid, what }) => {
      display.line(`waiting for process ${pid}, which is ${what}`);
    },
    async () => {
      const missing = await reuse(display, source, path);
      if (missing.length > 0)
        checkBuildable(
          missing.map(({ name }) => name),
          instead,
        );
      for (const [index, tool] of missing.entries()) {
        const version = pinOf(tool, source.pins);
        const count = `${index + 1} of ${missing.length}`;
        await build(display, { source, tool, version, count });
        await remember(source, tool, { version: version.slice(1) });
      }
      return (
        readyTools(readStamp(), source) ??
        fail(`The tools in ${paths.bin} changed while they were prepared; try again.`)
      );
    },
  );
}

function fail(message: string): never {
  throw new Error(message);
}

/** Takes what is there already, in the folder of tools or on a search path; returns what must be built. */
async function reuse(display: Display, source: Source, path: readonly string[]): Promise<Tool[]> {
  const stamp = readStamp();
  const missing: Tool[] = [];
  for (const tool of source.tools) {
    const target = join(paths.bin, tool.name);
    const known = stamp[tool.name];
    if (known?.pins === source.fingerprint) {
      if (isUntouched(known, target)) continue;
      if (await isSame(known, target)) {
        await remember(source, tool, known);
        continue;
      }
    }

    // One that was found earlier is still good where this shell does not know its folder.
    const before = known?.found === undefined ? [] : [dirname(known.found)];
    const found = await findAccepted(tool, [...path, ...before]);
    if (known?.found !== undefined && !isExecutable(known.found))
      display.line(
        `${tool.name} was ${known.found}, which is gone: ${found === undefined ? "it is built instead" : `${found.path} takes its place`}`,
      );
    if (found !== undefined) {
      link(found.path, target);
      await remember(source, tool, { version: found.version, found: found.path });
      continue;
    }
    // Nothing says which pins made a file without a stamp; its version must do.
    const own = known === undefined ? await versionOf(tool, target) : undefined;
    if (own !== undefined && isGood(tool, own, { target, pin: pinOf(tool, source.pins) }))
      await remember(source, tool, { version: own });
    else missing.push(tool);
  }
  return missing;
}

/** Whether a program will do of which only the version is known; one that was found may have any that is accepted. */
const isGood = (tool: Tool, version: string, { target, pin }: { target: string; pin: string }): boolean =>
  lstatSync(target).isSymbolicLink() ? accepts(tool, version) : `v${version}` === pin;

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
function readyTools(stamp: Stamp, source: Source): readonly ReadyTool[] | undefined {
  const ready = source.tools.flatMap((tool) => {
    const known = stamp[tool.name];
    const isCurrent = known?.pins === source.fingerprint && isUntouched(known, join(paths.bin, tool.name));
    return isCurrent ? [{ name: tool.name, version: known.version, found: known.found }] : [];
  });
  return ready.length === source.tools.length ? ready : undefined;
}

function readStamp(): Stamp {
  const text = readFileIfAny(stampFile);
  return (text === undefined ? undefined : stampSchema.safeParse(JSON.parse(text)).data) ?? {};
}

/** Written after every tool, so that an interrupted run goes on where it was. */
async function remember(
  { fingerprint: pins }: Source,
  { name }: Tool,
  { version, found }: { readonly version: string; readonly found?: string | undefined },
): Promise<void> {
  const path = join(paths.bin, name);
  const { size, mtimeMs: time } = statSync(path);
  const tool: StampedTool = { version, found, file: { size, time, sha256: await hashOf(path) }, pins };
  writeFileAtomically(stampFile, JSON.stringify({ ...readStamp(), [name]: tool }, undefined, 1));
}

/** Whether a program is the very file that was looked at. */
function isUntouched({ file }: StampedTool, path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.size === file.size && stat.mtimeMs === file.time;
}

/** Whether a program is a copy of the file that was looked at. */
const isSame = async ({ file }: StampedTool, path: string): Promise<boolean> =>
  statSync(path, { throwIfNoEntry: false })?.size === file.size && (await hashOf(path)) === file.sha256;

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
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
