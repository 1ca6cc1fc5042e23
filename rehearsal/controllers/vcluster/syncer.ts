import { isDeepStrictEqual } from "node:util";
import type { V1LoadBalancerStatus, V1Namespace, V1Pod, V1Service } from "@kubernetes/client-node";
import type { Stop } from "../../host/base/env.ts";
import { isRefusal } from "../kit/api.ts";
import { type Cache, follow } from "../kit/cache.ts";
import type { VirtualCluster } from "../kit/cluster.ts";
import { correctedPorts, nodePortsOf } from "../kit/node-ports.ts";
import { joinKey, keyOf, meta, splitKey } from "../kit/objects.ts";
import { at } from "../kit/paths.ts";
import { nextPodStep } from "./pod-sync.ts";
import { createSyncErrors, type SyncErrors } from "./sync-errors.ts";
import { hostName, hostPod, hostService, managedBy, origin } from "../kit/translate.ts";
import { createWorkQueue } from "../kit/work-queue.ts";

/** Copies a vcluster's pods, and the Services that are open to the outside, to the host, and what becomes of them back. */
export function startSyncer(cluster: VirtualCluster): Stop {
  const copies = `?labelSelector=${encodeURIComponent(`${managedBy}=${cluster.name}`)}`;
  const hostPods = follow<V1Pod>(cluster.hostConfig, `${at.pods(cluster.namespace)}${copies}`, cluster.log);
  const hostServices = follow<V1Service>(
    cluster.hostConfig,
    `${at.services(cluster.namespace)}${copies}`,
    cluster.log,
  );
  const stops = [
    syncKind(cluster, "pod", cluster.pods, hostPods, syncPod),
    syncKind(cluster, "service", cluster.services, hostServices, syncService),
    hostPods.stop,
    hostServices.stop,
  ];
  return async () => {
    for (const stop of stops) await stop();
  };
}

/** Brings one object and its copy in line; the key is that of the object inside the vcluster. */
type Sync<T> = (
  cluster: VirtualCluster,
  key: string,
  cached: { object: T | undefined; copy: T | undefined },
  errors: SyncErrors,
) => Promise<void>;

function syncKind<T extends V1Pod | V1Service>(
  cluster: VirtualCluster,
  kind: string,
  objects: Cache<T>,
  copies: Cache<T>,
  sync: Sync<T>,
): Stop {
  const errors = createSyncErrors(cluster.api);
  const queue = createWorkQueue(
    `${cluster.name} syncer: ${kind}`,
    async (key) => {
      const cached = { object: objects.get(key), copy: copies.get(copyKey(cluster, key)) };
      await sync(cluster, key, cached, errors);
      return undefined;
    },
    cluster.log,
  );
  // A copy that is gone can no longer be asked what it was a copy of.
  const originals = new Map<string, string>();
  objects.subscribe(queue.add);
  copies.subscribe((copyKeyOnHost) => {
    const copy = copies.get(copyKeyOnHost);
    if (copy !== undefined) {
      const { annotations } = meta(copy);
      originals.set(
        copyKeyOnHost,
        joinKey(annotations[origin.namespace] ?? "", annotations[origin.name] ?? ""),
      );
    }
    const original = originals.get(copyKeyOnHost);
    if (original !== undefined) queue.add(original);
    if (copy === undefined) originals.delete(copyKeyOnHost);
  });
  return queue.stop;
}

function copyKey(cluster: VirtualCluster, key: string): string {
  const { namespace, name } = splitKey(key);
  return joinKey(cluster.namespace, hostName(name, namespace, cluster.name));
}

const syncPod: Sync<V1Pod> = async (cluster, key, cached, errors) => {
  const { namespace, name } = splitKey(key);
  const copyName = hostName(name, namespace, cluster.name);
  let { object: pod, copy } = cached;
  // Only the servers know that something is not there: the caches may not have heard of it yet.
  if ((pod === undefined) !== (copy === undefined)) {
    pod ??= await cluster.api.get<V1Pod>(at.pod(namespace, name));
    copy ??= await cluster.host.get<V1Pod>(at.pod(cluster.namespace, copyName));
  }
  const step = nextPodStep(cluster, pod, copy);
  switch (step.do) {
    case "nothing":
      return;
    case "create-copy":
      if (pod !== undefined) await errors.around("Pod", pod, createCopy(cluster, pod));
      return;
    case "delete-copy":
      if (copy !== undefined) {
        await cluster.host.remove(at.pod(cluster.namespace, copyName), { ...step, uid: meta(copy).uid });
      }
      return;
    case "delete-pod":
      if (pod !== undefined)
        await cluster.api.remove(at.pod(namespace, name), { ...step, uid: meta(pod).uid });
      return;
    case "relabel-copy":
      await cluster.host.patch(at.pod(cluster.namespace, copyName), step.patch);
      return;
    case "bind":
      await unlessThere(
        cluster.api.create(`${at.pod(namespace, name)}/binding`, {
          apiVersion: "v1",
          kind: "Binding",
          metadata: { name, namespace },
          target: { apiVersion: "v1", kind: "Node", name: step.node },
        }),
      );
      return;
    case "report-status":
      if (pod !== undefined && copy !== undefined) {
        await cluster.api.patch(`${at.pod(namespace, name)}/status`, [
          { op: "test", path: "/metadata/uid", value: meta(pod).uid },
          { op: "add", path: "/status", value: copy.status },
        ]);
      }
  }
};

async function createCopy(cluster: VirtualCluster, pod: V1Pod): Promise<void> {
  const home = await cluster.api.get<V1Namespace>(at.namespace(meta(pod).namespace));
  if (home === undefined) return;
  await unlessThere(
    cluster.host.create(at.pods(cluster.namespace), hostPod(cluster, pod, meta(home).labels)),
  );
  cluster.log(`${cluster.name} syncer: pod ${keyOf(pod)} copied to the host`);
}

const syncService: Sync<V1Service> = async (cluster, key, cached, errors) => {
  const { namespace, name } = splitKey(key);
  const copyPath = at.service(cluster.namespace, hostName(name, namespace, cluster.name));
  const { copy } = cached;
  const service = cached.object ?? (copy && (await cluster.api.get<V1Service>(at.service(namespace, name))));
  if (!isExposed(service) || meta(service).leaving) {
    if (copy !== undefined) await cluster.host.remove(copyPath, { uid: meta(copy).uid });
    return;
  }
  const wanted = hostService(cluster, service, nodePortsOf(service, copy));
  if (!contains(copy, wanted)) {
    const applied = cluster.host.apply(copyPath, wanted, "vcluster").catch(async (error: unknown) => {
      // Somebody else on the host has one of the node ports.
      if (!isRefusal(error, 422)) throw error;
      await cluster.host.apply(copyPath, hostService(cluster, service, nodePortsOf(copy)), "vcluster");
    });
    await errors.around("Service", service, applied);
  }
  const ports = correctedPorts(service, copy);
  if (ports !== undefined) {
    await cluster.api.patch(at.service(namespace, name), [
      { op: "test", path: "/metadata/uid", value: meta(service).uid },
      { op: "test", path: "/spec/ports", value: service.spec?.ports },
      { op: "replace", path: "/spec/ports", value: ports },
    ]);
  }
  const address: V1LoadBalancerStatus = copy?.status?.loadBalancer ?? {};
  if (!isDeepStrictEqual(service.status?.loadBalancer ?? {}, address)) {
    await cluster.api.patch(`${at.service(namespace, name)}/status`, [
      { op: "test", path: "/metadata/uid", value: meta(service).uid },
      { op: "add", path: "/status/loadBalancer", value: address },
    ]);
  }
};

/** Whether a Service is reached from outside of its cluster; the others stay where they are. */
const isExposed = (service: V1Service | undefined): service is V1Service =>
  ["LoadBalancer", "NodePort"].includes(service?.spec?.type ?? "");

/** Whether all that is wanted is there, next to whatever else is there. */
function contains(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return actual === wanted;
  if (typeof actual !== "object" || actual === null) return false;
  if (Array.isArray(wanted) && (!Array.isArray(actual) || actual.length !== wanted.length)) return false;
  return Object.entries(wanted).every(([key, value]) =>
    contains((actual as Record<string, unknown>)[key], value),
  );
}

async function unlessThere(creation: Promise<void>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!isRefusal(error, 409)) throw error;
  }
}
