import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type BuiltSources, digestOf, isBuilt, sourcesFile } from "../messages/built.ts";

const root = join(import.meta.dirname, "..");

/** The Kubernetes client does not say so of itself, and would be bundled with all that nobody uses of it. */
const isSideEffectFree = (id: string): boolean => id.includes("/node_modules/@kubernetes/client-node/");

/**
 * Makes one file of each program and all that it imports, and a few more of what programs have in common: Node starts
 * them several times as fast. A folder that was built from these very sources stays as it is.
 *
 * @param folder from the project's root
 * @param programs source files from the project's root, by the program's name
 */
export async function bundle(folder: string, programs: Readonly<Record<string, string>>): Promise<void> {
  if (isBuilt(root, folder)) return;
  const { build } = await import("rolldown");
  const { output } = await build({
    cwd: root,
    input: { ...programs },
    platform: "node",
    // It brings a program that it starts, and looks for it beside itself.
    external: ["open"],
    logLevel: "warn",
    // Some packages are no ES modules, in which alone these are known.
    transform: { define: { __filename: "import.meta.filename", __dirname: "import.meta.dirname" } },
    treeshake: { moduleSideEffects: (id) => !isSideEffectFree(id) },
    output: { dir: join(root, folder), format: "esm", chunkFileNames: "shared-[hash].js", cleanDir: true },
  });
  const files = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
  const own = files.filter((file) => file.startsWith(`${root}/`) && !file.includes("/node_modules/"));
  const sources: BuiltSources = Object.fromEntries(
    [import.meta.filename, ...own].map((file) => [relative(root, file), digestOf(file) ?? ""]),
  );
  // Last: a build that was cut off is none.
  writeFileSync(join(root, folder, sourcesFile), JSON.stringify(sources, null, 2));
  console.log(`built: ${folder}`);
}
