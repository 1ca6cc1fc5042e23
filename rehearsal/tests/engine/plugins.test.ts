import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { packageVersion, plugins } from "../../../versions/plugins.ts";
import { createDisplay } from "../../kit/display.ts";
import { paths, root } from "../../kit/paths.ts";
import { choosePlugins, type ChosenPlugin, placeOf } from "../../engine/plugins.ts";
import { askVersion } from "../../engine/plugin-version.ts";

// A rehearsal of its own, with tools and downloads of its own.
vi.mock("../../kit/paths.ts", async (original) => {
  const module = await original<typeof import("../../kit/paths.ts")>();
  const place = `${module.rehearsalDir}/plugins-test`;
  const own = ["bin", "downloads", "plugins", "run", "pulumiHome"] as const;
  const moved = Object.fromEntries(own.map((name) => [name, `${place}/${name}`]));
  return { ...module, paths: { ...module.paths, ...moved } };
});
vi.mock("../../toolchain/toolchain.ts", () => ({
  ensureBuiltPlugin: () => Promise.resolve({ name: "pulumi-resource-kubernetes", version: "4.25.0" }),
}));

const place = dirname(paths.bin);
const wanted = packageVersion("@pulumi/kubernetes");
const program = "pulumi-resource-kubernetes";

/** Makes a program in a folder of the test. */
function put(file: string, script: string): string {
  const path = join(place, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The command that runs a plugin of this version. */
const toy = (version: string, how = ""): string =>
  `exec ${process.execPath} ${join(root, "rehearsal/tests/engine/toy-plugin.ts")} ${version} ${how}`;

const installed = (home: string, version: string): string =>
  put(`${home}/plugins/resource-kubernetes-v${version}/${program}`, toy(version));

let said: string[] = [];

/** Chooses with these folders on PATH before the machine's. */
async function choose(...folders: string[]): Promise<ChosenPlugin> {
  vi.stubEnv("PULUMI_HOME", `${place}/home`);
  // The machine that runs these tests may have plugins.
  const machine = (process.env["PATH"] ?? "")
    .split(":")
    .filter((folder) => !existsSync(join(folder, program)));
  vi.stubEnv("PATH", [...folders.map((folder) => join(place, folder)), ...machine].join(":"));
  said = [];
  const display = createDisplay({ write: (text: string) => said.push(text.replace(/^\[.*?\] /, "").trim()) });
  const chosen = await choosePlugins(display).finally(() => vi.unstubAllEnvs());
  const found = chosen.find(({ name }) => name === "kubernetes");
  if (found === undefined) throw new Error("no plugin was chosen");
  return found;
}

/** The program that the engine finds. */
const linked = (): string => readlinkSync(placeOf(plugins[0]));

/** What an installation does that was asked for by the engine's CLI. */
const downloads = (does: string): void => {
  put("bin/pulumi", `echo "$@" >> ${place}/installs\n${does}`);
};
const installs = (): string =>
  existsSync(`${place}/installs`) ? readFileSync(`${place}/installs`, "utf8") : "";

beforeEach(() => {
  rmSync(place, { recursive: true, force: true });
  downloads("exit 1");
});

describe("a plugin that is asked for its version", () => {
  it("answers, whatever it is a plugin of", async () => {
    expect(await askVersion({ kind: "resource" }, put("a/plugin", toy("v4.25.0")))).toBe("4.25.0");
    const script = join(root, "rehearsal/plugins/language-nodejs.ts");
    const language = put("a/language", `exec ${process.execPath} ${script} "$@"`);
    expect(await askVersion({ kind: "language" }, language)).toBe(packageVersion("@pulumi/pulumi"));
  });

  it.each([
    ["ends at once", "exit 1"],
    ["says something else", "echo hello; exec sleep 60"],
  ])("is none where it %s", async (_, script) => {
    expect(await askVersion({ kind: "resource" }, put("a/other", script))).toBeUndefined();
  });
});

describe("the Kubernetes plugin", () => {
  it("is the one on PATH, whose version is asked for, and the engine finds it", async () => {
    const real = put(`real/${program}`, toy("4.20.1"));
    installed("home", wanted);
    expect(await choose("empty", "real")).toEqual({ name: "kubernetes", version: "4.20.1", wanted, real });
    expect(linked()).toBe(real);
    expect(installs()).not.toContain("kubernetes");
  });

  it("is the same in a shell that does not know its folder", async () => {
    const real = put(`real/${program}`, toy("4.20.1"));
    await choose("real");
    expect(await choose()).toMatchObject({ version: "4.20.1", real });
    expect(said).toEqual([]);
  });

  it("is asked for its version again where it is another file since", async () => {
    const real = put(`real/${program}`, toy("4.20.1"));
    await choose("real");
    put(`real/${program}`, toy("4.21.10"));
    expect(await choose()).toMatchObject({ version: "4.21.10", real });
  });

  it("is another one where that is gone, and this is said", async () => {
    const real = put(`real/${program}`, toy("4.20.1"));
    await choose("real");
    renameSync(real, `${real}.old`);
    expect(await choose()).toMatchObject({ version: "4.25.0", real: join(paths.bin, program) });
    expect(said).toEqual([`plugin kubernetes was ${real}, which is gone: it is built instead`]);

    put(`real/${program}`, toy("4.20.1"));
    await choose("real");
    rmSync(real);
    const other = installed("home", wanted);
    expect(await choose()).toMatchObject({ version: wanted, real: other });
    expect(said).toEqual([`plugin kubernetes was ${real}, which is gone: ${other} takes its place`]);
    expect(linked()).toBe(other);
  });

  it("is the SDK's own version in the user's home, and is not downloaded then", async () => {
    installed("home", "4.99.0");
    const real = installed("home", wanted);
    expect(await choose()).toMatchObject({ version: wanted, real });
    expect(installs()).not.toContain("kubernetes");
  });

  it("is downloaded, once for all rehearsals", async () => {
    const home = join(place, "downloads");
    downloads(
      `[ "$4" = kubernetes ] || exit 1
       folder=$PULUMI_HOME/plugins/resource-kubernetes-v$5; mkdir -p $folder
       printf '#!/bin/sh\\n%s\\n' '${toy(wanted)}' > $folder/${program}; chmod +x $folder/${program}`,
    );
    const real = `${home}/plugins/resource-kubernetes-v${wanted}/${program}`;
    expect(await choose()).toMatchObject({ version: wanted, real });
    rmSync(join(place, "installs"));
    expect(await choose()).toMatchObject({ version: wanted, real });
    expect(installs()).toBe("");
  });

  it("is asked for on the internet once a day", async () => {
    const tries = () => installs().split("plugin install resource kubernetes").length - 1;
    await choose();
    await choose();
    expect(tries()).toBe(1);
    const yesterday = Date.now() / 1000 - 25 * 60 * 60;
    utimesSync(join(paths.downloads, `resource-kubernetes-v${wanted}.tried`), yesterday, yesterday);
    await choose();
    expect(tries()).toBe(2);
  });

  it("is the newest one in the user's home that the SDK can talk to, rather than built", async () => {
    installed("home", "5.0.0");
    installed("home", "4.9.0");
    const real = installed("home", "4.33.1");
    expect(await choose()).toMatchObject({ version: "4.33.1", real });
  });

  it("is built where there is none", async () => {
    const real = join(paths.bin, program);
    expect(await choose()).toEqual({ name: "kubernetes", version: "4.25.0", wanted, real });
    expect(linked()).toBe(real);
  });

  it.each([
    ["does not answer", "exit 1", "does not answer as a plugin, and is passed over"],
    ["is too old", toy("3.30.2"), "is version 3.30.2 and is passed over: the program needs 4.x"],
  ])("is none that %s", async (_, script, reason) => {
    const bad = put(`bad/${program}`, script);
    const real = put(`real/${program}`, toy("4.20.1"));
    expect(await choose("bad", "real")).toMatchObject({ real });
    expect(said).toEqual([`${bad} ${reason}`]);
  });
});

describe("another plugin", () => {
  it("is a stand-in where it cannot be had, until it can", async () => {
    await choose();
    const wrapper = placeOf(plugins[1]);
    expect(readFileSync(wrapper, "utf8")).toContain("rehearsal/dist/random.js");
    const real = put("real/pulumi-resource-random", toy("4.21.2"));
    await choose("real");
    expect(readlinkSync(wrapper)).toBe(real);
  });
});
