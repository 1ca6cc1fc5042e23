import type { KubeConfig, V1Pod } from "@kubernetes/client-node";
import { delayOf, type Timing } from "../../profile/delays.ts";
import type { Stop } from "../../host/base/env.ts";
import { annotate } from "../kit/annotate.ts";
import { apiOf } from "../kit/api.ts";
import { follow } from "../kit/cache.ts";
import { meta } from "../kit/objects.ts";
import { createImages, runsAfter, steadyNameOf } from "../kit/pod-timing.ts";
import { createWorkQueue } from "../kit/work-queue.ts";

/** Says of every pod that has a node how long it takes there to run; the simulated kubelet waits to be told. */
export function startKubelet(hostConfig: KubeConfig, timing: Timing, log: (line: string) => void): Stop {
  const host = apiOf(hostConfig);
  const bound = encodeURIComponent("spec.nodeName!=");
  const pods = follow<V1Pod>(hostConfig, `/api/v1/pods?fieldSelector=${bound}`, log);
  const images = createImages(timing);
  const queue = createWorkQueue(
    "kubelet",
    async (key) => {
      const pod = pods.get(key);
      if (pod === undefined || meta(pod).leaving) return undefined;
      if (meta(pod).annotations[runsAfter] !== undefined) {
        images.have(pod);
        return undefined;
      }
      const seconds = images.missingFor(pod, Date.now()) + delayOf(timing, "podReady", steadyNameOf(pod));
      await annotate(host, pod, { [runsAfter]: seconds.toFixed(1) });
      return undefined;
    },
    log,
  );
  pods.subscribe(queue.add);
  return async () => {
    await queue.stop();
    await pods.stop();
  };
}
