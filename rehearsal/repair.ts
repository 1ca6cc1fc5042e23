import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import {
  ApiException,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  type V1Secret,
  VersionApi,
} from "@kubernetes/client-node";
import type { Cluster, ClusterAccess, ObjectName, ReleaseName } from "./recover.ts";

/** What recovery needs to reach any cluster. */
export interface RepairTools {
  /** Path of the helm executable. */
  readonly helm: string;
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
    async releaseStatus(release) {
      return (await lastRevision(core, release))?.metadata?.labels?.["status"];
    },
    async markFailed(release) {
      const revision = await lastRevision(core, release);
      if (revision === undefined) return;
      const { metadata: { name = "", labels = {} } = {}, data = {} } = revision;
      labels["status"] = "failed";
      data["release"] = withStatus(data["release"] ?? "", "failed");
      await core.replaceNamespacedSecret({ name, namespace: release.namespace, body: revision });
    },
    async uninstall({ namespace, name }) {
      const patience = ["--wait", "--timeout", `${tools.patience}s`];
      await runHelm(tools.helm, kubeConfig, ["uninstall", name, "--namespace", namespace, ...patience]);
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

/** The Secret that holds a release's last revision. */
async function lastRevision(
  core: CoreV1Api,
  { namespace, name }: ReleaseName,
): Promise<V1Secret | undefined> {
  const labelSelector = `owner=helm,name=${name}`;
  const { items } = await core.listNamespacedSecret({ namespace, labelSelector });
  const revision = ({ metadata }: V1Secret): number => Number(metadata?.labels?.["version"]);
  return items.toSorted((a, b) => revision(a) - revision(b)).at(-1);
}

/** Helm keeps a revision as JSON in gzip in base64, and Secrets have base64 of their own. */
function withStatus(encoded: string, status: string): string {
  const text = Buffer.from(Buffer.from(encoded, "base64").toString(), "base64");
  const revision = JSON.parse(gunzipSync(text).toString()) as { info: Record<string, unknown> };
  const changed = { ...revision, info: { ...revision.info, status } };
  return Buffer.from(gzipSync(JSON.stringify(changed)).toString("base64")).toString("base64");
}

async function runHelm(helm: string, kubeConfig: KubeConfig, args: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-lab-"));
  try {
    const file = join(folder, "kubeconfig");
    writeFileSync(file, kubeConfig.exportConfig(), { mode: 0o600 });
    await promisify(execFile)(helm, [...args, "--kubeconfig", file]);
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
