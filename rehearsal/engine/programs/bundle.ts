import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "../../kit/files.ts";
import { paths, root } from "../../kit/paths.ts";

/** What a bundle was made of: its source files and the packages that are installed. */
const madeOfSchema = z.object({ sources: z.array(z.string()), mark: z.string() });

const installed = join(root, "node_modules", ".package-lock.json");
const bundler = join(import.meta.dirname, "bundler.ts");

/**
 * Puts programs and all that they import into one file each, and what they import later or have in common into others
 * beside them, in the folder of bundles. Node starts them several times as fast, which counts where an operation starts
 * dozens of its processes. Bundles whose sources have not changed stay as they are.
 *
 * @param name of the whole
 * @param programs their source files, by the path of the bundle without its ending
 */
export async function bundle(name: string, programs: Readonly<Record<string, string>>): Promise<void> {
  const note = join(paths.bundles, `${name}.json`);
  const before = madeOfSchema.safeParse(JSON.parse(readFileIfAny(note) ?? "{}")).data;
  if (before !== undefined && before.mark === markOf(before.sources)) return;

  const args = [bundler, name, JSON.stringify(programs)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 });
  const modules = [import.meta.filename, bundler, ...z.array(z.string()).parse(JSON.parse(stdout))];
  const sources = modules.filter((id) => id.startsWith(root) && !id.includes("/node_modules/"));
  writeFileAtomically(note, JSON.stringify({ sources, mark: markOf(sources) }));
}

function markOf(sources: readonly string[]): string {
  const hash = createHash("sha256").update(String(statSync(installed).mtimeMs));
  for (const source of sources) hash.update(source).update(readFileIfAny(source) ?? "");
  return hash.digest("hex");
}
