import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  CoreV1Api,
  type KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  type V1Node,
} from "@kubernetes/client-node";
import { isReady } from "../../../kubernetes/diagnosis/conditions.ts";
import { isNotFound } from "../../kit/api-errors.ts";
import { writeFileAtomically } from "../../kit/files.ts";
import { paths, rehearsalDir } from "../../kit/paths.ts";
import { until } from "../../kit/until.ts";
import type { HostEnv, Stop } from "../base/env.ts";
import type { Authority, Identity } from "../base/pki.ts";
import { kubeConfigFor } from "../base/kube-config.ts";
import { logTail } from "../base/processes.ts";
import { serviceAddress } from "../network/addresses.ts";
import { forwardSocket } from "../network/forward.ts";
import { makeCgroup, ownCgroup, removeCgroup } from "./cgroups.ts";
import { dnsObjects } from "./dns.ts";
import { inside, mounts, node, sockets } from "./layout.ts";
import { sandboxArguments, sandboxUser } from "./sandbox.ts";
import { removeFolder } from "./remove.ts";
import { podsAreBack, podsOfBefore } from "./revival.ts";
import { nodeSettings } from "./settings.ts";

/** The cluster that the node is of. */
export interface NodeCluster {
  readonly authority: Authority;
  /** The port of its API server: on 127.0.0.1 outside, on the node's address inside. */
  readonly apiServerPort: number;
  readonly serviceCidr: string;
  readonly admin: KubeConfig;
}

/** What the node is like. */
export interface NodeProfile {
  /** How many it offers to pods, whatever this machine has. */
  readonly processors: number;
  readonly labels: Readonly<Record<string, string>>;
  /** The address under which its ports are reached from outside. */
  readonly address: string;
  /** A hosts file for pods, of names that are not of the cluster. */
  readonly hosts: string | undefined;
}

const processName = "node";
const patienceSeconds = 60;

/** Starts the sandbox with the node in it; resolves when the node takes pods. */
export async function startNode(
  { processes, network, log }: Pick<HostEnv, "processes" | "network" | "log">,
  { authority, apiServerPort, serviceCidr, admin }: NodeCluster,
  { processors, labels, address, hosts }: NodeProfile,
): Promise<Stop> {
  const [kubelet, kubeProxy] = await Promise.all([
    authority.issue("kubelet", {
      commonName: `system:node:${node.name}`,
      organizations: ["system:nodes"],
      hosts: [node.name, node.address],
    }),
    authority.issue("kube-proxy", { commonName: "system:kube-proxy" }),
  ]);
  const kubeconfig = (name: string, { cert, key, keyFile }: Identity): string => {
    const file = join(dirname(keyFile), `${name}.kubeconfig`);
    const url = `https://${node.address}:${apiServerPort}`;
    writeFileAtomically(file, kubeConfigFor({ name, url, ca: authority.cert, cert, key }).exportConfig());
    return file;
  };
  const dnsAddress = serviceAddress(serviceCidr, 10);
  const user = sandboxUser();
  const files = nodeSettings({
    caFile: authority.certFile,
    kubelet,
    kubeProxyKubeconfig: kubeconfig("kube-proxy", kubeProxy),
    dnsAddress,
    network,
    cgroup: user === "root" ? ownCgroup : undefined,
  });
  // No container outlives the sandbox. What a runtime that was killed noted of them would only keep pods from starting
  // again; images come back from the registry within seconds, and volumes are elsewhere.
  await removeFolder(mounts[inside.containerdRoot]);
  for (const folder of Object.values(mounts)) mkdirSync(folder, { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(files))
    writeFileAtomically(join(paths.node, "settings", name), text);

  if (user === "root") {
    await removeCgroup();
    makeCgroup();
  }
  const core = admin.makeApiClient(CoreV1Api);
  const [before, since] = [await podsOfBefore(core), new Date()];
  const closeDoor = await forwardSocket(sockets.apiServer, apiServerPort);
  const sandbox = processes.start({
    name: processName,
    command: "unshare",
    args: sandboxArguments(user, {
      processors,
      command: [
        process.execPath,
        join(import.meta.dirname, "inside", "main.ts"),
        kubeconfig("kubelet", kubelet),
        String(apiServerPort),
      ],
    }),
    env: {
      REHEARSAL_DIR: rehearsalDir,
      NODE_COMPILE_CACHE: paths.compileCache,
      RUNTIME_CGROUPS: user === "root" ? "yes" : "no",
    },
    // It ends when this process does.
    input: "open",
    onExit: "fatal",
  });
  const stop: Stop = async () => {
    await sandbox.stop();
    await closeDoor();
    if (user === "root") await removeCgroup();
  };

  await registered(core);
  await welcome(core, labels, address);
  await apply(admin, dnsObjects(dnsAddress, hosts));
  await until(
    async () => isReady(await core.readNode({ name: node.name })),
    patienceSeconds,
    () => late("is not ready"),
  );
  if (before.size > 0) {
    log(`bringing back ${before.size} pods`);
    // Whoever needs one that does not come back will say so with more to tell than can be known here.
    await podsAreBack(core, before, since).catch((error: unknown) => {
      log(error instanceof Error ? error.message : String(error));
    });
  }
  return stop;
}

async function registered(core: CoreV1Api): Promise<void> {
  await until(
    async () => {
      try {
        const { metadata } = await core.readNode({ name: node.name });
        return metadata?.deletionTimestamp === undefined;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    },
    patienceSeconds,
    () => late("did not register"),
  );
}

const late = (problem: string): string =>
  `${node.name} ${problem} within ${patienceSeconds} s; the last lines of its kubelet:\n${logTail(paths.logs, "node.kubelet")}`;

/** What a cloud's controller does for a new node: it has addresses and labels, and may take pods. */
async function welcome(
  core: CoreV1Api,
  labels: Readonly<Record<string, string>>,
  outside: string,
): Promise<void> {
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const addresses: NonNullable<V1Node["status"]>["addresses"] = [
    { type: "Hostname", address: node.name },
    { type: "InternalIP", address: node.address },
    { type: "ExternalIP", address: outside },
  ];
  await core.patchNodeStatus({ name: node.name, body: { status: { addresses } } }, merge);
  const known = await core.readNode({ name: node.name });
  const taints = (known.spec?.taints ?? []).filter(
    ({ key }) => key !== "node.cloudprovider.kubernetes.io/uninitialized",
  );
  await core.patchNode({ name: node.name, body: { metadata: { labels }, spec: { taints } } }, merge);
}

async function apply(admin: KubeConfig, objects: readonly object[]): Promise<void> {
  const api = KubernetesObjectApi.makeApiClient(admin);
  await Promise.all(
    objects.map((object) =>
      api.patch(object, undefined, undefined, "rehearsal", true, PatchStrategy.ServerSideApply),
    ),
  );
}
