import { type CoreV1Api, PatchStrategy, setHeaderOptions, type V1Node } from "@kubernetes/client-node";
import type { HostSettings } from "../../profile/settings.ts";
import { isConflict } from "../../kit/api-errors.ts";
import { addressIn } from "../network/network.ts";

/** One entry for each node of all groups. */
const machinesOf = (groups: HostSettings["nodes"]): HostSettings["nodes"] =>
  groups.flatMap((group) => Array.from({ length: group.count }, () => group));

/** The addresses of the simulated nodes, in their order. */
export const nodeAddresses = (groups: HostSettings["nodes"], network: number): string[] =>
  machinesOf(groups).map((_, index) => addressIn(network, "nodes", index + 1));

/** The simulated nodes: as large as declared, ready, with addresses in the network, and without any kubelet. */
export function nodesOf(groups: HostSettings["nodes"], network: number, version: string): V1Node[] {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const now = new Date();
  const addresses = nodeAddresses(groups, network);
  return machinesOf(groups).map(({ cpu, memory, pods, labels, taints }, index) => {
    const resources = { cpu, memory, pods: String(pods), "ephemeral-storage": "100Gi" };
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
          ...labels,
        },
        // By this, programs tell simulated nodes from real ones.
        annotations: { "kwok.x-k8s.io/node": "fake" },
      },
      spec: { podCIDR: `10.244.${index}.0/24`, podCIDRs: [`10.244.${index}.0/24`], taints },
      status: {
        capacity: resources,
        allocatable: resources,
        addresses: [
          // There is no kubelet: asked for logs, the API server is refused at once instead of searching the network.
          { type: "InternalIP", address: addresses[index] ?? "" },
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
        await core.patchNode(
          {
            name,
            body: { metadata: { labels: body.metadata?.labels }, spec: { taints: body.spec?.taints } },
          },
          merge,
        );
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
