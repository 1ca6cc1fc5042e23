import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { coreApiOf, environment } from "../kubernetes/connection/cluster.ts";
import { poll } from "../kubernetes/waits/poll.ts";
import { logsOf } from "../kubernetes/vcluster/control-plane.ts";
import { isPlacedByHost, topology } from "../kubernetes/vcluster/placed-nodes.ts";
import { run } from "./base/run.ts";

interface LocalitiesSpec {
  /** Name of the cluster, for messages. */
  readonly cluster: string;
  readonly region: string;
  readonly zone: string;
  readonly timeoutSeconds: number;
}

/** What the step prints. */
export interface Localities {
  /** Nodes that have a region or a zone of the host's, which vcluster keeps as they are there. */
  readonly hosts: readonly string[];
}

await run<LocalitiesSpec>(async ({ cluster, region, zone, timeoutSeconds }): Promise<Localities> => {
  const api = coreApiOf({ kubeconfig: environment("MESHLAB_KUBECONFIG") });
  const nodes = await poll({
    what: `the nodes of ${cluster}`,
    hint: `The syncer copies them from the host: ${logsOf(cluster)}.`,
    timeoutSeconds,
    look: async () => {
      const { items } = await api.listNode();
      return items.length === 0 ? { state: "there are none" } : { value: items };
    },
  });
  const [regionLabel, zoneLabel] = topology;
  const body = { metadata: { labels: { [regionLabel]: region, [zoneLabel]: zone } } };
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const [hosts, ours] = [true, false].map((placed) =>
    nodes.filter((node) => isPlacedByHost(node) === placed).map(({ metadata }) => metadata?.name ?? ""),
  ) as [string[], string[]];
  await Promise.all(ours.map((name) => api.patchNode({ name, body }, merge)));
  return { hosts };
});
