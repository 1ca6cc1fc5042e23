/** Loaded into every Node process of an operation: one that is to run a program that is bundled runs its bundle. */
import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { paths, root } from "../../kit/paths.ts";

const sources = pathToFileURL(`${root}/`).href;
const bundles = pathToFileURL(`${paths.bundles}/`);

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const isProgram = context.parentURL === undefined;
    if (!isProgram || !found.url.startsWith(sources)) return found;
    const bundled = new URL(found.url.slice(sources.length).replace(/\.ts$/, ".mjs"), bundles);
    return existsSync(bundled) ? { url: bundled.href, format: "module", shortCircuit: true } : found;
  },
});
