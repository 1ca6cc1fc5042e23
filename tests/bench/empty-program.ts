import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../rehearsal/kit/paths.ts";
import type { Stack } from "../../rehearsal/engine/rehearsed-stack.ts";
import { timed } from "./command.ts";
import { folders } from "./folders.ts";
import type { Program } from "./pulumi.ts";

const runtime = { name: "nodejs", options: { typescript: false } };

/** A program that imports Pulumi, as every one does, and declares nothing. */
const files = {
  "Pulumi.yaml": JSON.stringify({ name: "empty", runtime, main: "index.ts" }),
  "package.json": JSON.stringify({
    name: "empty",
    type: "module",
    dependencies: { "@pulumi/pulumi": "*" },
  }),
  "index.ts": 'import "@pulumi/pulumi";\n',
};

/** The empty program, run by the same engine and language host as the lab's, with a stack of its own. */
export async function emptyProgram({ env }: Stack): Promise<Program> {
  const cwd = folders.empty;
  const [state, modules] = [join(cwd, "state"), join(cwd, "node_modules", "@pulumi")];
  rmSync(cwd, { recursive: true, force: true });
  for (const folder of [state, modules]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  symlinkSync(join(root, "node_modules", "@pulumi", "pulumi"), join(modules, "pulumi"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  const program = {
    cwd,
    env: { ...env, PULUMI_BACKEND_URL: `file://${state}`, PULUMI_STACK: "empty" },
    flags: [],
  };
  await timed("pulumi", ["stack", "init", "empty", "--no-select", "--non-interactive"], program);
  return program;
}
