import type { V1Node } from "@kubernetes/client-node";
import type { Stop } from "../../host/base/env.ts";
import { follow } from "../kit/cache.ts";
import type { VirtualCluster } from "../kit/cluster.ts";
import { meta } from "../kit/objects.ts";
import { at } from "../kit/paths.ts";
import { createWorkQueue } from "../kit/work-queue.ts";

/**
 * A vcluster's copy of a node, as it is on the host. Labels that others give the copy stay, but for those that the
 * host's node has: the syncer notes which these are.
 */
export function virtualNode(node: V1Node): object {
  const { name, labels, annotations } = meta(node);
  const { taints = [], unschedulable = false } = node.spec ?? {};
  const managed = Object.keys(labels).sort().join("\n");
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels, annotations: { ...annotations, "vcluster.loft.sh/managed-labels": managed } },
    spec: { taints, unschedulable },
  };
}

/** Copies the host's nodes into a vcluster, all of them, and takes back what others change in what is the host's. */
export function startNodes(cluster: VirtualCluster): Stop {
  const { api, nodes } = cluster;
  const copies = follow<V1Node>(cluster.kubeConfig, at.nodes, cluster.log);
  const queue = createWorkQueue(
    `${cluster.name} syncer: node`,
    async (name) => {
      const node = nodes.get(name);
      if (node === undefined) {
        await api.remove(at.node(name));
        return undefined;
      }
      await api.apply(at.node(name), virtualNode(node), "vcluster");
      if (node.status !== undefined) {
        await api.patch(`${at.node(name)}/status`, [{ op: "add", path: "/status", value: node.status }]);
      }
      return undefined;
    },
    cluster.log,
  );
  nodes.subscribe(queue.add);
  copies.subscribe(queue.add);
  return async () => {
    await queue.stop();
    await copies.stop();
  };
}
