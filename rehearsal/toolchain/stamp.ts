import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import { paths } from "../kit/paths.ts";
import type { Tool } from "./tool.ts";

const fileSchema = z.object({ size: z.number(), time: z.number(), sha256: z.string() });

const toolSchema = z.object({
  version: z.string(),
  /** Path of the program that was found; absent: it was made here. */
  found: z.string().optional(),
  /** The program as it was then; a copy has another time. */
  file: fileSchema,
  /** For which pins it was chosen or made. */
  pins: z.string(),
});

/** What is remembered of a tool. */
export type StampedTool = Readonly<z.infer<typeof toolSchema>>;

// One that an earlier version of this file wrote is as good as none.
const stampSchema = z.record(z.string(), toolSchema.optional().catch(undefined));
type Stamp = Readonly<z.infer<typeof stampSchema>>;

const stampFile = join(paths.bin, "tools.json");

/** Where a tool is. */
export const placeOf = ({ name }: Tool): string => join(paths.bin, name);

/** Says for what a tool was chosen or made: another of any tool leaves those of the others as they are. */
const pinsOf = ({ origin, accepted, versionArgs }: Tool): string =>
  createHash("sha256")
    .update(JSON.stringify([accepted?.from, accepted?.below, versionArgs]))
    .update(origin.fingerprint())
    .digest("hex");

/** What is remembered of all tools. */
export function readStamp(): Stamp {
  const text = readFileIfAny(stampFile);
  return (text === undefined ? undefined : stampSchema.safeParse(JSON.parse(text)).data) ?? {};
}

/** Written after every tool, so that an interrupted run goes on where it was. */
export async function remember(
  tool: Tool,
  { version, found }: { readonly version: string; readonly found?: string | undefined },
): Promise<void> {
  const { size, mtimeMs: time } = statSync(placeOf(tool));
  const file = { size, time, sha256: await hashOf(placeOf(tool)) };
  const stamped: StampedTool = { version, found, file, pins: pinsOf(tool) };
  writeFileAtomically(stampFile, JSON.stringify({ ...readStamp(), [tool.name]: stamped }, undefined, 1));
}

/** Whether a tool was chosen or made for what is pinned now. */
export const isForPins = (tool: Tool, { pins }: StampedTool): boolean => pins === pinsOf(tool);

/** Whether a tool is the very file that was looked at. */
export function isUntouched(tool: Tool, { file }: StampedTool): boolean {
  const stat = statSync(placeOf(tool), { throwIfNoEntry: false });
  return stat?.size === file.size && stat.mtimeMs === file.time;
}

/** Whether a tool is a copy of the file that was looked at. */
export const isCopy = async (tool: Tool, { file }: StampedTool): Promise<boolean> =>
  statSync(placeOf(tool), { throwIfNoEntry: false })?.size === file.size &&
  (await hashOf(placeOf(tool))) === file.sha256;

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
