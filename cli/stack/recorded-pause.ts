import type { CheckedSettings } from "../../config/settings.ts";
import { projectName } from "./lab.ts";
import { pulumi } from "./pulumi.ts";

type Clusters = Pick<CheckedSettings, "management" | "workloads">;

/** Where the configuration of a stack says of each cluster that it is paused, and whether it does. */
export const recordedPauses = ({ management, workloads }: Clusters) => [
  { cluster: management.name, path: "management.paused", paused: management.paused },
  ...workloads.map(({ name, paused }, index) => ({
    cluster: name,
    path: `workloads[${index}].paused`,
    paused,
  })),
];

/**
 * Notes in the stack's configuration that clusters are paused, or no longer: the program leaves what is inside of a
 * paused cluster as it is, and would otherwise start it again.
 */
export async function recordPause(
  settings: Clusters,
  clusters: readonly string[],
  isPause: boolean,
): Promise<void> {
  const keys = recordedPauses(settings)
    .filter(({ cluster, paused }) => clusters.includes(cluster) && paused !== isPause)
    .map(({ path }) => `${projectName()}:${path}`);
  if (keys.length === 0) return;
  await (isPause
    ? pulumi("config", "set-all", "--path", ...keys.flatMap((key) => ["--plaintext", `${key}=true`]))
    : pulumi("config", "rm-all", "--path", ...keys));
}
