import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hintFor } from "../../toolchain/command.ts";
import { goHints } from "../../toolchain/go.ts";
import { goModule, pinnedVersions } from "../../toolchain/go-module.ts";
import { findAccepted } from "../../toolchain/survey.ts";
import { accepts, type Accepted, type Tool, versionIn } from "../../toolchain/tool.ts";
import { nodeTools, tools } from "../../toolchain/tools.ts";

function tool(name: string): Tool {
  const found = [...tools, ...nodeTools].find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no tool ${name}`);
  return found;
}

const acceptedOf = (name: string): Accepted => tool(name).accepted ?? { from: "0.0.0", below: "0.0.0" };

describe("the pins", () => {
  const findable = [...tools, ...nodeTools].filter(
    ({ accepted, origin }) => accepted !== undefined && origin.version() !== undefined,
  );

  it.each(findable.map(({ name, origin }) => [name, origin.version() ?? ""]))(
    "have an accepted version of %s",
    (name, version) => {
      expect(version).toMatch(/^v/);
      expect(accepts(acceptedOf(name), version.slice(1))).toBe(true);
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
    const folder = mkdtempSync(join(tmpdir(), "module-"));
    writeFileSync(join(folder, "go.mod"), "module example.com/x\n");
    expect(() => goModule(folder).pin("sigs.k8s.io/kwok")).toThrow(
      `${folder}/go.mod does not pin sigs.k8s.io/kwok: restore it with git, or pin it with go get.`,
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
    ["containerd github.com/containerd/containerd/v2 v2.4.2 193637f7\n", "2.4.2"],
    ["containerd-shim-runc-v2:\n  Version:  v2.4.2\n  Revision: \n  Go version: go1.26.8\n", "2.4.2"],
    ["runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\nspec: 1.0.2-dev\n", "1.1.5"],
    ["nftables v1.0.6 (Lester Gooch #5)\n", "1.0.6"],
    ["BusyBox v1.35.0 (Debian 1:1.35.0-4+b7) multi-call binary.\n", "1.35.0"],
    ["\nenvoy  version: 1ab9fcc8/1.40.0/Clean/RELEASE/BoringSSL\n", "1.40.0"],
    ["CoreDNS-1.14.5\nlinux/amd64, go1.26.8, \n", "1.14.5"],
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
    ["kubelet", "1.35.9", false],
    ["kubelet", "1.36.0", true],
    ["kube-proxy", "1.37.0", false],
    ["containerd", "1.7.27", false],
    ["containerd", "2.0.0", true],
    ["runc", "1.0.3", false],
    ["runc", "1.1.0", true],
    ["nft", "1.0.0", false],
    ["nft", "1.1.3", true],
    ["coredns", "1.14.5", true],
    ["envoy", "1.37.9", false],
  ])("of %s %s is accepted: %s", (name, version, accepted) => {
    expect(accepts(acceptedOf(name), version)).toBe(accepted);
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
      found: join(folder, "good", "kwok"),
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
    expect(hintFor(goHints, output)).toMatch(advice);
  });

  it("for any other reason comes without", () => {
    expect(hintFor(goHints, "undefined: foo")).toBeUndefined();
  });
});
