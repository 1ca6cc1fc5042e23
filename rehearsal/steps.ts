import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import { root } from "./paths.ts";

const folder = join(root, "steps");

/**
 * Bundles the program's steps: each is a process of its own, most of whose time goes to loading the Kubernetes client.
 * No step may import another: its bundle would only pass on what it has in common with that one, and run nothing.
 */
export async function bundleSteps(): Promise<void> {
  const steps = readdirSync(folder)
    .filter((file) => readFileSync(join(folder, file), "utf8").includes("import.meta.main"))
    .map((file) => [join("steps", file.replace(/\.ts$/, "")), join(folder, file)]);
  await bundle("steps", Object.fromEntries(steps) as Record<string, string>);
}
