import type { V1ConfigMap, V1Namespace } from "@kubernetes/client-node";
import type { Stop } from "../../host/base/env.ts";
import type { Authority } from "../../host/base/pki.ts";
import { follow } from "../kit/cache.ts";
import type { VirtualCluster } from "../kit/cluster.ts";
import { ignoredNamespaces, injectionConfig } from "./istio-injection.ts";
import { startWebhookServer } from "./istio-webhook-server.ts";
import { care, type WebhookConfiguration, webhookPatch } from "./istio-webhooks.ts";
import { base64, isServing, meta } from "../kit/objects.ts";
import { at } from "../kit/paths.ts";
import { createWorkQueue } from "../kit/work-queue.ts";

const home = "istio-system";
const service = `${home}/istiod:443`;
const fieldManager = "pilot-discovery";
const rootCertificate = "istio-ca-root-cert";

/** Does what istiod does to the API, while a pod of istiod is ready. */
export function startIstiod(cluster: VirtualCluster, authority: Authority): Stop {
  let stopRun: Stop | undefined;
  const queue = createWorkQueue(
    `${cluster.name} istiod`,
    async () => {
      const ready = [...cluster.pods.values()].some(
        (pod) => meta(pod).namespace === home && meta(pod).labels["app"] === "istiod" && isServing(pod),
      );
      if (ready === (stopRun !== undefined)) return undefined;
      await stopRun?.();
      stopRun = ready ? await run(cluster, authority) : undefined;
      cluster.log(`${cluster.name} istiod: ${ready ? "answers" : "no longer answers"}`);
      return undefined;
    },
    cluster.log,
  );
  cluster.pods.subscribe((key) => {
    if (key.startsWith(`${home}/`)) queue.add("pods");
  });
  return async () => {
    await queue.stop();
    await stopRun?.();
  };
}

async function run(cluster: VirtualCluster, authority: Authority): Promise<Stop> {
  const { api, webhooks } = cluster;
  const names = [`istiod.${home}.svc`, `istiod.${home}`, `istiod.${home}.svc.cluster.local`];
  const identity = await authority.issue("istiod", { commonName: `istiod.${home}.svc`, hosts: names });
  const server = await startWebhookServer(identity, async () =>
    injectionConfig(
      await api.get<V1ConfigMap>(at.configMap(home, "istio-sidecar-injector")),
      await api.get<V1ConfigMap>(at.configMap(home, "istio")),
    ),
  );
  webhooks.setEndpoint(service, server.port);
  const stops = [
    keepWebhooks(cluster, "mutating", at.mutatingWebhooks, authority.cert),
    keepWebhooks(cluster, "validating", at.validatingWebhooks, authority.cert),
    keepRootCertificates(cluster, authority.cert),
  ];
  return async () => {
    webhooks.setEndpoint(service, undefined);
    for (const stop of stops) await stop();
    await server.stop();
  };
}

/** Keeps the webhook configurations as they must be for the API server to trust istiod, whoever resets them. */
function keepWebhooks(cluster: VirtualCluster, kind: keyof typeof care, path: string, ca: string): Stop {
  const configurations = follow<WebhookConfiguration>(cluster.kubeConfig, path, cluster.log);
  const queue = createWorkQueue(
    `${cluster.name} istiod: ${kind} webhooks`,
    async (name) => {
      const configuration = configurations.get(name);
      const patch = configuration === undefined ? [] : webhookPatch(configuration, base64(ca), care[kind]);
      if (patch.length > 0) await cluster.api.patch(`${path}/${name}`, patch, { fieldManager });
      return undefined;
    },
    cluster.log,
  );
  configurations.subscribe(queue.add);
  return async () => {
    await queue.stop();
    await configurations.stop();
  };
}

/** Keeps the ConfigMap with the mesh's root certificate, for which every proxy waits, in every namespace. */
function keepRootCertificates(cluster: VirtualCluster, ca: string): Stop {
  const namespaces = follow<V1Namespace>(cluster.kubeConfig, "/api/v1/namespaces", cluster.log);
  const configMaps = follow<V1ConfigMap>(
    cluster.kubeConfig,
    `/api/v1/configmaps?fieldSelector=${encodeURIComponent(`metadata.name=${rootCertificate}`)}`,
    cluster.log,
  );
  const queue = createWorkQueue(
    `${cluster.name} istiod: root certificate in`,
    async (name) => {
      const namespace = namespaces.get(name);
      if (namespace === undefined || meta(namespace).leaving || ignoredNamespaces.includes(name))
        return undefined;
      const data = { "root-cert.pem": ca };
      if (configMaps.get(`${name}/${rootCertificate}`)?.data?.["root-cert.pem"] === ca) return undefined;
      const metadata = { name: rootCertificate, namespace: name, labels: { "istio.io/config": "true" } };
      const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
      await cluster.api.apply(at.configMap(name, rootCertificate), configMap, fieldManager);
      return undefined;
    },
    cluster.log,
  );
  namespaces.subscribe(queue.add);
  configMaps.subscribe((key) => {
    const [namespace] = key.split("/");
    if (namespace !== undefined) queue.add(namespace);
  });
  return async () => {
    await queue.stop();
    await namespaces.stop();
    await configMaps.stop();
  };
}
