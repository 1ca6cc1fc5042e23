import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inTemporaryDirectory } from "../../../cli/terminal/temporary.ts";

const root = join(import.meta.dirname, "../../..");

/** A program that says which directory it was given, and then waits for ever. */
const program = `
  import { inTemporaryDirectory } from "./cli/terminal/temporary.ts";
  await inTemporaryDirectory(async (directory) => {
    console.log(directory);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  });
`;

it("a temporary directory goes with the work that it is for, also when that fails", async () => {
  let directory = "";
  const failed = inTemporaryDirectory(async (given) => {
    directory = given;
    expect(existsSync(given)).toBe(true);
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow("no");
  expect(existsSync(directory)).toBe(false);
});

it.each(["SIGINT", "SIGTERM"] as const)(
  "a temporary directory goes with a process that %s ends",
  async (signal) => {
    const child = spawn("node", ["--input-type=module", "--eval", program], { cwd: root });
    const ended = new Promise((resolve) => child.on("exit", resolve));
    const directory = await new Promise<string>((resolve) => {
      child.stdout.setEncoding("utf8").once("data", (text: string) => {
        resolve(text.trim());
      });
    });
    expect(existsSync(directory)).toBe(true);
    child.kill(signal);
    expect(await ended).toBe(130);
    expect(existsSync(directory)).toBe(false);
  },
);
