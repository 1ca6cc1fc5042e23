import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../kit/files.ts";
import { forgetHost } from "../host/base/host-file.ts";
import { paths } from "../kit/paths.ts";

const mark = join(paths.run, "discarding");

/** Removes the host's data together with the state of what was in it: one without the other could not be used. */
export function discard(): void {
  writeFileAtomically(mark, "");
  for (const path of [paths.etcd, paths.state, paths.kubeconfig, paths.names, paths.stack, paths.next])
    rmSync(path, { recursive: true, force: true });
  forgetHost();
  rmSync(mark);
}

/** Completes what a killed run began. */
export function completeDiscard(): void {
  if (existsSync(mark)) discard();
}
