import type { KubeConfig } from "@kubernetes/client-node";
import { pulumiCommand, setting } from "../../messages/commands.ts";
import type { CheckedSettings } from "../../config/settings.ts";
import { reachInside } from "../../kubernetes/vcluster/reach.ts";
import { clusterOf, type Outputs } from "./lab.ts";

/** That a virtual cluster is not where the stack has it, and what to do; undefined where it is, or nobody knows. */
export async function moved(
  host: KubeConfig,
  settings: Pick<CheckedSettings, "expose" | "nodeAddress">,
  outputs: Outputs,
  cluster: string,
): Promise<string | undefined> {
  const now = await reachInside(host, settings, cluster).catch(() => undefined);
  const [is, was] = [now, clusterOf(outputs, cluster)].map((config) => config?.getCurrentCluster()?.server);
  return is === undefined || is === was
    ? undefined
    : `the stack has it at ${was ?? ""}, and it is now at ${is}: ${setting("renew", new Date().toISOString().slice(0, 10))}, then ${pulumiCommand("up")}.`;
}
