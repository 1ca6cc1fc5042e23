import { kubeConfigOf } from "../kubernetes/connection/cluster.ts";
import { run } from "./base/run.ts";
import { type StopArgs, stopped } from "../kubernetes/vcluster/stopped.ts";

interface PauseSpec extends StopArgs {
  readonly hostContext?: string | undefined;
}

await run<PauseSpec>(({ hostContext, ...what }) => stopped(kubeConfigOf({ context: hostContext }), what));
