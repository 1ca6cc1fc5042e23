import type { V1Deployment, V1EndpointSlice, V1Pod, V1Service } from "@kubernetes/client-node";
import { checkSettings } from "../../../config/check.ts";
import type { ClusterContents, GlooObject } from "../../../cli/clusters/look.ts";
import type { Seen, SeenWorkload } from "../../../cli/verify/seen.ts";
import {
  type GlooResource,
  kubernetesCluster,
  routeTable,
  virtualGateway,
} from "../../../values/gloo-resources.ts";

const ready = { type: "Ready", status: "True" } as const;

function deployment(namespace: string, name: string, labels: Record<string, string>): V1Deployment {
  return {
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name }] } },
    },
    status: { replicas: 1, updatedReplicas: 1, readyReplicas: 1 },
  };
}

function pod(
  namespace: string,
  name: string,
  labels: Record<string, string>,
  containers: readonly string[],
): V1Pod {
  return {
    metadata: { name: `${name}-x`, namespace, labels },
    spec: { nodeName: "node-1", containers: containers.map((container) => ({ name: container })) },
    status: { phase: "Running", conditions: [ready] },
  };
}

function service(
  namespace: string,
  name: string,
  selector: Record<string, string>,
  address?: string,
): V1Service {
  return {
    metadata: { name, namespace },
    spec: {
      selector,
      type: address === undefined ? "ClusterIP" : "LoadBalancer",
      ports: [{ name: "http2", port: 80, nodePort: 30080 }],
    },
    status: { loadBalancer: address === undefined ? {} : { ingress: [{ ip: address }] } },
  };
}

function slice(namespace: string, name: string): V1EndpointSlice {
  return {
    addressType: "IPv4",
    metadata: { name: `${name}-y`, namespace, labels: { "kubernetes.io/service-name": name } },
    endpoints: [{ addresses: ["10.244.0.9"], conditions: { ready: true } }],
  };
}

const asRead = (resource: GlooResource): GlooObject => structuredClone(resource);

const empty: ClusterContents = {
  deployments: [],
  pods: [],
  services: [],
  endpointSlices: [],
  kubernetesClusters: [],
  virtualGateways: [],
  routeTables: [],
};

/** What a management cluster holds that is well. */
export function managementContents(workloads: readonly string[]): ClusterContents {
  const names = ["gloo-mesh-mgmt-server", "gloo-mesh-redis", "gloo-mesh-ui", "prometheus-server"];
  return {
    ...empty,
    deployments: names.map((name) => deployment("gloo-mesh", name, { app: name })),
    pods: names.map((name) => pod("gloo-mesh", name, { app: name }, [name])),
    kubernetesClusters: workloads.map((name) => asRead(kubernetesCluster(name))),
  };
}

/** What a workload cluster holds that is well; with a route, it is the lab's first. */
export function workloadContents(name: string, address: string, hasRoute: boolean): ClusterContents {
  const gateways = ["ingressgateway", "eastwestgateway"];
  const apps = ["details", "ratings", "reviews", "productpage"];
  const gateway = { name: "north-south-gw", namespace: "istio-gateways", cluster: name };
  const route = { service: "productpage", namespace: "bookinfo", port: 9080, gateway };
  return {
    ...empty,
    deployments: [
      deployment("gloo-mesh", "gloo-mesh-agent", { app: "gloo-mesh-agent" }),
      deployment("istio-system", "istiod", { istio: "pilot" }),
      ...gateways.map((istio) => deployment("istio-gateways", `istio-${istio}`, { istio })),
      ...apps.map((app) => deployment("bookinfo", `${app}-v1`, { app, version: "v1" })),
    ],
    pods: [
      ...gateways.map((istio) => pod("istio-gateways", `istio-${istio}`, { istio }, ["istio-proxy"])),
      ...apps.map((app) => pod("bookinfo", `${app}-v1`, { app, version: "v1" }, [app, "istio-proxy"])),
    ],
    services: [
      ...gateways.map((istio) => service("istio-gateways", `istio-${istio}`, { istio }, address)),
      ...apps.map((app) => service("bookinfo", app, { app })),
    ],
    endpointSlices: [
      ...gateways.map((istio) => slice("istio-gateways", `istio-${istio}`)),
      ...apps.map((app) => slice("bookinfo", app)),
    ],
    virtualGateways: hasRoute ? [asRead(virtualGateway(gateway.name, gateway.namespace, name))] : [],
    routeTables: hasRoute ? [asRead(routeTable(route))] : [],
  };
}

/** Settings of a lab of these workload clusters, each with Bookinfo. */
export function settingsOf(...workloads: readonly string[]) {
  const { settings, mistakes } = checkSettings({
    licenseKey: "none",
    workloads: workloads.map((name) => ({ name, bookinfo: {} })),
  });
  if (settings === undefined) throw new Error(JSON.stringify(mistakes));
  return settings;
}

const now = new Date("2026-06-01T00:00:00Z");

/** A lab that is well, of workload clusters `east` and `west`. */
export function healthyLab(): Seen & { readonly workloads: readonly [SeenWorkload, SeenWorkload] } {
  const [east, west] = ["east", "west"].map((name, index): SeenWorkload => {
    const settings = settingsOf("east", "west").workloads[index];
    if (settings === undefined) throw new Error("no such workload");
    const address = `192.0.2.${index + 1}`;
    return {
      name,
      paused: false,
      contents: workloadContents(name, address, index === 0),
      settings,
      // The lab makes one route to it, on the first.
      productPage: index === 0 ? `http://${address}/productpage` : undefined,
      certificate: { names: [name], validTo: new Date("2027-01-01T00:00:00Z") },
    };
  });
  if (east === undefined || west === undefined) throw new Error("unreachable");
  return {
    expose: "LoadBalancer",
    management: { name: "devmgmt", paused: false, contents: managementContents(["east", "west"]) },
    workloads: [east, west],
    metrics: {
      text: 'relay_push_clients_connected{cluster="east"} 1\nrelay_push_clients_connected{cluster="west"} 1\n',
    },
    now,
  };
}
