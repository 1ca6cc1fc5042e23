import { join } from "node:path";
import { CoreV1Api, VersionApi } from "@kubernetes/client-node";
import { podsTakeTime } from "../../profile/delays.ts";
import { paths } from "../../kit/paths.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { schedulerConfiguration, schedulerFlags } from "./control-plane-flags.ts";
import type { HostEnv } from "../base/env.ts";
import { writeFileAtomically } from "../../kit/files.ts";
import { toArguments } from "../base/flags.ts";
import { nodesOf, settleNodes } from "./nodes.ts";
import { kwokConfiguration } from "./stages.ts";
import { until } from "../../kit/until.ts";

const patienceSeconds = 60;

/** Starts the host cluster; resolves when it takes pods. Its scheduler and KWOK end with all processes. */
export async function startHostCluster(env: HostEnv, phase: (name: string) => void): Promise<ControlPlane> {
  const { settings } = env;
  const plane = await startControlPlane(env, {
    name: "host",
    etcdPrefix: "/clusters/host",
    serviceCidr: settings.serviceCidr,
    role: "host",
  });
  phase("host API server");

  const schedulerConfig = join(paths.run, "scheduler.json");
  const kwokConfig = join(paths.run, "kwok.yaml");
  const [schedulerAccess, kwokAccess] = await Promise.all([
    plane.componentKubeconfig("kube-scheduler"),
    plane.componentKubeconfig("kwok"),
  ]);
  writeFileAtomically(schedulerConfig, JSON.stringify(schedulerConfiguration(schedulerAccess)));
  writeFileAtomically(kwokConfig, kwokConfiguration(podsTakeTime(settings)));
  env.processes.start({
    name: "host.kube-scheduler",
    command: join(paths.bin, "kube-scheduler"),
    args: toArguments(schedulerFlags(schedulerConfig)),
    onExit: "restart",
  });
  env.processes.start({
    name: "host.kwok",
    command: join(paths.bin, "kwok"),
    args: toArguments({
      kubeconfig: kwokAccess,
      config: kwokConfig,
      "manage-all-nodes": true,
      // Nobody looks at heartbeats.
      "node-lease-duration-seconds": 0,
    }),
    onExit: "restart",
  });

  const { gitVersion } = await plane.kubeConfig.makeApiClient(VersionApi).getCode();
  const core = plane.kubeConfig.makeApiClient(CoreV1Api);
  await settleNodes(core, nodesOf(settings.nodes, env.network, gitVersion));
  await serviceAccounts(core);
  phase("host controllers");
  return plane;
}

/** No pod can be created before the controllers have made its namespace's ServiceAccount. */
async function serviceAccounts(core: CoreV1Api): Promise<void> {
  await until(
    async () => (await core.listNamespacedServiceAccount({ namespace: "default" })).items.length > 0,
    patienceSeconds,
    () => `host.kube-controller-manager made no ServiceAccount within ${patienceSeconds} s`,
  );
}
