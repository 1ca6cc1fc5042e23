import { gatewayNamespace } from "./istio.ts";

/** A Gloo Mesh custom resource as plain data. */
export interface GlooResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Namespace of Gloo Mesh on every cluster; on the management cluster, home of the administrative resources. */
export const glooMeshNamespace = "gloo-mesh";

/** Name of the lab's workspace, and of its settings. */
export const workspaceName = "developers";

const admin = "admin.gloo.solo.io/v2";
const networking = "networking.gloo.solo.io/v2";

/** Registers a workload cluster; an agent that finds no KubernetesCluster of its name crash-loops. */
export function kubernetesCluster(name: string): GlooResource {
  return {
    apiVersion: admin,
    kind: "KubernetesCluster",
    metadata: { name, namespace: glooMeshNamespace },
    spec: { clusterDomain: "cluster.local" },
  };
}

/** A workspace over all clusters and namespaces. */
export function workspace(name: string): GlooResource {
  return {
    apiVersion: admin,
    kind: "Workspace",
    metadata: { name, namespace: glooMeshNamespace },
    spec: { workloadClusters: [{ name: "*", namespaces: [{ name: "*" }] }] },
  };
}

/** What holds for all services of a workspace. */
export interface WorkspaceOptions {
  readonly serviceIsolation?: { readonly enabled: boolean; readonly trimProxyConfig?: boolean };
  readonly federation?: {
    readonly enabled: boolean;
    readonly hostSuffix?: string;
    readonly serviceSelector?: readonly Readonly<Record<string, unknown>>[];
  };
}

/** Settings of the workspace of the same name; by default services are neither isolated nor federated. */
export function workspaceSettings(name: string, options: WorkspaceOptions = {}): GlooResource {
  return {
    apiVersion: admin,
    kind: "WorkspaceSettings",
    metadata: { name, namespace: glooMeshNamespace },
    spec: { options: { serviceIsolation: { enabled: false }, federation: { enabled: false }, ...options } },
  };
}

/** Settings of the whole of Gloo Mesh: which gateways traffic between clusters goes through. */
export function globalSettings(): GlooResource {
  return {
    apiVersion: admin,
    kind: "WorkspaceSettings",
    // The name that makes them so.
    metadata: { name: "global", namespace: glooMeshNamespace },
    // By default Gloo Mesh looks for them in istio-system only.
    spec: { options: { eastWestGateways: [{ selector: { labels: { istio: "eastwestgateway" } } }] } },
  };
}

/** One root certificate for all meshes: without it none of them trusts another's identities. */
export function rootTrustPolicy(): GlooResource {
  return {
    apiVersion: admin,
    kind: "RootTrustPolicy",
    metadata: { name: "root-trust-policy", namespace: glooMeshNamespace },
    // A proxy keeps the certificate it has started with, so that pods must start anew.
    spec: { config: { mgmtServerCa: { generated: {} }, autoRestartPods: true } },
  };
}

/**
 * A gateway listening on a cluster's ingress gateways, open to every route table.
 *
 * @param port a port of their Service
 */
export function virtualGateway(name: string, namespace: string, cluster: string, port = 80): GlooResource {
  return {
    apiVersion: networking,
    kind: "VirtualGateway",
    metadata: { name, namespace },
    spec: {
      workloads: [{ selector: { labels: { istio: "ingressgateway" }, cluster } }],
      listeners: [{ http: {}, port: { number: port }, allowedRouteTables: [{ host: "*" }] }],
    },
  };
}

/** Names a virtual gateway. */
export interface GatewayReference {
  readonly name: string;
  readonly namespace: string;
  readonly cluster: string;
}

export interface RouteTableArgs {
  /** Name of the route table, and of the service that it leads to. */
  readonly service: string;
  readonly namespace: string;
  readonly port: number;
  readonly gateway: GatewayReference;
}

/** The gateway that Bookinfo is reached through. */
export const northSouthGateway = (cluster: string): GatewayReference => ({
  name: "north-south-gw",
  namespace: gatewayNamespace,
  cluster,
});

/** The label of a route by which policies find it. */
export const routeLabels = (route: string): Readonly<Record<string, string>> => ({ route });

/** Leads everything that comes in through a gateway to one service. */
export function routeTable({ service, namespace, port, gateway }: RouteTableArgs): GlooResource {
  return {
    apiVersion: networking,
    kind: "RouteTable",
    metadata: { name: service, namespace, labels: { expose: "true" } },
    spec: {
      hosts: ["*"],
      virtualGateways: [gateway],
      workloadSelectors: [],
      http: [
        {
          name: service,
          labels: routeLabels(service),
          matchers: [{ uri: { prefix: "/" } }],
          forwardTo: { destinations: [{ ref: { name: service, namespace }, port: { number: port } }] },
        },
      ],
    },
  };
}
