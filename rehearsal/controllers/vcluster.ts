import type { V1PersistentVolumeClaim, V1Pod, V1Service } from "@kubernetes/client-node";
import { delayOf } from "../profile/delays.ts";
import { eraseControlPlane } from "../host/cluster/control-plane.ts";
import type { Stop } from "../host/base/env.ts";
import { atMost } from "../kit/until.ts";
import { annotate } from "./kit/annotate.ts";
import { apiOf } from "./kit/api.ts";
import { follow } from "./kit/cache.ts";
import type { VirtualCluster } from "./kit/cluster.ts";
import type { ControllerContext } from "./kit/context.ts";
import { holdAnnotations } from "./kit/holds.ts";
import { isServing, joinKey, meta, splitKey } from "./kit/objects.ts";
import { at } from "./kit/paths.ts";
import { cidrContains, detectServiceCidr, givenServiceCidr, outsideCidr } from "./vcluster/service-cidr.ts";
import { authorityOfIstiod, planeName, startVirtualCluster } from "./virtual-cluster.ts";
import { createWorkQueue } from "./kit/work-queue.ts";

interface Run {
  readonly podUid: string;
  /** From when on it answers, in milliseconds. */
  readonly answersAt: number;
  readonly port: number;
  readonly stop: Stop;
}

const lookAgainSeconds = 5;
const patienceSeconds = 3;

/** Runs a control plane for every vcluster whose pod is scheduled on the host, on the data in its volume. */
export function startVClusters(context: ControllerContext): Stop {
  const { env, loadBalancer } = context;
  const host = apiOf(context.host);
  const selector = "?labelSelector=app%3Dvcluster";
  const pods = follow<V1Pod>(context.host, `/api/v1/pods${selector}`, env.log);
  const claims = follow<V1PersistentVolumeClaim>(
    context.host,
    `/api/v1/persistentvolumeclaims${selector}`,
    env.log,
  );
  const runs = new Map<string, Run>();
  const clusters = new Map<string, VirtualCluster>();
  /** Where the data of each vcluster is in etcd, for as long as there is any. */
  const data = new Map<string, string>();

  async function work(key: string): Promise<number | undefined> {
    const { namespace, name } = splitKey(key);
    const pod = pods.get(`${key}-0`);
    const scheduled = pod?.spec?.nodeName !== undefined && !meta(pod).leaving ? pod : undefined;
    const run = runs.get(key);
    if (run !== undefined && (scheduled === undefined || meta(scheduled).uid !== run.podUid))
      await end(key, run);

    const etcdPrefix = dataOf(pod, claims.get(joinKey(namespace, `data-${name}-0`)));
    await forget(key, etcdPrefix);
    if (scheduled === undefined) return undefined;
    // The pod was heard of before its volume.
    if (etcdPrefix === undefined) return lookAgainSeconds;
    data.set(key, etcdPrefix);

    if (!runs.has(key)) {
      const again = await begin(key, scheduled, etcdPrefix);
      if (again !== undefined) return again;
    }
    if (meta(scheduled).annotations[holdAnnotations.started] !== "true") {
      const wait = (runs.get(key)?.answersAt ?? 0) - Date.now();
      if (wait > 0) return wait / 1000;
      await annotate(host, scheduled, { [holdAnnotations.started]: "true" });
    }
    loadBalancer.setBackend({ namespace, name }, isServing(scheduled) ? runs.get(key)?.port : undefined);
    return undefined;
  }

  async function begin(key: string, pod: V1Pod, etcdPrefix: string): Promise<number | undefined> {
    const { namespace, name } = splitKey(key);
    const service = await host.get<V1Service>(at.service(namespace, name));
    if (service === undefined) throw new Error(`the host has no Service ${key}, to which the syncer belongs`);
    const detected = await detectServiceCidr(host, namespace, name);
    const serviceCidr = givenServiceCidr(pod) ?? detected;
    const address = service.spec?.clusterIP ?? "";
    const crash = meta(pod).annotations[holdAnnotations.crash];
    if (!cidrContains(serviceCidr, address)) {
      const reason = outsideCidr(serviceCidr, address);
      if (crash !== reason) {
        env.log(`${name} syncer: ${reason}`);
        await annotate(host, pod, { [holdAnnotations.crash]: reason });
      }
      return lookAgainSeconds;
    }
    if (crash !== undefined) await annotate(host, pod, { [holdAnnotations.crash]: null });

    const answersAt = Date.now() + delayOf(env.settings, "vclusterStart", key) * 1000;
    const owner = { name, uid: meta(service).uid };
    const started = await startVirtualCluster(
      context,
      { name, namespace, owner },
      { etcdPrefix, serviceCidr },
      () => clusters.values(),
      () => isServingNow(pods.get(`${key}-0`)),
    );
    clusters.set(key, started.cluster);
    runs.set(key, { podUid: meta(pod).uid, answersAt, port: started.port, stop: started.stop });
    env.log(`${name}: the control plane runs`);
    return undefined;
  }

  async function end(key: string, run: Run): Promise<void> {
    const { namespace, name } = splitKey(key);
    loadBalancer.setBackend({ namespace, name }, undefined);
    clusters.delete(key);
    runs.delete(key);
    await run.stop();
    env.log(`${name}: the control plane has stopped`);
  }

  /** Erases the data of a volume that is gone. */
  async function forget(key: string, current: string | undefined): Promise<void> {
    const old = data.get(key);
    if (old === undefined || old === current) return;
    const tenant = splitKey(key);
    await eraseControlPlane(env, { name: planeName(tenant), etcdPrefix: old });
    env.pki.remove(authorityOfIstiod(tenant));
    data.delete(key);
    env.log(`${tenant.name}: the volume is gone, its data is erased`);
  }

  const queue = createWorkQueue("vcluster", work, env.log);
  pods.subscribe((key) => {
    queue.add(key.replace(/-\d+$/, ""));
  });
  claims.subscribe((key) => {
    const { namespace, name } = splitKey(key);
    const [, vcluster] = /^data-(.+)-0$/.exec(name) ?? [];
    if (vcluster === undefined) return;
    const claim = claims.get(key);
    const tenant = joinKey(namespace, vcluster);
    if (claim !== undefined && !data.has(tenant)) data.set(tenant, prefixOf(claim));
    queue.add(tenant);
  });

  return async () => {
    // A control plane that is just starting is left to the end of all processes.
    await atMost(queue.stop(), patienceSeconds);
    await Promise.all([pods.stop(), claims.stop(), ...[...runs].map(([key, run]) => end(key, run))]);
  };
}

const isServingNow = (pod: V1Pod | undefined): boolean => pod !== undefined && isServing(pod);

const prefixOf = (holder: V1PersistentVolumeClaim | V1Pod): string => `/vcluster/${meta(holder).uid}`;

/** Where a vcluster's data is: with its volume claim, or with its pod if it has none. */
export function dataOf(
  pod: V1Pod | undefined,
  claim: V1PersistentVolumeClaim | undefined,
): string | undefined {
  if (claim !== undefined) return prefixOf(claim);
  const persistent = pod?.spec?.volumes?.some(
    ({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined,
  );
  return pod === undefined || persistent === true ? undefined : prefixOf(pod);
}
