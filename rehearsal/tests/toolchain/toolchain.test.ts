import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../kit/paths.ts";
import { hintFor } from "../../toolchain/go.ts";
import {
  accepts,
  linkerFlags,
  pinnedVersions,
  pinOf,
  type Tool,
  tools,
  versionIn,
} from "../../toolchain/tools.ts";
import { findAccepted } from "../../toolchain/toolchain.ts";

const goMod = readFileSync(join(root, "rehearsal", "toolchain", "go.mod"), "utf8");

function tool(name: string): Tool {
  const found = tools.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no tool ${name}`);
  return found;
}

describe("the pins", () => {
  const pins = pinnedVersions(goMod);

  it.each(tools.map((each) => [each.name, each] as const))(
    "have an accepted version of %s",
    (_name, each) => {
      expect(accepts(each, pinOf(each, pins).slice(1))).toBe(true);
    },
  );

  it("are read from require lines, not from replacements", () => {
    const text =
      "require example.com/a v1.2.3\nrequire (\n\texample.com/b v0.4.0 // indirect\n)\nreplace example.com/c => example.com/c v9.9.9\n";
    expect([...pinnedVersions(text)]).toEqual([
      ["example.com/a", "v1.2.3"],
      ["example.com/b", "v0.4.0"],
    ]);
  });

  it("name the module that is missing", () => {
    expect(() => pinOf(tool("kwok"), new Map())).toThrow(
      "The go.mod for kwok does not pin sigs.k8s.io/kwok, which has its version.",
    );
  });

  it("become the versions that the built programs print", () => {
    expect(linkerFlags((module) => ({ "k8s.io/kubernetes": "v1.36.3" })[module] ?? "v0.0.1")).toBe(
      "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 " +
        "-X k8s.io/component-base/version.gitMinor=36 -X helm.sh/helm/v3/internal/version.version=v0.0.1 " +
        "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v0.0.1",
    );
  });
});

describe("a version", () => {
  it.each([
    ["etcd Version: 3.6.16\nGit SHA: Not provided\nGo Version: go1.26.8\n", "3.6.16"],
    ["Kubernetes v1.36.3\n", "1.36.3"],
    ["Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n", "1.32.4"],
    ["kwok version v0.8.0 go1.26.8 (linux/amd64)\n", "0.8.0"],
    ["v3.20.2+gabcdef", "3.20.2"],
    ["v3.259.0\n", "3.259.0"],
    ["command not found", undefined],
  ])("is found in %j", (output, version) => {
    expect(versionIn(output)).toBe(version);
  });

  it.each([
    ["pulumi", "3.229.9", false],
    ["pulumi", "3.246.0", true],
    ["pulumi", "4.0.0", false],
    ["helm", "3.9.0", false],
    ["helm", "3.18.0", true],
    ["kube-apiserver", "1.35.9", false],
    ["kube-apiserver", "1.36.0", true],
    ["kube-scheduler", "1.37.0", false],
    ["kubectl", "1.33.10", false],
    ["kubectl", "1.34.0", true],
    ["kubectl", "1.37.12", true],
    ["kwok", "0.10.0", false],
    ["etcd", "3.6.0", true],
    ["etcd", "3.10.0", false],
  ])("of %s %s is accepted: %s", (name, version, accepted) => {
    expect(accepts(tool(name), version)).toBe(accepted);
  });
});

describe("a tool on PATH", () => {
  const folder = mkdtempSync(join(tmpdir(), "toolchain-"));

  function put(place: string, output: string, exitCode = 0): string {
    const path = join(folder, place);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "kwok"), `#!/bin/sh\necho "${output}"\nexit ${exitCode}\n`);
    chmodSync(join(path, "kwok"), 0o755);
    return path;
  }

  it("is the first one whose version is accepted", async () => {
    const path = [
      join(folder, "nothing-here"),
      put("old", "kwok version v0.7.0"),
      put("broken", "kwok version v0.8.0", 1),
      put("good", "kwok version v0.8.4"),
      put("later", "kwok version v0.8.5"),
    ];
    expect(await findAccepted(tool("kwok"), path)).toEqual({
      path: join(folder, "good", "kwok"),
      version: "0.8.4",
    });
  });

  it("is none where no version is accepted", async () => {
    expect(await findAccepted(tool("kwok"), [put("old", "kwok version v0.7.0")])).toBeUndefined();
  });
});

describe("a failed build", () => {
  it.each([
    ["write /tmp/go-build/x: no space left on device", /disk is full/],
    ["go: module requires go >= 1.26.0 (running go 1.22.1; GOTOOLCHAIN=local)", /Go is too old/],
    ['Get "https://modules.example/x": dial tcp: lookup modules.example: no such host', /GOPROXY/],
    ["missing go.sum entry for module providing package x", /restore them with git/],
    ["compile: signal: killed", /memory/],
  ])("by %j comes with advice", (output, advice) => {
    expect(hintFor(output)).toMatch(advice);
  });

  it("for any other reason comes without", () => {
    expect(hintFor("undefined: foo")).toBeUndefined();
  });
});
