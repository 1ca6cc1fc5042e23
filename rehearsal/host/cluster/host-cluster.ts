import { join } from "node:path";
import { CoreV1Api } from "@kubernetes/client-node";
import { writeFileAtomically } from "../../kit/files.ts";
import { paths } from "../../kit/paths.ts";
import { until } from "../../kit/until.ts";
import type { PodKind } from "../../profile/choice.ts";
import type { HostEnv } from "../base/env.ts";
import { toArguments } from "../base/flags.ts";
import type { Nodes } from "../network/nodes.ts";
import { node, sockets } from "../node/layout.ts";
import { containerNode } from "./container-node.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { schedulerConfiguration, schedulerFlags } from "./control-plane-flags.ts";
import { simulatedNodes } from "./simulated-nodes.ts";

/** The host cluster. */
export interface HostCluster {
  readonly plane: ControlPlane;
  readonly nodes: Nodes;
}

const patienceSeconds = 60;

const nodesOfKind: Readonly<
  Record<PodKind, (env: HostEnv, plane: ControlPlane, serviceCidr: string) => Promise<Nodes>>
> = { containers: containerNode, simulated: simulatedNodes };

/** Starts the host cluster; resolves when it takes pods. Its scheduler ends with all processes. */
export async function startHostCluster(env: HostEnv, phase: (name: string) => void): Promise<HostCluster> {
  const { serviceCidr, pods } = env.settings;
  const plane = await startControlPlane(env, {
    name: "host",
    etcdPrefix: "/clusters/host",
    serviceCidr,
    role: "host",
    ...(pods === "containers" ? { nodes: { address: node.address, proxy: sockets.proxy } } : {}),
  });
  phase("host API server");

  const config = join(paths.run, "scheduler.json");
  const access = await plane.componentKubeconfig("kube-scheduler");
  writeFileAtomically(config, JSON.stringify(schedulerConfiguration(access)));
  env.processes.start({
    name: "host.kube-scheduler",
    command: join(paths.bin, "kube-scheduler"),
    args: toArguments(schedulerFlags(config)),
    onExit: "restart",
  });
  const [nodes] = await Promise.all([
    nodesOfKind[pods](env, plane, serviceCidr),
    serviceAccounts(plane.kubeConfig.makeApiClient(CoreV1Api)),
  ]);
  phase("host nodes");
  return { plane, nodes };
}

/** No pod can be created before the controllers have made its namespace's ServiceAccount. */
async function serviceAccounts(core: CoreV1Api): Promise<void> {
  await until(
    async () => (await core.listNamespacedServiceAccount({ namespace: "default" })).items.length > 0,
    patienceSeconds,
    () => `host.kube-controller-manager made no ServiceAccount within ${patienceSeconds} s`,
  );
}
