import { join } from "node:path";
import { CoreV1Api, VersionApi } from "@kubernetes/client-node";
import { writeFileAtomically } from "../../kit/files.ts";
import { paths } from "../../kit/paths.ts";
import { podsTakeTime } from "../../profile/delays.ts";
import type { HostEnv } from "../base/env.ts";
import { toArguments } from "../base/flags.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Nodes } from "../network/nodes.ts";
import { nodeAddresses, nodesOf, settleNodes } from "./nodes.ts";
import { kwokConfiguration } from "./stages.ts";

/** Nodes that KWOK simulates, with pods that never run; it ends with all processes. */
export async function simulatedNodes(
  { settings, network, processes }: HostEnv,
  plane: ControlPlane,
): Promise<Nodes> {
  const config = join(paths.run, "kwok.yaml");
  writeFileAtomically(config, kwokConfiguration(podsTakeTime(settings)));
  processes.start({
    name: "host.kwok",
    command: join(paths.bin, "kwok"),
    args: toArguments({
      kubeconfig: await plane.componentKubeconfig("kwok"),
      config,
      "manage-all-nodes": true,
      // Nobody looks at heartbeats.
      "node-lease-duration-seconds": 0,
    }),
    onExit: "restart",
  });
  const { gitVersion } = await plane.kubeConfig.makeApiClient(VersionApi).getCode();
  const core = plane.kubeConfig.makeApiClient(CoreV1Api);
  await settleNodes(core, nodesOf(settings.nodes, network, gitVersion));
  return {
    addresses: nodeAddresses(settings.nodes, network).map((address) => ({
      outside: address,
      inside: address,
    })),
    // No container runs, so no file is there.
    volumes: { inside: "/simulated", outside: join(paths.run, "volumes") },
    stop: async () => undefined,
  };
}
