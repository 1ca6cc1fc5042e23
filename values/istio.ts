import type { Input } from "@pulumi/pulumi";
import { images } from "../versions/versions.ts";
import { digest } from "./digest.ts";
import type { Exposure } from "./exposure.ts";
import { mirrored } from "./images.ts";
import type { HelmValues } from "./merge.ts";
import { type Resources, withChosen } from "./resources.ts";

/** Namespace of istiod. */
export const istioNamespace = "istio-system";

/** A build of Istio: `istiod` and the proxies are `HUB/pilot:TAG` and `HUB/proxyv2:TAG`. */
export interface IstioBuild {
  readonly hub: string;
  readonly tag: string;
}

/**
 * The build of Istio that runs.
 *
 * @param version version of Istio, which is upstream's tag
 * @param build another build, as `HUB:TAG`; default: upstream's
 * @param imageRegistry mirror of all images; default: their own registries
 */
export function istioBuild(version: string, build?: string, imageRegistry?: string): IstioBuild {
  const image = build ?? `${images.istioHub}:${version}`;
  const colon = image.lastIndexOf(":");
  return { hub: mirrored(image.slice(0, colon), imageRegistry), tag: image.slice(colon + 1) };
}

export interface IstiodValuesArgs {
  /** Name of the workload cluster: of its identity in the mesh and its trust domain. */
  readonly cluster: string;
  readonly build: IstioBuild;
  /** Whether services are to be reached across clusters. */
  readonly multiCluster: boolean;
  /** Resources of istiod that differ from the lab's. */
  readonly resources?: Resources | undefined;
}

/** What istiod is told in every set of versions. */
export function istiodBase(args: IstiodValuesArgs): HelmValues {
  const { cluster, build, multiCluster, resources } = args;
  return {
    global: {
      ...build,
      meshID: "mesh1",
      multiCluster: { clusterName: cluster },
      // One replica with `minAvailable: 1` only blocks drains, and policy/v1beta1 is gone from Kubernetes 1.25.
      defaultPodDisruptionBudget: { enabled: false },
    },
    meshConfig: {
      accessLogFile: "/dev/stdout",
      // Gloo Mesh takes the trust domain for the cluster's name.
      trustDomain: cluster,
      defaultConfig: {
        holdApplicationUntilProxyStarts: true,
        proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true" },
      },
    },
    pilot: {
      autoscaleEnabled: false,
      replicaCount: 1,
      env: {
        PILOT_SKIP_VALIDATE_TRUST_DOMAIN: "true",
        // Without it Gloo Mesh's VirtualDestination does not work; the article leaves it out.
        ...(multiCluster ? { PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES: "false" } : {}),
      },
      // The article's limit of 10m starves istiod: it misses its start-up time and its webhook calls time out.
      resources: withChosen(
        {
          requests: { cpu: "10m", memory: "2048Mi" },
          limits: { cpu: "500m", memory: "2048Mi" },
        },
        resources,
      ),
    },
  };
}

/**
 * What istiod puts into pods, and only when they are made: their proxies, and what these start with. It stands in the
 * template of each such pod, so that a change of it makes new pods.
 *
 * @param istiod all values of istiod's release
 */
export function proxiesMadeOf(istiod: HelmValues): string {
  const { global, revision, istio_cni: cni, sidecarInjectorWebhook: templates } = istiod;
  const { defaultConfig, trustDomain } = (istiod["meshConfig"] ?? {}) as HelmValues;
  return digest({ global, revision, cni, templates, defaultConfig, trustDomain });
}

/** Annotations of pods that istiod puts a proxy into. */
export const proxiesNote = (proxies: Input<string>): Record<string, Input<string>> => ({
  "mesh-lab/proxies": proxies,
});

/** What differs between the gateways of a workload cluster. */
interface GatewayKind {
  /** Name of the gateway: of its release, Deployment, Service and ServiceAccount. */
  readonly name: string;
  /** Value of label `istio`, by which Gloo Mesh and Istio find the gateway. */
  readonly label: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number }[];
}

/** Name of the ingress gateway's port for HTTP. */
export const httpPort = "http2";

/** The gateways that a workload cluster can have. */
export const gateways = {
  ingress: {
    name: "istio-ingressgateway",
    label: "ingressgateway",
    // Ports above 1024 inside the pod, so that the gateway needs no sysctl and no root.
    ports: [
      { name: httpPort, port: 80, targetPort: 8080 },
      { name: "https", port: 443, targetPort: 8443 },
    ],
  },
  eastWest: {
    name: "istio-eastwestgateway",
    label: "eastwestgateway",
    ports: [
      { name: "tcp-status-port", port: 15021, targetPort: 15021 },
      // Gloo Mesh looks for this port by its name.
      { name: "tls", port: 15443, targetPort: 15443 },
    ],
  },
} as const satisfies Record<string, GatewayKind>;

export type Gateway = keyof typeof gateways;

/** Namespace of the gateways. */
export const gatewayNamespace = "istio-gateways";

export interface GatewayValuesArgs {
  readonly gateway: Gateway;
  readonly replicas: number;
  readonly expose: Exposure;
  /** What its proxies are made of, as a text. */
  readonly proxies: Input<string>;
  /** Resources that differ from the lab's. */
  readonly resources?: Resources | undefined;
}

/**
 * What a gateway is told in every set of versions.
 *
 * @param own the lab's amounts, where none are chosen
 */
export function gatewayBase(args: GatewayValuesArgs, own: Parameters<typeof withChosen>[0]): HelmValues {
  const { gateway, replicas, expose, proxies, resources } = args;
  const { name, label, ports }: GatewayKind = gateways[gateway];
  return {
    name,
    replicaCount: replicas,
    autoscaling: { enabled: false },
    labels: { istio: label },
    podAnnotations: proxiesNote(proxies),
    securityContext: { runAsUser: 1337, runAsGroup: 1337, runAsNonRoot: true, fsGroup: 1337 },
    service: { type: expose, ports },
    resources: withChosen(own, resources),
  };
}
