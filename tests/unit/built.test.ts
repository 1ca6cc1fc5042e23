import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { isBuilt, notBuilt } from "../../messages/built.ts";
import { checkSteps } from "../../plan/steps.ts";

const root = join(import.meta.dirname, "..", "..");
const scratch = mkdtempSync(join(tmpdir(), "built-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const steps = readdirSync(join(root, "steps"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => basename(file, ".ts"));

describe("what was built", () => {
  it("has every step, and the rehearsal's stand-ins", () => {
    for (const folder of ["dist/steps", "dist/program", "dist/cli", "rehearsal/dist"])
      expect(isBuilt(root, folder), folder).toBe(true);
    expect(steps.length).toBeGreaterThan(6);
    expect(readdirSync(join(root, "dist", "steps"))).toEqual(
      expect.arrayContaining(steps.map((step) => `${step}.js`)),
    );
  });

  it.each(steps)("runs without the Kubernetes client's own files: %s", (step) => {
    const coverage = mkdtempSync(join(scratch, "loaded-"));
    const { stderr, stdout } = spawnSync("node", [`dist/steps/${step}.js`], {
      cwd: root,
      env: { ...process.env, NODE_V8_COVERAGE: coverage },
      encoding: "utf8",
    });
    // Without its spec.
    expect(stderr + stdout).toBe("expected one argument, the spec as JSON\n");
    const loaded = readdirSync(coverage).map((file) => readFileSync(join(coverage, file), "utf8"));
    expect(loaded.join("")).toContain(`dist/steps/${step}.js`);
    expect(loaded.join("")).not.toContain("/node_modules/");
  });
});

describe("the program", () => {
  it("starts without the Kubernetes client, which takes most of a second to load", () => {
    const parts = ["components/lab.ts", "config/read.ts", "plan/steps.ts", "plan/room.ts", "plan/outputs.ts"];
    const script = `
      import { registerHooks } from "node:module";
      registerHooks({ resolve: (name, context, next) => {
        if (name.includes("client-node")) console.log(name, "for", context.parentURL);
        return next(name, context);
      } });
      for (const part of ${JSON.stringify(parts)}) await import(process.cwd() + "/" + part);
      console.log("loaded");`;
    const { stdout } = spawnSync("node", ["--input-type=module", "--eval", script], {
      cwd: root,
      encoding: "utf8",
    });
    expect(stdout).toBe("loaded\n");
  });
});

describe("sources that are others than those that were built", () => {
  let checkout = "";
  const copies = [
    "dist/steps",
    "dist/program",
    "steps",
    "kubernetes",
    "values",
    "schema",
    "messages",
    "versions",
    "build",
  ];

  beforeEach(() => {
    checkout = mkdtempSync(join(scratch, "checkout-"));
    for (const folder of copies) cpSync(join(root, folder), join(checkout, folder), { recursive: true });
  });

  const advice = /^dist\/steps was not built from the sources that are here\. Build it: npm run build$/;

  it.each([
    ["a step", "steps/await.ts"],
    ["what steps import", "kubernetes/waits/poll.ts"],
    ["how they are built", "build/bundle.ts"],
  ])("are noticed: %s", (_, file) => {
    expect(notBuilt(checkout, "steps")).toBeUndefined();
    const path = join(checkout, file);
    writeFileSync(path, `${readFileSync(path, "utf8")}\n`);
    expect(notBuilt(checkout, "steps")).toMatch(advice);
  });

  it("are noticed where one is gone, and where nothing was built or a build was cut off", () => {
    rmSync(join(checkout, "steps", "node.ts"));
    expect(notBuilt(checkout, "steps")).toMatch(advice);
    rmSync(join(checkout, "dist", "steps", "sources.json"));
    expect(notBuilt(checkout, "steps")).toMatch(advice);
    rmSync(join(checkout, "dist"), { recursive: true });
    expect(notBuilt(checkout, "steps")).toMatch(advice);
  });

  it("end the program before anything is declared", () => {
    checkSteps(checkout);
    rmSync(join(checkout, "dist"), { recursive: true });
    expect(() => {
      checkSteps(checkout);
    }).toThrow(advice);
  });
});
