import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { goModule } from "../../toolchain/go-module.ts";
import { goOrigin } from "../../toolchain/go-program.ts";
import { nodeTools, tools } from "../../toolchain/tools.ts";

const folder = mkdtempSync(join(tmpdir(), "go-program-"));

function put(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

beforeEach(() => {
  rmSync(folder, { recursive: true });
  put("go.mod", "module example.com/own\n\nrequire example.com/a v1.2.3\n");
  put("go.sum", "sum\n");
  put("a/main.go", "package main\n");
  put("other/go.mod", "module example.com/other\n");
});

describe("the fingerprint of a module", () => {
  const changes = (file: string, text = "changed\n"): boolean => {
    const before = goModule(folder).fingerprint();
    put(file, text);
    return goModule(folder).fingerprint() !== before;
  };

  it.each(["go.mod", "go.sum", "a/main.go", "a/b/new.go"])("changes with %s", (file) => {
    expect(changes(file)).toBe(true);
  });

  it.each(["a/main_test.go", "README.md", "other/go.mod", "other/main.go"])(
    "does not change with %s",
    (file) => {
      expect(changes(file)).toBe(false);
    },
  );
});

describe("the fingerprint of a program", () => {
  const plain = { module: goModule(folder), package: "./a", pin: "example.com/a" };
  const of = (more: object = {}): string => goOrigin({ ...plain, ...more }).fingerprint();

  it.each([
    ["package", { package: "./b" }],
    ["tags", { tags: ["x"] }],
    ["flags", { flags: ["-gcflags=-l"] }],
    ["variables", { variables: (pin: string) => ({ "main.version": pin }) }],
    ["parts in C", { cgo: true }],
  ])("changes with its %s", (_what, more) => {
    expect(of(more)).not.toBe(of());
  });

  it("stays the same for what is built from the same", () => {
    expect(of()).toBe(of());
  });

  it("is of one tool: those of others know nothing of its flags", () => {
    const all = [...tools, ...nodeTools.slice(0, -4)].map(({ origin }) => origin.fingerprint());
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("the version of a program", () => {
  it("is that of the module which it is pinned by", () => {
    expect(goOrigin({ module: goModule(folder), package: "./a", pin: "example.com/a" }).version()).toBe(
      "v1.2.3",
    );
  });

  it("is none for a program of this project", () => {
    expect(goOrigin({ module: goModule(folder), package: "./a" }).version()).toBeUndefined();
  });

  it("of Istio's programs is made from the commit that is pinned", () => {
    const pilot = nodeTools.filter(({ name }) => name.startsWith("pilot-"));
    const pin = goModule("rehearsal/toolchain").pin("istio.io/istio");
    for (const { origin } of pilot)
      expect(origin.version()).toBe(`v1.31.0-${(pin.split("-").at(-1) ?? "").slice(0, 8)}`);
  });
});
