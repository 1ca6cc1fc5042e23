/** Loaded into every Node process of an operation: one that is to run a step of the program runs its bundle. */
import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { paths, root } from "./paths.ts";

const folder = pathToFileURL(`${root}/steps/`).href;
const bundles = pathToFileURL(`${paths.bundles}/steps/`);

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const isProgram = context.parentURL === undefined;
    if (!isProgram || !found.url.startsWith(folder)) return found;
    const bundled = new URL(found.url.slice(folder.length).replace(/\.ts$/, ".mjs"), bundles);
    return existsSync(bundled) ? { url: bundled.href, format: "module", shortCircuit: true } : found;
  },
});
