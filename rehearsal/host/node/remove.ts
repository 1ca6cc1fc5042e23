import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { promisify } from "node:util";
import { sandboxUser, userNamespace } from "./sandbox.ts";

/** Removes a folder of the node: without root, its files belong to the user's other ids, who alone may do so. */
export async function removeFolder(folder: string): Promise<void> {
  if (sandboxUser() === "ordinary" && existsSync(folder))
    await promisify(execFile)("unshare", [...userNamespace.ordinary, "rm", "-rf", "--", folder]);
  rmSync(folder, { recursive: true, force: true });
}
