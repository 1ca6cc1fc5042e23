import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { paths, root } from "../../kit/paths.ts";
import { describeStack } from "../../engine/stack.ts";
import { bundlePrograms, stepNames } from "../../engine/programs/programs.ts";
import { checkout } from "../../../tests/rehearsal/support/checkout.ts";

const scratch = mkdtempSync(join(tmpdir(), "bundled-programs-"));

beforeAll(async () => {
  await bundlePrograms();
  // Beside everything else that a machine has to do.
}, 120_000);
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

/** Runs a program as the rehearsal would, and gives what was loaded for it. */
function loadedBy(program: string, cwd: string, ...args: string[]) {
  const coverage = mkdtempSync(join(scratch, "loaded-"));
  const env = { ...describeStack("dev").env, NODE_V8_COVERAGE: coverage };
  const { stderr, stdout } = spawnSync("node", [`${program}.ts`, ...args], { cwd, env, encoding: "utf8" });
  const files = readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), "utf8")) as {
      result: { url: string }[];
    };
    return result.map(({ url }) => url.replace(/^file:\/\//, ""));
  });
  return { said: stderr + stdout, files };
}

const client = /\/node_modules\/@kubernetes\/client-node\//;

describe("a step of the rehearsed program", () => {
  // One that another imports would be a file that runs nothing.
  it.each(stepNames())("is loaded as one file: %s", (step) => {
    // Without its spec.
    const { said, files } = loadedBy(`steps/${step}`, root);
    expect(said).toBe("expected one argument, the spec as JSON\n");
    expect(files).toContain(join(paths.bundles, "steps", `${step}.mjs`));
    expect(files).not.toContain(join(root, "steps", `${step}.ts`));
    expect(files.filter((file) => client.test(file))).toEqual([]);
  });

  it("is another checkout's own there", () => {
    const other = checkout();
    const { said, files } = loadedBy("steps/await", other.directory);
    other.remove();
    expect(said).toBe("expected one argument, the spec as JSON\n");
    expect(files).toContain(join(other.directory, "steps", "await.ts"));
    expect(files).not.toContain(join(paths.bundles, "steps", "await.mjs"));
  });
});

describe("the program of the verbs", () => {
  it("is loaded as one file, and can write one", () => {
    const picture = join(scratch, "lab.svg");
    const { said, files } = loadedBy(
      "cli/main",
      root,
      "graph",
      "--plan",
      "Pulumi.dev.yaml",
      "--output",
      picture,
    );
    expect(said).toBe(`The picture is in ${picture}.\n`);
    expect(files).toContain(join(paths.bundles, "cli", "main.mjs"));
    expect(files).not.toContain(join(root, "cli", "main.ts"));
    expect(files.filter((file) => client.test(file))).toEqual([]);
  });
});
