import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { librariesOf, readElf } from "../../images/elf.ts";
import { machineLibraries, programs } from "../../images/sources.ts";
import { newFolder } from "./sources.ts";

const node = process.execPath;

describe("what a program needs to be loaded", () => {
  it("is read from it", () => {
    expect(readElf(node)?.loader).toMatch(/^\/lib.*\/ld-/);
    expect(readElf(node)?.needed).toContain("libc.so.6");
  });

  it("is nothing where it is no program", () => {
    const file = join(newFolder(), "script");
    for (const text of ["", "#!/bin/sh\n"]) {
      writeFileSync(file, text);
      expect(readElf(file)).toBeUndefined();
      expect(librariesOf(file, [])).toEqual([]);
    }
  });

  it("is found, with what that needs in turn", () => {
    const found = librariesOf(node, machineLibraries);
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["libc.so.6", "libm.so.6", "libstdc++.so.6"]),
    );
    expect(found.filter(({ file }) => !existsSync(file))).toEqual([]);
  });

  it("is taken from the first folder that has it for the right machine", () => {
    const [other, right] = [newFolder(), newFolder()];
    const { file } = librariesOf(node, machineLibraries).find(({ name }) => name === "libm.so.6") ?? {};
    copyFileSync(file ?? "", join(right, "libm.so.6"));
    const foreign = readFileSync(file ?? "");
    foreign.writeUInt16LE(0x28, 18);
    writeFileSync(join(other, "libm.so.6"), foreign);
    expect(librariesOf(node, [other, right, ...machineLibraries])).toContainEqual({
      name: "libm.so.6",
      file: join(right, "libm.so.6"),
    });
  });

  it("is named where it is missing", () => {
    expect(() => librariesOf(node, ["/nowhere"])).toThrow(
      /node needs lib\S+, which is in none of \/nowhere: /,
    );
  });

  it("comes into the image with it, where every distribution's loader looks", () => {
    const bin = newFolder();
    copyFileSync(node, join(bin, "node"));
    expect(
      programs({ bin, nft: "", libraries: machineLibraries, envoyBootstrap: "" }, { node: "node" }),
    ).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: "lib64/libc.so.6" }),
        { path: "lib", link: "lib64" },
        { path: "usr/lib", link: "../lib64" },
      ]),
    );
  });
});
