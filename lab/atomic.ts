import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure } from "./failure.ts";

/**
 * Writes a file so that nobody ever sees a part of it.
 *
 * @throws Failure where its folder is not there, or may not be written to
 */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new Failure(
      code === "ENOENT"
        ? `${file} cannot be written: there is no folder ${dirname(file)}.`
        : `${file} cannot be written: ${code}.`,
    );
  }
}
