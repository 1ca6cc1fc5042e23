import type { Stop } from "../host/env.ts";
import type { ActorContext } from "./context.ts";
import { startVClusters } from "./vcluster.ts";

export type { Stop } from "../host/env.ts";
export type { ActorContext } from "./context.ts";

/** Starts what stands in for the parts that would run in containers; call it once the host answers. */
export async function startActors(context: ActorContext): Promise<Stop> {
  return startVClusters(context);
}
