import { numberOf } from "../../../schema/quantity.ts";
import { readFileSync } from "node:fs";
import type { HostEnv } from "../base/env.ts";
import { hostsFile } from "../network/names.ts";
import { addressIn } from "../network/network.ts";
import { inside, mounts, node, sockets } from "../node/layout.ts";
import { startNode } from "../node/node.ts";
import { dialThrough } from "../node/reach.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Nodes } from "../network/nodes.ts";

/** One node, on this machine, that runs containers: whatever a host is like, there is but one kubelet. */
export async function containerNode(env: HostEnv, plane: ControlPlane, serviceCidr: string): Promise<Nodes> {
  const { settings, network } = env;
  const outside = addressIn(network, "nodes", 1);
  const stop = await startNode(
    env,
    {
      authority: plane.authority,
      apiServerPort: plane.port,
      serviceCidr,
      admin: plane.kubeConfig,
    },
    {
      processors: Math.ceil(settings.nodes.reduce((sum, { count, cpu }) => sum + count * numberOf(cpu), 0)),
      labels: Object.assign({}, ...settings.nodes.map(({ labels }) => labels)) as Record<string, string>,
      address: outside,
      hosts:
        settings.loadBalancer === "hostname"
          ? hostsFile(readFileSync("/etc/hosts", "utf8"), network)
          : undefined,
    },
  );
  return {
    addresses: [{ outside, inside: node.address }],
    dialInside: dialThrough(sockets.proxy),
    volumes: { inside: inside.volumes, outside: mounts[inside.volumes] },
    stop,
  };
}
