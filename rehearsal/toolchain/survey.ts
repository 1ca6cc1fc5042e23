import { execFile } from "node:child_process";
import { lstatSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { isExecutable } from "../../versions/executables.ts";
import { paths } from "../kit/paths.ts";
import { isCopy, isForPins, isUntouched, placeOf, readStamp, type StampedTool } from "./stamp.ts";
import { accepts, type Tool, versionIn } from "./tool.ts";

/** A tool that need not be made. */
interface Present {
  readonly version: string;
  /** Path of the program that was found; absent: it was made here. */
  readonly found?: string | undefined;
}

/** A program that was found. */
interface Found {
  readonly version: string;
  readonly found: string;
}

/** What is known of a tool before anything is changed. */
export type Surveyed = { readonly tool: Tool } & (
  | { readonly state: "ready" }
  /** In its place, and good; but that is not remembered. */
  | { readonly state: "there"; readonly present: Present }
  /** `gone` is where it was found before, if it is there no more. */
  | { readonly state: "found"; readonly present: Found; readonly gone?: string | undefined }
  | { readonly state: "missing"; readonly gone?: string | undefined }
);

/** Looks what is there of the tools, in the folder of programs or on PATH; changes nothing. */
export async function survey(wanted: readonly Tool[]): Promise<readonly Surveyed[]> {
  const stamp = readStamp();
  const surveyed: Surveyed[] = [];
  for (const tool of wanted) surveyed.push(await look(tool, stamp[tool.name]));
  return surveyed;
}

async function look(tool: Tool, known: StampedTool | undefined): Promise<Surveyed> {
  if (known !== undefined && isForPins(tool, known)) {
    if (isUntouched(tool, known)) return { tool, state: "ready" };
    if (await isCopy(tool, known)) return { tool, state: "there", present: known };
  }
  // One that was found earlier is still good where this shell does not know its folder.
  const before = known?.found === undefined ? [] : [dirname(known.found)];
  const found = await findAccepted(tool, [...searchPath(), ...before]);
  const gone = known?.found !== undefined && !isExecutable(known.found) ? known.found : undefined;
  if (found !== undefined) return { tool, state: "found", present: found, gone };
  // Nothing says which pins made a file without a stamp; its version must do.
  const own = known === undefined ? await ownOf(tool) : undefined;
  return own === undefined ? { tool, state: "missing", gone } : { tool, state: "there", present: own };
}

const searchPath = (): readonly string[] =>
  (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== paths.bin);

/** The first one on a search path that is accepted. */
export async function findAccepted(tool: Tool, path: readonly string[]): Promise<Found | undefined> {
  const { accepted } = tool;
  if (accepted === undefined) return undefined;
  for (const folder of path) {
    const candidate = join(folder, basename(tool.name));
    if (!isExecutable(candidate)) continue;
    const version = await versionOf(tool, candidate);
    if (version === undefined || !accepts(accepted, version)) continue;
    if ((await accepted.only?.(candidate, version)) ?? true) return { found: candidate, version };
  }
  return undefined;
}

/** A tool of which nothing is known but what it says itself, if it will do; one that was found may be any accepted one. */
async function ownOf(tool: Tool): Promise<Present | undefined> {
  const version = await versionOf(tool, placeOf(tool));
  if (version === undefined) return undefined;
  const pin = tool.origin.version();
  const isFound = lstatSync(placeOf(tool)).isSymbolicLink();
  const isGood =
    isFound || pin === undefined
      ? tool.accepted !== undefined && accepts(tool.accepted, version)
      : `v${version}` === pin;
  return isGood ? { version } : undefined;
}

/** The version that a program says it is; undefined: none, or it does not run. */
export async function versionOf(
  { versionArgs }: Pick<Tool, "versionArgs">,
  path: string,
): Promise<string | undefined> {
  if (versionArgs === undefined) return undefined;
  try {
    const environment = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const { stdout } = await promisify(execFile)(path, versionArgs, { timeout: 20_000, env: environment });
    return versionIn(stdout);
  } catch {
    return undefined;
  }
}
