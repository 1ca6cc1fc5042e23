/**
 * Makes a bundle, in a process of its own: the hundreds of MiB that it takes are free before the lab needs them.
 * Arguments: the name of the whole, and the programs' source files, as JSON, by the path of the bundle without its ending.
 * Prints the source files that it was made of, as JSON.
 */
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { writeFileAtomically } from "../../kit/files.ts";
import { paths } from "../../kit/paths.ts";

const [, , name = "", json = "{}"] = process.argv;
const programs = JSON.parse(json) as Record<string, string>;
const main = new Set(Object.values(programs));

/** The Kubernetes client does not say so of itself, and would be bundled with all that nobody uses of it. */
const isSideEffectFree = (id: string): boolean => id.includes("/node_modules/@kubernetes/client-node/");

const build = await rolldown({
  input: programs,
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
// The programs come last: whoever starts one finds the others.
for (const { fileName, code } of chunks.toSorted((a, b) => Number(a.isEntry) - Number(b.isEntry))) {
  const file = join(paths.bundles, fileName);
  mkdirSync(dirname(file), { recursive: true });
  writeFileAtomically(file, code);
}
console.log(JSON.stringify(chunks.flatMap(({ moduleIds }) => moduleIds)));
