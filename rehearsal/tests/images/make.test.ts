import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { makeImages } from "../../images/make.ts";
import type { Sources } from "../../images/sources.ts";
import { blobFile, readIndex } from "../../images/store.ts";
import { imagesOf, layers } from "../../images/table.ts";
import { current } from "../../../versions/current.ts";
import { newFolder, newSources } from "./sources.ts";

/** Makes images, and gives what was said. */
async function make(folder: string, sources: Sources, images = imagesOf()): Promise<string[]> {
  const said: string[] = [];
  await makeImages((line) => said.push(line), sources, images, folder);
  return said;
}

/** Everything that the store names is there, under its own digest; nothing else is, where `alone`. */
function check(folder: string, alone: boolean): void {
  const index = readIndex(folder);
  const named = [...Object.values(index.layers), ...Object.values(index.images)].map(({ digest }) => digest);
  const configs = Object.values(index.images).map(({ digest }) => {
    const manifest = JSON.parse(readFileSync(blobFile(folder, digest), "utf8")) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    expect(named).toEqual(expect.arrayContaining(manifest.layers.map((layer) => layer.digest)));
    return manifest.config.digest;
  });
  const all = new Set([...named, ...configs]);
  for (const digest of all) {
    const content = readFileSync(blobFile(folder, digest));
    expect(`sha256:${createHash("sha256").update(content).digest("hex")}`).toBe(digest);
  }
  if (!alone) return;
  const names = readdirSync(join(folder, "blobs", "sha256")).map((name) => `sha256:${name}`);
  expect(names.sort()).toEqual([...all].sort());
}

const everyLayer = Object.keys(layers).map((name) => `making images: ${name}`);

describe("images", () => {
  it("are made once, of files that only their owner may read", async () => {
    const [folder, sources] = [newFolder(), newSources()];
    expect((await make(folder, sources)).sort()).toEqual([...everyLayer].sort());
    check(folder, true);
    expect(Object.keys(readIndex(folder).images).sort()).toEqual(
      imagesOf()
        .flatMap(({ names }) => names)
        .sort(),
    );
    for (const name of readdirSync(join(folder, "blobs", "sha256")))
      expect(statSync(join(folder, "blobs", "sha256", name)).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "blobs")).mode & 0o777).toBe(0o700);
    const before = readFileSync(join(folder, "index.json"), "utf8");
    expect(await make(folder, sources)).toEqual([]);
    expect(readFileSync(join(folder, "index.json"), "utf8")).toBe(before);
  });

  it("are the same anywhere", async () => {
    const [one, other] = [newFolder(), newFolder()];
    await make(one, newSources());
    await make(other, newSources());
    expect(readIndex(other).images).toEqual(readIndex(one).images);
  });

  it("are made again where a program has changed, and then only its layer", async () => {
    const [folder, sources] = [newFolder(), newSources()];
    await make(folder, sources);
    const before = readIndex(folder).images;
    writeFileSync(join(sources.bin, "envoy"), "another envoy");
    expect(await make(folder, sources)).toEqual(["making images: envoy"]);
    const after = readIndex(folder).images;
    const changed = Object.keys(after).filter((name) => after[name]?.digest !== before[name]?.digest);
    expect(changed).toEqual(["docker.io/istio/proxyv2:1.30.3", "registry.istio.io/release/proxyv2:1.30.3"]);
    check(folder, true);
  });

  it("keep their digests where a program was built again and came out the same", async () => {
    const [folder, sources] = [newFolder(), newSources()];
    await make(folder, sources);
    const before = readIndex(folder).images;
    utimesSync(join(sources.bin, "vcluster"), 1, 1);
    expect(await make(folder, sources)).toEqual(["making images: vcluster"]);
    expect(readIndex(folder).images).toEqual(before);
  });

  it("of other versions stay, and get what has changed", async () => {
    const [folder, sources] = [newFolder(), newSources()];
    const older = { ...current.versions, kubernetes: "v1.34.0" };
    await make(folder, sources, imagesOf(older));
    writeFileSync(join(sources.bin, "kine"), "another kine");
    await make(folder, sources);
    const { images } = readIndex(folder);
    expect(images["ghcr.io/loft-sh/kubernetes:v1.34.0"]).toEqual(
      images["ghcr.io/loft-sh/kubernetes:v1.35.0"],
    );
    check(folder, true);
  });

  it("are made again of what is missing or spoilt", async () => {
    const [folder, sources] = [newFolder(), newSources()];
    await make(folder, sources);
    const { layers: kept, images } = readIndex(folder);
    rmSync(blobFile(folder, kept["coredns"]?.digest ?? ""));
    expect(await make(folder, sources)).toEqual(["making images: coredns"]);
    rmSync(blobFile(folder, images["registry.k8s.io/pause:3.10.1"]?.digest ?? ""));
    expect(await make(folder, sources)).toEqual([]);
    check(folder, true);
    writeFileSync(join(folder, "index.json"), "{");
    expect((await make(folder, sources)).length).toBe(everyLayer.length);
    expect(readIndex(folder).images).toEqual(images);
    check(folder, true);
  });

  it("are whole whenever whoever makes them is killed", async () => {
    const [folder, sources] = [newFolder(), newSources()];
    writeFileSync(join(sources.bin, "envoy"), Buffer.alloc(16 << 20, "e"));
    for (let kills = 1; kills <= 6; kills += 1) {
      const child = start(folder, sources);
      const ended = once(child, "exit");
      // Each goes on from where the one before it came to.
      await lines(child, 2);
      await sleep(2 * kills);
      child.kill("SIGKILL");
      await ended;
      check(folder, false);
    }
    await make(folder, sources);
    check(folder, true);
    const fresh = newFolder();
    await make(fresh, sources);
    expect(readIndex(folder).images).toEqual(readIndex(fresh).images);
  });
});

/** Another process that makes images. */
function start(folder: string, sources: Sources): ChildProcess {
  const module = join(import.meta.dirname, "..", "..", "images", "make.ts");
  const program = `
    const { makeImages } = await import(${JSON.stringify(module)});
    await makeImages((line) => console.log(line), ${JSON.stringify(sources)}, undefined, ${JSON.stringify(folder)});`;
  return spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Waits until a process has said this many lines, or has ended. */
async function lines(child: ChildProcess, count: number): Promise<void> {
  let said = 0;
  if (child.stdout === null) return;
  for await (const line of createInterface({ input: child.stdout })) {
    said += line === "" ? 0 : 1;
    if (said >= count) return;
  }
}
