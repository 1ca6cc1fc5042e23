/** `npm run build`: what `pulumi up` starts, what its program loads, and the lab's verbs. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { bundle } from "./bundle.ts";

const steps = readdirSync(join(import.meta.dirname, "..", "steps"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => [basename(file, ".ts"), `./steps/${file}`]);

await bundle("dist/steps", Object.fromEntries(steps) as Record<string, string>);
await bundle("dist/program", { kubernetes: "./kubernetes/program.ts" });
await bundle("dist/cli", { main: "./cli/main.ts" });
