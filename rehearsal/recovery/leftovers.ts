import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KubernetesObjectApi } from "@kubernetes/client-node";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import { openHostFile } from "../host/base/host-file.ts";
import { paths } from "../kit/paths.ts";
import { kubeConfigOf } from "../../kubernetes/connection/cluster.ts";
import { nodeTools, tools } from "../toolchain/tools.ts";
import { executableOf, plugins } from "../../versions/plugins.ts";

/** What a lab may leave on its host: everything outside of namespaces, and what is costly or secret inside of them. */
const kinds: readonly (readonly [apiVersion: string, kind: string])[] = [
  ["v1", "Namespace"],
  ["v1", "PersistentVolume"],
  ["v1", "PersistentVolumeClaim"],
  ["v1", "Pod"],
  ["v1", "Secret"],
  ["v1", "Service"],
  ["apps/v1", "Deployment"],
  ["apps/v1", "StatefulSet"],
  ["rbac.authorization.k8s.io/v1", "ClusterRole"],
  ["rbac.authorization.k8s.io/v1", "ClusterRoleBinding"],
  ["apiextensions.k8s.io/v1", "CustomResourceDefinition"],
  ["admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"],
  ["admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"],
  ["storage.k8s.io/v1", "StorageClass"],
  ["scheduling.k8s.io/v1", "PriorityClass"],
];

const baselineFile = join(paths.stack, "baseline.json");

/** Remembers what is on the host before a lab is built. */
export async function rememberBaseline(): Promise<void> {
  writeFileAtomically(baselineFile, JSON.stringify(await inventory(), undefined, 1));
}

/** What is on the host that was not there before the lab; what is just going away is given some seconds. */
export async function leftovers(patienceSeconds: number): Promise<string[]> {
  const baseline = new Set(JSON.parse(readFileIfAny(baselineFile) ?? "[]") as string[]);
  const end = Date.now() + patienceSeconds * 1000;
  for (;;) {
    const left = (await inventory()).filter((entry) => !baseline.has(entry));
    if (left.length === 0 || Date.now() >= end) return left;
    await sleep(500);
  }
}

async function inventory(): Promise<string[]> {
  const config = kubeConfigOf({ kubeconfig: readFileSync(paths.kubeconfig, "utf8"), context: "host" });
  const api = KubernetesObjectApi.makeApiClient(config);
  const lists = kinds.map(async ([apiVersion, kind]) =>
    (await api.list(apiVersion, kind)).items.map(({ metadata }) => {
      const namespace = metadata?.namespace === undefined ? "" : `${metadata.namespace}/`;
      return `${kind} ${namespace}${metadata?.name ?? ""}`;
    }),
  );
  const { addresses } = openHostFile().read();
  const held = Object.keys(addresses).map((service) => `load balancer address of ${service}`);
  return [...(await Promise.all(lists)).flat(), ...held];
}

/** Processes that still work for this rehearsal, e.g. `etcd (123)`. */
export function leftProcesses(): string[] {
  const folders = [paths.etcd, paths.pki, paths.run, paths.plugins, paths.node].map((folder) => `${folder}/`);
  const programs = new Set([
    ...[...tools, ...nodeTools].map(({ name }) => name),
    ...plugins.map(executableOf),
    "node",
    "unshare",
  ]);
  return readdirSync("/proc").flatMap((pid) => {
    const command = /^\d+$/.test(pid) && Number(pid) !== process.pid ? commandOf(pid) : [];
    const name = basename(command[0] ?? "");
    const isOurs = command.some((argument) => folders.some((folder) => argument.includes(folder)));
    return isOurs && programs.has(name) ? [`${name} (${pid})`] : [];
  });
}

/** Other users' processes, and those that have just ended, cannot be read. */
function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
