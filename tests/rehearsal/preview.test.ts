import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PreviewStep, planOf } from "./support/plan.ts";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { rehearsalIn, rehearsed } from "./support/rehearsal.ts";

beforeAll(async () => {
  await rehearsed("reset");
});
afterAll(async () => {
  await rehearsed("reset");
});

const stepsOf = (stdout: string): readonly PreviewStep[] =>
  (JSON.parse(stdout) as { steps: PreviewStep[] }).steps;

/** What a first preview of a stack says, with no cluster to ask. */
async function previewOf(stack: string): Promise<readonly PreviewStep[]> {
  process.env["STACK"] = stack;
  return stepsOf((await rehearsed("preview", "--", "--json")).stdout);
}

describe("a first preview, without any cluster,", () => {
  it.each(["dev", "article"])(
    "of %s is the plan that is written down (make plan writes it)",
    async (stack) => {
      await expect(planOf(await previewOf(stack))).toMatchFileSnapshot(`./plan/${stack}.txt`);
    },
  );

  const isClean = (steps: readonly PreviewStep[]) => {
    expect(steps.length).toBeGreaterThan(90);
    expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(["create"]));
  };

  it.each(["kind", "k3s", "eks"])("of the example %s is clean", async (stack) => {
    isClean(await previewOf(stack));
  });

  it("of the example four is clean, and has standard output to itself, whatever the driver says", async () => {
    const charts = mkdtempSync(join(tmpdir(), "charts-"));
    const withCharts = rehearsalIn(rehearsalDir, { STACK: "four", CHARTS: charts });
    const { stdout, output } = await withCharts.rehearsed("preview", "--", "--json");
    rmSync(charts, { recursive: true });
    expect(output).toContain(`${charts} lacks `);
    isClean(stepsOf(stdout));
  });
});
