import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createDisplay } from "../../kit/display.ts";
import { paths } from "../../kit/paths.ts";
import { ensureBuiltPlugin, ensureTools, type ReadyTool } from "../../toolchain/toolchain.ts";
import { kubernetesPlugin } from "../../toolchain/kubernetes-plugin.ts";
import { tools } from "../../toolchain/tools.ts";

vi.mock("../../kit/paths.ts", async (original) => {
  const module = await original<typeof import("../../kit/paths.ts")>();
  return { ...module, paths: { ...module.paths, bin: `${module.rehearsalDir}/toolchain-test/bin` } };
});

const place = dirname(paths.bin);
const elsewhere = join(place, "elsewhere");

/** Puts programs that answer with their pinned versions into a folder. */
function put(folder: string, wanted = tools): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, origin } of wanted) {
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\necho ${origin.version() ?? ""}\n`);
    chmodSync(file, 0o755);
  }
}

let said: string[] = [];
const display = createDisplay({ write: (text: string) => said.push(text.replace(/^\[.*?\] /, "").trim()) });

/** On a machine that has no Go: whatever would be built is an error. */
async function withPath<T>(path: string, ensure: () => Promise<T>): Promise<T> {
  said = [];
  vi.stubEnv("PATH", `${path}:/nowhere`);
  return ensure().finally(() => vi.unstubAllEnvs());
}
const ready = (path = ""): Promise<readonly ReadyTool[]> => withPath(path, () => ensureTools(display));

const foundIn = (ready: readonly ReadyTool[]): (string | undefined)[] => [
  ...new Set(ready.map(({ found }) => (found === undefined ? undefined : dirname(found)))),
];

beforeEach(() => {
  rmSync(place, { recursive: true, force: true });
});

describe("tools that are copied to another machine or checkout", () => {
  /** As `cp -r` does it: the same files, of another time. */
  const copied = (): void => {
    renameSync(paths.bin, elsewhere);
    execFileSync("cp", ["-r", elsewhere, paths.bin]);
    for (const { name } of tools) utimesSync(join(paths.bin, name), 1, 1);
  };

  it("are not built anew", async () => {
    put(paths.bin);
    const before = await ready();
    copied();
    expect(await ready()).toEqual(before);
  });

  it("are not built anew without what says which they are", async () => {
    put(paths.bin);
    const before = await ready();
    copied();
    rmSync(join(paths.bin, "tools.json"));
    expect(await ready()).toEqual(before);
  });

  it("are not built anew where they were made by an earlier version of this project", async () => {
    put(paths.bin);
    const before = await ready();
    const stamp = Object.fromEntries(
      before.map(({ name, version }) => [name, { version, file: "30 1", pins: "x" }]),
    );
    writeFileSync(join(paths.bin, "tools.json"), JSON.stringify(stamp));
    expect(await ready()).toEqual(before);
  });

  it("include the Kubernetes plugin", async () => {
    put(paths.bin, [kubernetesPlugin]);
    const before = await withPath("", () => ensureBuiltPlugin(display));
    renameSync(paths.bin, elsewhere);
    execFileSync("cp", ["-r", elsewhere, paths.bin]);
    utimesSync(join(paths.bin, before.name), 1, 1);
    expect(await withPath("", () => ensureBuiltPlugin(display))).toEqual(before);
  });

  it("are built where one is another file", async () => {
    put(paths.bin);
    await ready();
    appendFileSync(join(paths.bin, "kwok"), "# changed\n");
    await expect(ready()).rejects.toThrow(/^kwok must be built, and there is no working Go on PATH\./);
    const file = join(paths.bin, "etcd");
    writeFileSync(file, readFileSync(file, "utf8").replace("echo", "ECHO"));
    await expect(ready()).rejects.toThrow(/^etcd, kwok must be built/);
  });
});

describe("tools that were found on PATH", () => {
  it("stay in use in a shell that does not know their folder", async () => {
    put(elsewhere);
    const before = await ready(elsewhere);
    expect(foundIn(before)).toEqual([elsewhere]);
    expect(await ready()).toEqual(before);
  });

  it("stay in use after the pins of others have changed", async () => {
    put(elsewhere);
    const before = await ready(elsewhere);
    const file = join(paths.bin, "tools.json");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(/"pins": "\w+"/g, '"pins": "other"'));
    expect(await ready()).toEqual(before);
  });

  it("are taken from another folder where they are gone, and this is said", async () => {
    put(elsewhere);
    const other = join(place, "other");
    put(other);
    await ready(elsewhere);
    const helm = join(elsewhere, "helm");
    rmSync(helm);
    await ready(other);
    expect(said).toEqual([`helm was ${helm}, which is gone: ${join(other, "helm")} takes its place`]);
    expect(realpathSync(join(paths.bin, "helm"))).toBe(join(other, "helm"));
  });

  it("are built where they are gone, and this is said", async () => {
    put(elsewhere);
    await ready(elsewhere);
    rmSync(join(elsewhere, "helm"));
    await expect(ready()).rejects.toThrow(/^helm must be built/);
    expect(said).toEqual([`helm was ${join(elsewhere, "helm")}, which is gone: it is built instead`]);
  });
});
