import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PreviewStep, planOf } from "./support/plan.ts";
import { rehearsed } from "./support/rehearsal.ts";

beforeAll(async () => {
  await rehearsed("reset");
});
afterAll(async () => {
  await rehearsed("reset");
});

/** What a first preview of a stack says, with no cluster to ask. */
async function previewOf(stack: string): Promise<readonly PreviewStep[]> {
  process.env["STACK"] = stack;
  const { stdout } = await rehearsed("preview", "--", "--json");
  return (JSON.parse(stdout) as { steps: PreviewStep[] }).steps;
}

describe("a first preview, without any cluster,", () => {
  it("of the article's lab is the plan that is written down (make plan writes it)", async () => {
    await expect(planOf(await previewOf("dev"))).toMatchFileSnapshot("./plan/dev.txt");
  });

  it.each(["kind", "k3s", "eks", "four"])("of the example %s is clean", async (stack) => {
    const steps = await previewOf(stack);
    expect(steps.length).toBeGreaterThan(90);
    expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(["create"]));
  });
});
