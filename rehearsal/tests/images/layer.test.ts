import { createReadStream, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { extract } from "tar-stream";
import { describe, expect, it } from "vitest";
import { type Entry, folder, program, text } from "../../images/entries.ts";
import { fingerprint, writeLayer } from "../../images/layer.ts";
import { newFolder } from "./sources.ts";

function entriesIn(place: string): readonly Entry[] {
  writeFileSync(join(place, "tool"), "a program");
  return [
    program("usr/bin/tool", join(place, "tool")),
    { path: "bin/sh", link: "busybox" },
    folder("tmp", 0o1777),
    text("etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
  ];
}

async function listed(file: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of createReadStream(file).pipe(extract())) {
    const { name, type, mode, mtime, uid, gid, uname, gname, linkname } = entry.header;
    expect({ time: mtime.getTime(), uid, gid, uname, gname }).toEqual({
      time: 0,
      uid: 0,
      gid: 0,
      uname: "",
      gname: "",
    });
    const content = type === "symlink" ? linkname : await textOf(entry);
    names.push(`${name} ${type} ${mode.toString(8)} ${content}`.trim());
    entry.resume();
  }
  return names;
}

describe("a layer", () => {
  it("has each entry once, folders first, and nothing of whoever made it", async () => {
    const place = newFolder();
    const { size } = await writeLayer(entriesIn(place), join(place, "layer"));
    expect(await listed(join(place, "layer"))).toEqual([
      "bin directory 755",
      "bin/sh symlink 777 busybox",
      "etc directory 755",
      "etc/passwd file 644 root:x:0:0::/root:/bin/sh",
      "tmp directory 1777",
      "usr directory 755",
      "usr/bin directory 755",
      "usr/bin/tool file 755 a program",
    ]);
    expect(size % 512).toBe(0);
  });

  it("is the same for the same files, in whatever order and of whatever time", async () => {
    const [one, other] = [newFolder(), newFolder()];
    const first = await writeLayer(entriesIn(one), join(one, "layer"));
    const again = entriesIn(other);
    utimesSync(join(other, "tool"), 1, 1);
    expect(await writeLayer([...again].reverse(), join(other, "layer"))).toEqual(first);
    writeFileSync(join(other, "tool"), "another program");
    expect((await writeLayer(again, join(other, "layer"))).digest).not.toBe(first.digest);
  });

  it("has a fingerprint that follows its entries, and its files' times and sizes", () => {
    const place = newFolder();
    const entries = entriesIn(place);
    utimesSync(join(place, "tool"), 1, 1);
    const before = fingerprint(entries);
    expect(fingerprint([...entries].reverse())).toBe(before);
    expect(fingerprint([...entries, text("etc/hosts", "")])).not.toBe(before);
    utimesSync(join(place, "tool"), 2, 2);
    expect(fingerprint(entries)).not.toBe(before);
  });

  it("says which file is gone", async () => {
    const place = newFolder();
    const entries = entriesIn(place);
    rmSync(join(place, "tool"));
    await expect(writeLayer(entries, join(place, "layer"))).rejects.toThrow(join(place, "tool"));
  });

  it("says that the disk is full", async () => {
    const place = newFolder();
    const entries = entriesIn(place);
    writeFileSync(join(place, "tool"), Buffer.alloc(5 << 20));
    await expect(writeLayer(entries, "/dev/full")).rejects.toThrow("ENOSPC");
  });
});
