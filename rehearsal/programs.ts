import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { bundle } from "./bundle.ts";
import { root } from "./paths.ts";

const folder = join(root, "steps");

/** Names of the program's steps: what runs by itself of their folder. */
export const stepNames = (): string[] =>
  readdirSync(folder)
    .filter((file) => readFileSync(join(folder, file), "utf8").includes("import.meta.main"))
    .map((file) => basename(file, ".ts"));

/**
 * Bundles the program's steps: each is a process of its own, most of whose time goes to loading the Kubernetes client.
 * No step may import another: its bundle would only pass on what it has in common with that one, and run nothing.
 */
export async function bundleSteps(): Promise<void> {
  const programs = stepNames().map((name) => [`steps/${name}`, join(folder, `${name}.ts`)] as const);
  await bundle("steps", Object.fromEntries(programs));
}

/** Bundles the program of the lab's verbs, by itself: what only they use of the client is none of the steps'. */
export const bundleVerbs = (): Promise<void> => bundle("lab", { "lab/main": join(root, "lab", "main.ts") });
