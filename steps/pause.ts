import { kubeConfigOf } from "../kubernetes/connection/cluster.ts";
import { run } from "./run.ts";
import { type StopArgs, stopped } from "../kubernetes/vcluster/stopped.ts";

interface PauseSpec extends StopArgs {
  readonly hostContext?: string | undefined;
}

if (import.meta.main) {
  await run<PauseSpec>(({ hostContext, ...what }) => stopped(kubeConfigOf({ context: hostContext }), what));
}
