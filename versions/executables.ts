import { accessSync, constants, statSync } from "node:fs";
import { join } from "node:path";

/** Whether there is a program at a path, and this user may run it. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    // A folder may be entered, which is the same permission.
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Where a program is, looked for in folders one after the other; undefined: nowhere. */
export const firstExecutable = (folders: readonly string[], program: string): string | undefined =>
  folders.map((folder) => join(folder, program)).find(isExecutable);
