import { constants } from "node:fs";
import { access, link, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import { exitCodes, Failure } from "../../messages/failure.ts";
import type { Files } from "./files.ts";

/**
 * Makes sure that an archive can be written, before the work that goes into it.
 *
 * @throws Failure that says why not
 */
export async function checkPlace(file: string): Promise<void> {
  const directory = dirname(file);
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory() !== true)
    throw new Failure(
      `There is no directory ${directory} to write to: choose another with --output.`,
      exitCodes.usage,
    );
  try {
    await access(directory, constants.W_OK);
  } catch {
    throw new Failure(
      `Directory ${directory} cannot be written to: choose another with --output.`,
      exitCodes.usage,
    );
  }
}

/**
 * Writes files as an archive that only its owner may read: whole, or not at all, and never over another.
 *
 * @param file its path, `NAME.tgz`; what is in it is in folder `NAME`
 */
export async function writeArchive(file: string, files: Files): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}`);
  try {
    await writeFile(draft, await archived(basename(file, ".tgz"), files), { mode: 0o600, flag: "wx" });
    // Unlike a rename, this fails where there is such a file.
    await link(draft, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new Failure(`${file} is there already, and stays as it is.`);
    throw new Failure(`${file} could not be written: ${String(error)}`);
  } finally {
    await rm(draft, { force: true });
  }
}

async function archived(folder: string, files: Files): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(files))
    tar.entry({ name: `${folder}/${name}`, mode: 0o600 }, text);
  tar.finalize();
  const gzip = createGzip();
  const [content] = await Promise.all([buffer(gzip), pipeline(tar, gzip)]);
  return content;
}
