import { createHash } from "node:crypto";
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "./host/files.ts";
import { paths, root } from "./paths.ts";

/** What a bundle was made of: its source files and the packages that are installed. */
const madeOfSchema = z.object({ sources: z.array(z.string()), mark: z.string() });

const installed = join(root, "node_modules", ".package-lock.json");

/** The Kubernetes client does not say so of itself, and would be bundled with all that nobody uses of it. */
const isSideEffectFree = (id: string): boolean => id.includes("/node_modules/@kubernetes/client-node/");

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

  // Most runs find their bundles made.
  const { rolldown } = await import("rolldown");
  const main = new Set(Object.values(programs));
  const build = await rolldown({
    input: { ...programs },
    platform: "node",
    logLevel: "warn",
    // Some packages are no ES modules, in which alone these are known.
    transform: { define: { __filename: "import.meta.filename", __dirname: "import.meta.dirname" } },
    treeshake: { moduleSideEffects: (id) => !isSideEffectFree(id) },
    plugins: [
      {
        name: "what a program only imports is not the program",
        transform: (code, id) => (main.has(id) ? undefined : code.replaceAll("import.meta.main", "false")),
      },
    ],
  });
  const { output } = await build.generate({
    format: "esm",
    entryFileNames: "[name].mjs",
    // Never written over: a process of an earlier bundle may still ask for its own.
    chunkFileNames: `${name}-[hash].mjs`,
  });
  await build.close();
  const chunks = output.filter((file) => file.type === "chunk");
  const modules = [import.meta.filename, ...chunks.flatMap(({ moduleIds }) => moduleIds)];
  const sources = modules.filter((id) => id.startsWith(root) && !id.includes("/node_modules/"));
  // The programs come last: whoever starts one finds the others.
  for (const { fileName, code } of chunks.toSorted((a, b) => Number(a.isEntry) - Number(b.isEntry))) {
    const file = join(paths.bundles, fileName);
    mkdirSync(dirname(file), { recursive: true });
    writeFileAtomically(file, code);
  }
  writeFileAtomically(note, JSON.stringify({ sources, mark: markOf(sources) }));
}

function markOf(sources: readonly string[]): string {
  const hash = createHash("sha256").update(String(statSync(installed).mtimeMs));
  for (const source of sources) hash.update(source).update(readFileIfAny(source) ?? "");
  return hash.digest("hex");
}
