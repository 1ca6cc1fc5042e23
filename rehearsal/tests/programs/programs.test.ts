import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../kit/paths.ts";
import { CommandFailure } from "../../toolchain/command.ts";
import { runGo } from "../../toolchain/go.ts";

const cwd = join(root, "rehearsal", "programs");
const hasGo = spawnSync("go", ["version"]).error === undefined;

/** Runs Go, and fails with all that it printed. */
const go = (...args: string[]): Promise<string> =>
  runGo(args, { cwd }).catch((error: unknown) => {
    throw error instanceof CommandFailure ? new Error(error.output) : error;
  });

describe.skipIf(!hasGo)("the programs of images", { timeout: 300_000 }, () => {
  it("have nothing that Go's vet complains of", async () => {
    await go("vet", "./...");
  });

  it("pass their own tests", async () => {
    expect(await go("test", "./...")).toMatch(/^ok\s+rehearsal\/programs\/bookinfo/m);
  });
});
