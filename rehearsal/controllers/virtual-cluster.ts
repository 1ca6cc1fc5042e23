import { setTimeout as sleep } from "node:timers/promises";
import { atMost } from "../kit/until.ts";
import type { V1Node, V1Pod, V1Service } from "@kubernetes/client-node";
import { delayOf } from "../profile/delays.ts";
import { startControlPlane } from "../host/cluster/control-plane.ts";
import type { Stop } from "../host/base/env.ts";
import { type Api, apiOf } from "./kit/api.ts";
import { follow } from "./kit/cache.ts";
import type { VirtualCluster } from "./kit/cluster.ts";
import type { ControllerContext } from "./kit/context.ts";
import { startCoredns } from "./vcluster/coredns.ts";
import { startGlooAgent } from "./gloo-mesh/gloo-agent.ts";
import { startIstiod } from "./istio/istiod.ts";
import { startKubeconfigSecret } from "./vcluster/kubeconfig-secret.ts";
import { startNodes } from "./vcluster/nodes.ts";
import { joinKey } from "./kit/objects.ts";
import { at } from "./kit/paths.ts";
import { startSyncer } from "./vcluster/syncer.ts";
import type { Tenant } from "./kit/translate.ts";
import { startWebhookProxy } from "./kit/webhook-proxy.ts";

type Named = Pick<Tenant, "name" | "namespace">;

/** Under which name a vcluster's processes and certificates are kept. */
export const planeName = ({ name, namespace }: Named): string =>
  name === namespace ? name : `${namespace}.${name}`;

/** Under which name the certificates of a vcluster's istiod are kept. */
export const authorityOfIstiod = (tenant: Named): string => `${planeName(tenant)}-istiod`;

/** How long one of those who act may take to end: a request may take 20 s until it is given up. */
const patienceSeconds = 30;

/** Starts a vcluster's control plane and everybody who acts in it; `clusters` are all that run, `isReady` is about its pod. */
export async function startVirtualCluster(
  { env, host: hostConfig }: ControllerContext,
  tenant: Tenant,
  spec: { readonly etcdPrefix: string; readonly serviceCidr: string },
  clusters: () => Iterable<VirtualCluster>,
  isReady: () => boolean,
): Promise<{ readonly cluster: VirtualCluster; readonly port: number; readonly stop: Stop }> {
  const stops: Stop[] = [];
  const stop = async (): Promise<void> => {
    // What does not end holds up nobody: the next control plane of this name waits for the end of this one.
    for (const next of stops.splice(0).reverse()) await atMost(next(), patienceSeconds);
  };
  try {
    const webhooks = await startWebhookProxy((line) => {
      env.log(`${tenant.name}: ${line}`);
    });
    stops.push(webhooks.stop);
    const name = planeName(tenant);
    const plane = await startControlPlane(env, {
      name,
      ...spec,
      role: "virtual",
      webhookProxyPort: webhooks.port,
    });
    stops.push(() => plane.stop());

    const { kubeConfig } = plane;
    const api = apiOf(kubeConfig);
    await defaultServiceAccount(api);
    const pods = follow<V1Pod>(kubeConfig, "/api/v1/pods", env.log);
    const services = follow<V1Service>(kubeConfig, "/api/v1/services", env.log);
    const nodes = follow<V1Node>(hostConfig, at.nodes, env.log);
    stops.push(pods.stop, services.stop, nodes.stop);
    webhooks.setInventory({ pods: pods.values, services: services.values });

    const cluster: VirtualCluster = {
      ...tenant,
      kubeConfig,
      api,
      pods,
      services,
      webhooks,
      hostConfig,
      host: apiOf(hostConfig),
      nodes,
      log: env.log,
    };
    const authority = await env.pki.authority(authorityOfIstiod(tenant));
    stops.push(
      startNodes(cluster),
      startSyncer(cluster),
      startCoredns(cluster),
      startKubeconfigSecret(cluster, plane, {
        isReady,
        delaySeconds: delayOf(env.settings, "kubeconfigSecret", joinKey(tenant.namespace, tenant.name)),
      }),
      startIstiod(cluster, authority),
      startGlooAgent(cluster, clusters),
    );
    return { cluster, port: plane.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

// The syncer does nothing before the controllers have made the first ServiceAccount.
async function defaultServiceAccount(api: Api): Promise<void> {
  const deadline = Date.now() + 60_000;
  while ((await api.get(at.serviceAccount("default", "default"))) === undefined) {
    if (Date.now() > deadline) throw new Error("ServiceAccount default/default was not made within 60 s");
    await sleep(200);
  }
}
