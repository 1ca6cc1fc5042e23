import { X509Certificate } from "node:crypto";
import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import type { CheckedSettings } from "../../config/check.ts";
import { ifExists } from "../../steps/cluster.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { clusterOf, hostOf, type Outputs } from "../lab.ts";
import { type Looked, lookInto } from "../look.ts";
import { within, wordsOf } from "../within.ts";

/** A certificate, as far as one looks at it. */
export interface Certificate {
  /** Names that it is for. */
  readonly names: readonly string[];
  readonly validTo: Date;
}

/** A workload cluster with what it is to have. */
export interface SeenWorkload extends Looked {
  readonly settings: CheckedSettings["workloads"][number];
  /** Where its product page is, going by the stack's outputs. */
  readonly productPage: string | undefined;
  /** The agent's certificate for the relay. */
  readonly certificate: Certificate | undefined;
}

/** What the management server counts of its connections. */
export type Metrics = { readonly text: string } | { readonly silence: string };

/** All that the checks look at. */
export interface Seen {
  readonly expose: CheckedSettings["expose"];
  readonly management: Looked;
  readonly workloads: readonly SeenWorkload[];
  /** Undefined where no container runs. */
  readonly metrics: Metrics | undefined;
  readonly now: Date;
}

/** Looks at the whole lab. */
export async function look(settings: CheckedSettings, outputs: Outputs, simulated: boolean): Promise<Seen> {
  const host = hostOf(settings);
  const inside = (name: string) => clusterOf(outputs, name);
  const { management } = settings;
  const [seenManagement, ...workloads] = await Promise.all([
    lookInto(host, inside(management.name), management.name),
    ...settings.workloads.map(async (workload): Promise<SeenWorkload> => {
      const looked = await lookInto(host, inside(workload.name), workload.name);
      return {
        ...looked,
        settings: workload,
        productPage: outputs.productPages[workload.name],
        certificate:
          looked.contents === undefined ? undefined : await clientCertificate(inside(workload.name)),
      };
    }),
  ]);
  const metrics =
    simulated || seenManagement.contents === undefined ? undefined : await metricsOf(inside(management.name));
  return { expose: settings.expose, management: seenManagement, workloads, metrics, now: new Date() };
}

/** The agent's certificate; what is none counts as none. */
async function clientCertificate(cluster: KubeConfig): Promise<Certificate | undefined> {
  const core = cluster.makeApiClient(CoreV1Api);
  const secret = { name: "relay-client-tls-secret", namespace: glooMeshNamespace };
  const found = await within(ifExists(core.readNamespacedSecret(secret)));
  return parseCertificate(Buffer.from(found?.data?.["tls.crt"] ?? "", "base64").toString());
}

export function parseCertificate(pem: string): Certificate | undefined {
  try {
    const { subjectAltName = "", validTo } = new X509Certificate(pem);
    const names = subjectAltName.split(", ").map((name) => name.replace(/^DNS:/, ""));
    return { names, validTo: new Date(validTo) };
  } catch {
    return undefined;
  }
}

/** What the management server counts, which it serves on port 9091, read by way of the API server. */
export async function metricsOf(cluster: KubeConfig): Promise<Metrics> {
  try {
    const text = await within(
      cluster.makeApiClient(CoreV1Api).connectGetNamespacedServiceProxyWithPath({
        name: "gloo-mesh-mgmt-server:9091",
        namespace: glooMeshNamespace,
        path: "metrics",
      }),
    );
    return { text };
  } catch (error) {
    return { silence: wordsOf(error) };
  }
}
