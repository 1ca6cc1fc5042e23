import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import { type Entry, ordered } from "./entries.ts";

/** Something that is stored under its digest. */
export interface Stored {
  /** `sha256:` and 64 digits. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/** How much of a file is under way at once. */
const chunk = 1 << 20;

/**
 * Writes a layer as a tar archive, which is the same for the same entries: nothing of this machine is in it but what
 * they contain.
 *
 * @throws Error that names the file that changed or went away meanwhile
 */
export async function writeLayer(entries: readonly Entry[], file: string): Promise<Stored> {
  const tar = pack();
  const hash = createHash("sha256");
  let size = 0;
  const written = pipeline(
    tar,
    async function* (chunks: AsyncIterable<unknown>) {
      for await (const part of chunks as AsyncIterable<Buffer>) {
        hash.update(part);
        size += part.length;
        yield part;
      }
    },
    createWriteStream(file, { mode: 0o600, highWaterMark: chunk }),
  );
  const filled = fill(tar, ordered(entries)).catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  });
  await Promise.all([filled, written]);
  return { digest: `sha256:${hash.digest("hex")}`, size };
}

async function fill(tar: Pack, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) await add(tar, entry);
  tar.finalize();
}

async function add(tar: Pack, entry: Entry): Promise<void> {
  const header = { name: entry.path, mtime: new Date(0), uid: 0, gid: 0 };
  if ("link" in entry) tar.entry({ ...header, type: "symlink", linkname: entry.link, mode: 0o777 });
  else if ("folder" in entry) tar.entry({ ...header, type: "directory", mode: entry.folder });
  else if ("text" in entry) tar.entry({ ...header, mode: entry.mode }, entry.text);
  else {
    const sink = tar.entry({ ...header, mode: entry.mode, size: statSync(entry.file).size });
    try {
      await pipeline(createReadStream(entry.file, { highWaterMark: chunk }), sink);
    } catch (error) {
      throw new Error(
        `${entry.file} could not be put into an image: ${String(error)}. Run the command again.`,
        {
          cause: error,
        },
      );
    }
  }
}

/** A text that differs where a layer would: of files it has sizes and times, which are read faster than they are. */
export function fingerprint(entries: readonly Entry[]): string {
  const parts = ordered(entries).map((entry) => {
    if (!("file" in entry)) return entry;
    const { size, mtimeMs } = statSync(entry.file);
    return { ...entry, size, mtimeMs };
  });
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
