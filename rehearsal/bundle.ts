import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join, parse } from "node:path";
import { rolldown } from "rolldown";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "./host/files.ts";
import { root } from "./paths.ts";

/** What a bundle was made of: its source files and the packages that are installed. */
const madeOfSchema = z.object({ sources: z.array(z.string()), mark: z.string() });

const installed = join(root, "node_modules", ".package-lock.json");

/** The Kubernetes client does not say so of itself, and would be bundled with all that nobody uses of it. */
const isSideEffectFree = (id: string): boolean => id.includes("/node_modules/@kubernetes/client-node/");

/**
 * Puts a program and all that it imports into one file, and what it imports later into others beside it. Node starts
 * that several times as fast, which counts where an operation starts a dozen of its processes. A bundle whose sources
 * have not changed stays as it is.
 */
export async function bundle(source: string, target: string): Promise<void> {
  const note = `${target}.json`;
  const before = madeOfSchema.safeParse(JSON.parse(readFileIfAny(note) ?? "{}")).data;
  if (before !== undefined && before.mark === markOf(before.sources)) return;

  const build = await rolldown({
    input: source,
    platform: "node",
    logLevel: "warn",
    treeshake: { moduleSideEffects: (id) => !isSideEffectFree(id) },
  });
  const { dir, name, base } = parse(target);
  const { output } = await build.generate({
    format: "esm",
    entryFileNames: base,
    // Never written over: a process of an earlier bundle may still ask for its own.
    chunkFileNames: `${name}-[hash].mjs`,
  });
  await build.close();
  const chunks = output.filter((file) => file.type === "chunk");
  const modules = [import.meta.filename, ...chunks.flatMap(({ moduleIds }) => moduleIds)];
  const sources = modules.filter((id) => id.startsWith(root) && !id.includes("/node_modules/"));
  // The program comes last: whoever starts it finds the others.
  for (const { fileName, code } of chunks.toReversed()) writeFileAtomically(join(dir, fileName), code);
  writeFileAtomically(note, JSON.stringify({ sources, mark: markOf(sources) }));
}

function markOf(sources: readonly string[]): string {
  const hash = createHash("sha256").update(String(statSync(installed).mtimeMs));
  for (const source of sources) hash.update(source).update(readFileIfAny(source) ?? "");
  return hash.digest("hex");
}
