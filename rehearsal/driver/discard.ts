import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../kit/files.ts";
import { forgetHost } from "../host/base/host-file.ts";
import { removeFolder } from "../host/node/remove.ts";
import { paths } from "../kit/paths.ts";

const mark = join(paths.run, "discarding");

/** Removes the host's data together with the state of what was in it: one without the other could not be used. */
export async function discard(): Promise<void> {
  writeFileAtomically(mark, "");
  await removeFolder(paths.node);
  for (const path of [paths.etcd, paths.state, paths.kubeconfig, paths.names, paths.stack, paths.next])
    rmSync(path, { recursive: true, force: true });
  forgetHost();
  rmSync(mark);
}

/** Completes what a killed run began. */
export async function completeDiscard(): Promise<void> {
  if (existsSync(mark)) await discard();
}
