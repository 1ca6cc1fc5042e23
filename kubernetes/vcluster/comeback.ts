import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { explain } from "../connection/unreached.ts";
import type { Exposure } from "../../values/exposure.ts";
import { kubeConfigOf } from "../connection/cluster.ts";
import { problemsIn } from "../diagnosis/diagnosis.ts";
import { lookAtPods, untilStuck } from "./pods-on-host.ts";
import { poll } from "../waits/poll.ts";
import { reachInside } from "./reach.ts";

interface ComebackArgs {
  readonly cluster: string;
  /** Name of the management cluster. */
  readonly management: string;
  readonly hostContext?: string | undefined;
  readonly expose: Exposure;
  readonly nodeAddress?: string | undefined;
  readonly timeoutSeconds: number;
}

/**
 * Waits until all that ran in a virtual cluster before its pause runs again: until then its API server refuses what it
 * has a webhook for. What cannot come back by itself is not waited for: the change that mends it may come next.
 *
 * @returns what is not back, and why; undefined where all is
 */
export async function comeback(args: ComebackArgs): Promise<string | undefined> {
  const { cluster, management, hostContext, timeoutSeconds } = args;
  const host = kubeConfigOf({ context: hostContext });
  let inside: KubeConfig | undefined;
  const look = untilStuck(async () => {
    inside ??= await reachInside(host, args, cluster);
    return lookAtPods({ cluster, host, inside, management });
  });
  const reasons = () => problemsOfCopies(host, cluster);
  try {
    const what = `what runs in ${cluster} to be back after its pause`;
    const found = await poll({ what, hint: reasons, timeoutSeconds, look });
    return "state" in found
      ? `not all that runs in ${cluster} is back after its pause: ${found.state}. ${await reasons()}`.trim()
      : undefined;
  } catch (error) {
    return explain(error);
  }
}

/** Why the host's copies of the pods of a virtual cluster are not ready. */
async function problemsOfCopies(host: KubeConfig, cluster: string): Promise<string> {
  const { items } = await host.makeApiClient(CoreV1Api).listNamespacedPod({
    namespace: cluster,
    labelSelector: `vcluster.loft.sh/managed-by=${cluster}`,
  });
  return problemsIn({ services: [], claims: [], pods: items }).join(" ");
}
