import { PatchStrategy, setHeaderOptions, type V1Node } from "@kubernetes/client-node";
import { coreApiOf, environment } from "../kubernetes/connection/cluster.ts";
import { poll } from "../kubernetes/waits/poll.ts";
import { run } from "./run.ts";

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

/** vcluster 0.10.2 notes on its copy of a node which labels come from the host: it takes changes of these back. */
const managedLabels = "vcluster.loft.sh/managed-labels";

const topology = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

/** Whether a copy of a node has its place from the host. */
export const isPlacedByHost = ({ metadata }: V1Node): boolean => {
  // A copy that has just been made is not noted yet, and has nothing but the host's labels.
  const managed = metadata?.annotations?.[managedLabels]?.split("\n") ?? Object.keys(metadata?.labels ?? {});
  return topology.some((label) => managed.includes(label));
};

if (import.meta.main) {
  await run<LocalitiesSpec>(async ({ cluster, region, zone, timeoutSeconds }): Promise<Localities> => {
    const api = coreApiOf({ kubeconfig: environment("MESHLAB_KUBECONFIG") });
    const nodes = await poll({
      what: `the nodes of ${cluster}`,
      hint: `The syncer copies them from the host: kubectl -n ${cluster} logs ${cluster}-0 -c syncer.`,
      timeoutSeconds,
      look: async () => {
        const { items } = await api.listNode();
        return items.length === 0 ? { state: "there are none" } : { value: items };
      },
    });
    const [regionLabel = "", zoneLabel = ""] = topology;
    const body = { metadata: { labels: { [regionLabel]: region, [zoneLabel]: zone } } };
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    const [hosts, ours] = [true, false].map((placed) =>
      nodes.filter((node) => isPlacedByHost(node) === placed).map(({ metadata }) => metadata?.name ?? ""),
    ) as [string[], string[]];
    await Promise.all(ours.map((name) => api.patchNode({ name, body }, merge)));
    return { hosts };
  });
}
