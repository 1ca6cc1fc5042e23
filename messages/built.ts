import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What `npm run build` makes for users: what `pulumi up` starts, what its program loads, and the lab's verbs. */
export type BuiltPart = "steps" | "program" | "cli";

/** Each source file of what was built, with the digest of its content; written beside it. */
export type BuiltSources = Readonly<Record<string, string>>;

/** Name of the file in which a built folder says what it was built from. */
export const sourcesFile = "sources.json";

/** Digest of a source file's content; undefined: it is not there. */
export function digestOf(file: string): string | undefined {
  return existsSync(file) ? createHash("sha256").update(readFileSync(file)).digest("hex") : undefined;
}

/** Whether a folder was built from the sources as they are now. */
export function isBuilt(root: string, folder: string): boolean {
  const file = join(root, folder, sourcesFile);
  if (!existsSync(file)) return false;
  const sources = JSON.parse(readFileSync(file, "utf8")) as BuiltSources;
  return Object.entries(sources).every(([source, digest]) => digestOf(join(root, source)) === digest);
}

/**
 * Why a part cannot run: it was not built, or from other sources than there are now; undefined: it can.
 *
 * @param root the project's root
 */
export const notBuilt = (root: string, part: BuiltPart): string | undefined =>
  isBuilt(root, join("dist", part))
    ? undefined
    : `dist/${part} was not built from the sources that are here. Build it: npm run build`;
