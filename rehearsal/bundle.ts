import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "./host/files.ts";
import { root } from "./paths.ts";

/** What a bundle was made of: its source files and the packages that are installed. */
const madeOfSchema = z.object({ sources: z.array(z.string()), mark: z.string() });

const installed = join(root, "node_modules", ".package-lock.json");

/**
 * Puts a program and all that it imports into one file. Node starts that several times as fast, which counts where an
 * operation starts a dozen of its processes. A bundle whose sources have not changed stays as it is.
 */
export async function bundle(source: string, target: string): Promise<void> {
  const note = `${target}.json`;
  const before = madeOfSchema.safeParse(JSON.parse(readFileIfAny(note) ?? "{}")).data;
  if (before !== undefined && before.mark === markOf(before.sources)) return;

  const build = await rolldown({ input: source, platform: "node", logLevel: "warn" });
  const { output } = await build.generate({ format: "esm", codeSplitting: false });
  await build.close();
  const [{ code, moduleIds }] = output;
  const sources = moduleIds.filter((id) => id.startsWith(root) && !id.includes("/node_modules/"));
  writeFileAtomically(target, code);
  writeFileAtomically(note, JSON.stringify({ sources, mark: markOf(sources) }));
}

function markOf(sources: readonly string[]): string {
  const hash = createHash("sha256").update(String(statSync(installed).mtimeMs));
  for (const source of sources) hash.update(source).update(readFileIfAny(source) ?? "");
  return hash.digest("hex");
}
