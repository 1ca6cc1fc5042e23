import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
    readonly env?: Readonly<Record<string, string>>;
  }[];
}

const { permissions, jobs } = parse(readFileSync(".github/workflows/lab.yaml", "utf8")) as {
  permissions: Record<string, string>;
  jobs: Record<"test" | "preview", Job>;
};
const steps = Object.values(jobs).flatMap((job) => job.steps);
const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<
  "dependencies" | "devDependencies",
  Record<string, string>
>;

describe("the workflow", () => {
  it("uses actions by commit", () => {
    const used = steps.flatMap(({ uses }) => uses ?? []);
    expect(used.length).toBeGreaterThan(5);
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });

  it("may read, and where it comments write that", () => {
    expect(permissions).toEqual({ contents: "read" });
    expect(jobs.test.permissions).toBeUndefined();
    expect(jobs.preview.permissions).toEqual({ contents: "read", "pull-requests": "write" });
  });

  it("gives secrets to the preview alone, which forks do not get", () => {
    const holds = (job: Job) => JSON.stringify(job).includes("secrets.");
    expect(holds(jobs.test)).toBe(false);
    expect(holds(jobs.preview)).toBe(true);
    expect(jobs.preview.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  });

  it("runs the versions that the project pins", () => {
    const preview = steps.find(({ uses }) => uses?.startsWith("pulumi/actions@") === true);
    expect(preview?.with).toMatchObject({
      command: "preview",
      diff: true,
      "edit-pr-comment": true,
      "pulumi-version": dependencies["@pulumi/pulumi"],
    });
    expect(readFileSync(".node-version", "utf8").trim()).toBe(devDependencies["node"]);
  });

  it("tests with what a user tests with", () => {
    const targets = [...readFileSync("Makefile", "utf8").matchAll(/^([a-z-]+):/gm)].map(([, name]) => name);
    const made = steps.flatMap(({ run }) => /^make (\S+)$/.exec(run ?? "")?.[1] ?? []);
    expect(made).toEqual(["check", "test"]);
    for (const target of made) expect(targets).toContain(target);
  });
});
