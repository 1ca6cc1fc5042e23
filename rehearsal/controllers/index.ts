import { podsTakeTime } from "../profile/delays.ts";
import type { Stop } from "../host/base/env.ts";
import type { ControllerContext } from "./kit/context.ts";
import { startKubelet } from "./kubelet/kubelet.ts";
import { startVClusters } from "./vcluster.ts";

export type { Stop } from "../host/base/env.ts";
export type { ControllerContext } from "./kit/context.ts";

/** Starts what stands in for the parts that would run in containers; call it once the host answers. */
export async function startControllers(context: ControllerContext): Promise<Stop> {
  const { env, host } = context;
  const stops = [
    ...(podsTakeTime(env.settings) ? [startKubelet(host, env.settings, env.log)] : []),
    startVClusters(context),
  ];
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}
