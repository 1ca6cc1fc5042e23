import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  VersionApi,
} from "@kubernetes/client-node";
import { lastOf, markFailed } from "../../kubernetes/helm/release.ts";
import type { Cluster, ClusterAccess, ObjectName } from "./recover.ts";

/** What recovery needs to reach any cluster. */
export interface RepairTools {
  /** Path of the helm executable. */
  readonly helm: string;
  /** Variables for the folders in which it keeps what it likes to remember. */
  readonly folders: Readonly<Record<string, string>>;
  /** Kubeconfig file for providers that name none. */
  readonly ambient: string;
  /** Makes of a provider's kubeconfig one that works outside of Pulumi's processes. */
  readonly reachable: (kubeconfig: string) => string;
  /** How long a cluster may take to answer, and an object to go, in seconds. */
  readonly patience: number;
}

/** Connects to the cluster of a provider, as soon as it answers. */
export async function connect(tools: RepairTools, access: ClusterAccess): Promise<Cluster> {
  const kubeConfig = kubeConfigOf(tools, access);
  const version = kubeConfig.makeApiClient(VersionApi);
  const server = kubeConfig.getCurrentCluster()?.server ?? "a cluster that its kubeconfig does not name";
  await within(tools.patience, `${server} does not answer`, async () => {
    await version.getCode();
    return true;
  });

  const objects = KubernetesObjectApi.makeApiClient(kubeConfig);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  return {
    async deleteObject(object) {
      if (!(await exists(objects, object))) return false;
      await objects.delete(header(object), undefined, undefined, undefined, undefined, "Background");
      const what = `${object.kind} ${object.name} does not go away`;
      await within(tools.patience, what, async () => !(await exists(objects, object)));
      return true;
    },
    releaseStatus: async (release) => (await lastOf(core, release))?.status,
    markFailed: (release) => markFailed(core, release),
    async uninstall({ namespace, name }) {
      const patience = ["--wait", "--timeout", `${tools.patience}s`];
      await runHelm(tools, kubeConfig, ["uninstall", name, "--namespace", namespace, ...patience]);
    },
  };
}

function kubeConfigOf(
  { ambient, reachable }: RepairTools,
  { kubeconfig, context }: ClusterAccess,
): KubeConfig {
  const config = new KubeConfig();
  // A provider takes the text of a kubeconfig or the path of one.
  if (kubeconfig?.includes("\n") === true) config.loadFromString(reachable(kubeconfig));
  else config.loadFromString(readFileSync(kubeconfig ?? ambient, "utf8"));
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

const header = ({ apiVersion, kind, namespace, name }: ObjectName) => ({
  apiVersion,
  kind,
  metadata: namespace === undefined ? { name } : { name, namespace },
});

async function exists(objects: KubernetesObjectApi, object: ObjectName): Promise<boolean> {
  try {
    await objects.read(header(object));
    return true;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return false;
    // Where the kind is unknown, there can be no object of it.
    if (error instanceof Error && error.message.startsWith("Unrecognized API version and kind")) return false;
    throw error;
  }
}

async function runHelm(
  { helm, folders }: RepairTools,
  kubeConfig: KubeConfig,
  args: readonly string[],
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-lab-"));
  try {
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeConfig.exportConfig(), { mode: 0o600 });
    await promisify(execFile)(helm, [...args, "--kubeconfig", file], { env: { ...process.env, ...folders } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Tries until it is true; errors count as "not yet". */
async function within(seconds: number, failure: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000;
  let reason = "";
  for (;;) {
    try {
      if (await isTrue()) return;
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (Date.now() >= end) throw new Error(`${failure} (waited ${seconds} s)${reason}`);
    await sleep(500);
  }
}
