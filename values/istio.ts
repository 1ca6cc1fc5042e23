import { images } from "../versions.ts";

/** Values of chart `istiod` 1.12.6 for one workload cluster. */
export function istiodValues(cluster: string): Record<string, unknown> {
  const gatherer = { address: "gloo-mesh-agent.gloo-mesh:9977" };
  return {
    global: {
      ...images.istio,
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
        envoyMetricsService: gatherer,
        envoyAccessLogService: gatherer,
        proxyMetadata: {
          ISTIO_META_DNS_CAPTURE: "true",
          ISTIO_META_DNS_AUTO_ALLOCATE: "true",
          GLOO_MESH_CLUSTER_NAME: cluster,
        },
      },
    },
    pilot: {
      autoscaleEnabled: false,
      replicaCount: 1,
      env: {
        PILOT_SKIP_VALIDATE_TRUST_DOMAIN: "true",
        // Without it Gloo Mesh's VirtualDestination does not work; the article leaves it out.
        PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES: "false",
      },
      // The article's limit of 10m starves istiod: it misses its start-up time and its webhook calls time out.
      resources: {
        requests: { cpu: "10m", memory: "2048Mi" },
        limits: { cpu: "500m", memory: "2048Mi" },
      },
    },
  };
}

/** What differs between the gateways of a workload cluster. */
interface GatewayKind {
  /** Value of label `istio`, by which Gloo Mesh and Istio find the gateway. */
  readonly label: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number }[];
  readonly env?: Readonly<Record<string, string>>;
}

const gateways = {
  "istio-ingressgateway": {
    label: "ingressgateway",
    // Ports above 1024 inside the pod, so that the gateway needs no sysctl and no root.
    ports: [
      { name: "http2", port: 80, targetPort: 8080 },
      { name: "https", port: 443, targetPort: 8443 },
    ],
  },
  "istio-eastwestgateway": {
    label: "eastwestgateway",
    ports: [
      { name: "tcp-status-port", port: 15021, targetPort: 15021 },
      // Gloo Mesh looks for this port by its name.
      { name: "tls", port: 15443, targetPort: 15443 },
    ],
    env: { ISTIO_META_ROUTER_MODE: "sni-dnat" },
  },
} as const satisfies Record<string, GatewayKind>;

/** Name of a gateway: of its release, Deployment, Service and ServiceAccount. */
export type GatewayName = keyof typeof gateways;

export interface GatewayValuesArgs {
  readonly name: GatewayName;
  readonly replicas: number;
}

/** Values of chart `gateway` 1.12.6; the chart's schema refuses every key that it does not know. */
export function gatewayValues({ name, replicas }: GatewayValuesArgs): Record<string, unknown> {
  const { label, ports, env }: GatewayKind = gateways[name];
  return {
    name,
    replicaCount: replicas,
    autoscaling: { enabled: false },
    labels: { istio: label },
    ...(env === undefined ? {} : { env }),
    securityContext: { runAsUser: 1337, runAsGroup: 1337, runAsNonRoot: true, fsGroup: 1337 },
    service: { type: "LoadBalancer", ports },
    // The article's limit of 10m starves the proxy.
    resources: {
      requests: { cpu: "10m", memory: "128Mi" },
      limits: { cpu: "200m", memory: "128Mi" },
    },
  };
}
