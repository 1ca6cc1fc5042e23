import { type CoreV1Api, PatchStrategy, setHeaderOptions, type V1Node } from "@kubernetes/client-node";
import type { Settings } from "../settings.ts";
import { isConflict } from "./api-errors.ts";

type Machine = Pick<Settings, "nodes" | "cpu" | "memory" | "pods" | "region" | "zones">;

/** The simulated nodes: as large as declared, ready, and without any kubelet. */
export function nodesOf(machine: Machine, version: string): V1Node[] {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const resources = {
    cpu: machine.cpu,
    memory: machine.memory,
    pods: String(machine.pods),
    "ephemeral-storage": "100Gi",
  };
  const now = new Date();
  return Array.from({ length: machine.nodes }, (_, index) => {
    const name = `node-${index + 1}`;
    return {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": architecture,
          "topology.kubernetes.io/region": machine.region,
          "topology.kubernetes.io/zone": machine.zones[index % machine.zones.length] ?? machine.region,
        },
      },
      spec: { podCIDR: `10.244.${index}.0/24`, podCIDRs: [`10.244.${index}.0/24`] },
      status: {
        capacity: resources,
        allocatable: resources,
        addresses: [
          // There is no kubelet: asked for logs, the API server is refused at once instead of searching the network.
          { type: "InternalIP", address: `127.0.1.${index + 1}` },
          { type: "Hostname", address: name },
        ],
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "KubeletReady",
            lastTransitionTime: now,
            lastHeartbeatTime: now,
          },
        ],
        nodeInfo: {
          architecture,
          operatingSystem: "linux",
          kubeletVersion: version,
          kubeProxyVersion: version,
          osImage: "simulated",
          kernelVersion: "simulated",
          containerRuntimeVersion: "simulated",
          machineID: name,
          systemUUID: name,
          bootID: name,
        },
      },
    };
  });
}

/** Makes the host's nodes what the settings say; nodes that are no longer wanted go. */
export async function settleNodes(core: CoreV1Api, wanted: readonly V1Node[]): Promise<void> {
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const names = wanted.map((node) => node.metadata?.name ?? "");
  const { items } = await core.listNode();
  await Promise.all([
    ...wanted.map(async (body, index) => {
      const name = names[index] ?? "";
      try {
        await core.createNode({ body });
      } catch (error) {
        if (!isConflict(error)) throw error;
        await core.patchNode({ name, body: { metadata: { labels: body.metadata?.labels } } }, merge);
        await core.patchNodeStatus({ name, body: { status: body.status } }, merge);
      }
    }),
    ...items.flatMap(({ metadata }) =>
      metadata?.name === undefined || names.includes(metadata.name)
        ? []
        : [core.deleteNode({ name: metadata.name })],
    ),
  ]);
}
