import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { bundle } from "./bundle.ts";
import { root } from "../../kit/paths.ts";

const folder = join(root, "steps");

/** Names of the program's steps: what runs by itself of their folder. */
export const stepNames = (): string[] =>
  readdirSync(folder)
    .filter((file) => readFileSync(join(folder, file), "utf8").includes("import.meta.main"))
    .map((file) => basename(file, ".ts"));

/**
 * Bundles what an operation or a user starts again and again, and what spends most of its time on loading the Kubernetes
 * client: the program's steps, and the lab's verbs by themselves, for what only they use of the client is none of the
 * steps'. No step may import another: its bundle would only pass on what it has in common with that one, and run nothing.
 */
export async function bundlePrograms(): Promise<void> {
  const steps = stepNames().map((name) => [`steps/${name}`, join(folder, `${name}.ts`)] as const);
  await Promise.all([
    bundle("steps", Object.fromEntries(steps)),
    bundle("cli", { "cli/main": join(root, "cli", "main.ts") }),
  ]);
}
