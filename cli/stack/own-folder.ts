import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ownFolder } from "../../plan/outputs.ts";
import { root } from "./root.ts";

/** Where what verbs write goes, unless the user says where. */
export const ownPath = join(root, ownFolder);

/** Makes the folder of verbs, for its owner alone, where a file is to go there; other folders are the user's to make. */
export async function provideOwnFolder(file: string): Promise<void> {
  if (dirname(resolve(file)) === ownPath) await mkdir(ownPath, { recursive: true, mode: 0o700 });
}
