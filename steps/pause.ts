import { kubeConfigOf } from "./cluster.ts";
import { run } from "./run.ts";
import { type StopArgs, stopped } from "./stopped.ts";

interface PauseSpec extends StopArgs {
  readonly hostContext?: string | undefined;
}

if (import.meta.main) {
  await run<PauseSpec>(({ hostContext, ...what }) => stopped(kubeConfigOf({ context: hostContext }), what));
}
