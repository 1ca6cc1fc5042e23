import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openStack, pulumi } from "../../engine/stack.ts";
import type { Stack } from "../../engine/rehearsed-stack.ts";
import { paths } from "../../kit/paths.ts";
import { recoverStack } from "../../recovery/recovery.ts";

const checkpoint = join(paths.state, ".pulumi", "stacks", "mesh-lab", "dev.json");
/** What Pulumi kept beside it. */
const attributes = `${checkpoint}.attrs`;

const filesOfState = () => readdirSync(paths.state, { recursive: true, encoding: "utf8" });
const versionOf = async (stack: Stack) =>
  (JSON.parse(await pulumi(stack, ["stack", "export"])) as { version: number }).version;

describe("a state", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await openStack("dev", "article");
  });

  it("is written one file at a time, each atomically, so that a kill between two leaves it readable", async () => {
    await pulumi(stack, ["stack", "import"], await pulumi(stack, ["stack", "export"]));
    expect(existsSync(checkpoint)).toBe(true);
    expect(filesOfState().filter((file) => file.endsWith(".attrs"))).toEqual([]);
  });

  it.each<[by: string, open: () => Promise<unknown>]>([
    ["the next run", () => openStack("dev", "article")],
    ["what repairs it after a kill", () => recoverStack(stack, false, () => undefined)],
  ])("whose attributes a kill had left empty is made readable by %s", async (_, open) => {
    writeFileSync(attributes, "");
    await expect(versionOf(stack)).rejects.toThrow("failed to load checkpoint: EOF");
    await open();
    expect(await versionOf(stack)).toBe(3);
  });
});
