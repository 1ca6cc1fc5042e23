import { X509Certificate } from "node:crypto";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { isReady } from "../../kubernetes/diagnosis/conditions.ts";
import { within } from "./within.ts";

/** A certificate, as far as one looks at it. */
export interface Certificate {
  /** Names that it is for. */
  readonly names: readonly string[];
  readonly validTo: Date;
}

/** What the management server counts of its connections. */
export type Metrics = { readonly text: string } | { readonly silence: string };

/** The agent's certificate; what is none counts as none. */
export async function clientCertificate(cluster: KubeConfig): Promise<Certificate | undefined> {
  const core = cluster.makeApiClient(CoreV1Api);
  const secret = { name: "relay-client-tls-secret", namespace: glooMeshNamespace };
  const found = await within(ifExists(core.readNamespacedSecret(secret)));
  return parseCertificate(Buffer.from(found?.data?.["tls.crt"] ?? "", "base64").toString());
}

function parseCertificate(pem: string): Certificate | undefined {
  try {
    const { subjectAltName = "", validTo } = new X509Certificate(pem);
    const names = subjectAltName.split(", ").map((name) => name.replace(/^DNS:/, ""));
    return { names, validTo: new Date(validTo) };
  } catch {
    return undefined;
  }
}

/** Port that the management server serves what it counts on; its Service has it in some versions only. */
const metricsPort = 9091;

/** What the management server counts, read from its pod by way of the API server. */
export async function metricsOf(cluster: KubeConfig): Promise<Metrics> {
  const core = cluster.makeApiClient(CoreV1Api);
  try {
    const { items } = await within(
      core.listNamespacedPod({ namespace: glooMeshNamespace, labelSelector: "app=gloo-mesh-mgmt-server" }),
    );
    const pod = items.find(isReady)?.metadata?.name;
    if (pod === undefined) return { silence: "no pod of it is ready" };
    const text = await within(
      core.connectGetNamespacedPodProxyWithPath({
        name: `${pod}:${metricsPort}`,
        namespace: glooMeshNamespace,
        path: "metrics",
      }),
    );
    return { text };
  } catch (error) {
    return { silence: explain(error) };
  }
}

/** Whether the management server counts a connection of a cluster's agent. */
export const isConnected = (metrics: string, cluster: string): boolean =>
  metrics.split("\n").some((line) => {
    const [, name, count] =
      /^relay_push_clients_connected\{[^}]*cluster="([^"]*)"[^}]*\} (\S+)/.exec(line) ?? [];
    return name === cluster && Number(count) > 0;
  });
