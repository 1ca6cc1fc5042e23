import type { Stop } from "../host/env.ts";
import type { VirtualCluster } from "./cluster.ts";
import { meta } from "./objects.ts";
import { at } from "./paths.ts";
import { createWorkQueue } from "./work-queue.ts";

/** Copies the host's nodes into a vcluster, all of them and as they are. */
export function startNodes(cluster: VirtualCluster): Stop {
  const { api, nodes } = cluster;
  const queue = createWorkQueue(
    `${cluster.name} syncer: node`,
    async (name) => {
      const node = nodes.get(name);
      if (node === undefined) {
        await api.remove(at.node(name));
        return undefined;
      }
      const { labels, annotations } = meta(node);
      const { taints = [], unschedulable = false } = node.spec ?? {};
      const copy = {
        apiVersion: "v1",
        kind: "Node",
        metadata: { name, labels, annotations },
        spec: { taints, unschedulable },
      };
      await api.apply(at.node(name), copy, "vcluster");
      if (node.status !== undefined) {
        await api.patch(`${at.node(name)}/status`, [{ op: "add", path: "/status", value: node.status }]);
      }
      return undefined;
    },
    cluster.log,
  );
  nodes.subscribe(queue.add);
  return queue.stop;
}
