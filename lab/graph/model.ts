import type { CheckedSettings } from "../../config/check.ts";
import { bookinfoNamespace, bookinfoServices } from "../../values/bookinfo.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { type Gateway, gatewayNamespace, gateways } from "../../values/istio.ts";

/** How something is: as planned where nobody looked. */
export type State = "planned" | "ready" | "not ready" | "paused" | "unknown";

/** What parts belong to, by which they are told apart. */
export type Family = "visitor" | "gloo" | "istio" | "bookinfo";

/** A part of the lab. */
export interface Part {
  readonly id: string;
  readonly name: string;
  /** A second line: where it is, or what is the matter with it. */
  readonly about: string;
  readonly family: Family;
  /** The group that it is in; none: it is outside of the host. */
  readonly group?: string;
  /** The Deployment that it is. */
  readonly deployment?: { readonly cluster: string; readonly namespace: string; readonly name: string };
  readonly state: State;
  /** What is the matter with it, in full. */
  readonly detail?: string;
}

/** What holds parts: the host, a virtual cluster, an application. */
export interface Group {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly kind: "host" | "management" | "workload" | "application";
  readonly parent?: string;
  readonly state: State;
}

/** What goes along a line. */
export type Traffic = "requests" | "relay" | "configuration" | "data" | "east-west";

/** A line from what needs something to what it needs. */
export interface Dependency {
  readonly from: string;
  readonly to: string;
  readonly traffic: Traffic;
  readonly state: State;
}

/** The lab as what one draws. */
export interface Graph {
  readonly groups: readonly Group[];
  readonly parts: readonly Part[];
  readonly dependencies: readonly Dependency[];
}

type Workload = CheckedSettings["workloads"][number];

const state = "planned" as const;
const host = "host";
const visitor = "you";
const between = "between";

const depends = (traffic: Traffic, from: string, ...to: readonly string[]): Dependency[] =>
  to.map((target) => ({ from, to: target, traffic, state }));

/** The lab of a configuration. */
export function plannedGraph(settings: CheckedSettings): Graph {
  const { management, workloads, multiCluster, hostContext } = settings;
  const graphs = workloads.map((workload) => workloadGraph(workload, management.name));
  const eastWest = workloads.filter((workload) => workload.eastWest !== false);
  const isMesh = multiCluster && eastWest.length > 1;
  // The lab has a gateway and a route on its first workload cluster; see components/workspace.ts.
  const routed = workloads
    .slice(0, 1)
    .filter(({ bookinfo, ingress }) => bookinfo !== undefined && ingress !== false);
  return {
    groups: [
      { id: host, name: "host cluster", about: hostContext ?? "", kind: "host", state },
      {
        id: management.name,
        name: management.name,
        about: "management",
        kind: "management",
        parent: host,
        state,
      },
      ...graphs.flatMap(({ groups }) => groups),
    ],
    parts: [
      ...(routed.length > 0
        ? [{ id: visitor, name: "you", about: "a browser, curl", family: "visitor" as const, state }]
        : []),
      ...managementParts(management.name),
      ...graphs.flatMap(({ parts }) => parts),
      ...(isMesh
        ? [
            {
              id: between,
              name: "between clusters",
              about: "one root of trust",
              family: "istio" as const,
              group: host,
              state,
            },
          ]
        : []),
    ],
    dependencies: [
      ...depends("data", `${management.name}/server`, `${management.name}/redis`),
      ...depends(
        "data",
        `${management.name}/ui`,
        `${management.name}/redis`,
        `${management.name}/prometheus`,
      ),
      ...graphs.flatMap(({ dependencies }) => dependencies),
      ...routed.flatMap(({ name }) => [
        ...depends("requests", visitor, `${name}/ingress`),
        ...depends("requests", `${name}/ingress`, `${name}/productpage-v1`),
      ]),
      ...(isMesh ? eastWest.flatMap(({ name }) => depends("east-west", `${name}/eastWest`, between)) : []),
    ],
  };
}

function managementParts(cluster: string): Part[] {
  const part = (role: string, name: string, deployment: string): Part =>
    inCluster(cluster, role, name, "gloo", glooMeshNamespace, deployment);
  return [
    part("server", "management server", "gloo-mesh-mgmt-server"),
    part("ui", "UI", "gloo-mesh-ui"),
    part("redis", "Redis", "gloo-mesh-redis"),
    part("prometheus", "Prometheus", "prometheus-server"),
  ];
}

const inCluster = (
  cluster: string,
  role: string,
  name: string,
  family: Family,
  namespace: string,
  deployment: string,
): Part => ({
  id: `${cluster}/${role}`,
  name,
  about: namespace,
  family,
  group: cluster,
  deployment: { cluster, namespace, name: deployment },
  state,
});

function workloadGraph(workload: Workload, management: string): Graph {
  const { name, region, zone } = workload;
  const application = applicationGraph(workload);
  const kinds = (["ingress", "eastWest"] as const).filter((kind) => workload[kind] !== false);
  const gatewayPart = (kind: Gateway, title: string): Part =>
    inCluster(name, kind, title, "istio", gatewayNamespace, gateways[kind].name);
  return {
    groups: [
      {
        id: name,
        name,
        about: ["workload", region, zone].filter((word) => word !== undefined).join(", "),
        kind: "workload",
        parent: host,
        state,
      },
      ...application.groups,
    ],
    parts: [
      ...(workload.ingress === false ? [] : [gatewayPart("ingress", "ingress gateway")]),
      inCluster(name, "agent", "Gloo Mesh agent", "gloo", glooMeshNamespace, "gloo-mesh-agent"),
      ...(workload.eastWest === false ? [] : [gatewayPart("eastWest", "east-west gateway")]),
      inCluster(name, "istiod", "istiod", "istio", "istio-system", "istiod"),
      ...application.parts,
    ],
    dependencies: [
      ...depends("relay", `${name}/agent`, `${management}/server`),
      ...kinds.flatMap((kind) => depends("configuration", `${name}/${kind}`, `${name}/istiod`)),
      ...application.dependencies,
    ],
  };
}

/** Which of Bookinfo's Deployments ask which Services: stars of `reviews` come with v2. */
const asks: readonly (readonly [deployment: RegExp, service: string])[] = [
  [/^productpage-/, "details"],
  [/^productpage-/, "reviews"],
  [/^reviews-v[23]$/, "ratings"],
];

function applicationGraph({ name: cluster, bookinfo }: Workload): Graph {
  if (bookinfo === undefined) return { groups: [], parts: [], dependencies: [] };
  const group = `${cluster}/bookinfo`;
  const services = bookinfoServices({ reviews: bookinfo.reviews, tag: "" });
  const deployments = services.flatMap(({ name, versions }) =>
    versions.map(({ version }) => ({ service: name, version, name: `${name}-${version}` })),
  );
  return {
    groups: [
      { id: group, name: "bookinfo", about: "with sidecars", kind: "application", parent: cluster, state },
    ],
    parts: deployments.map(({ service, version, name }) => ({
      id: `${cluster}/${name}`,
      name: service,
      about: version,
      family: "bookinfo",
      group,
      deployment: { cluster, namespace: bookinfoNamespace, name },
      state,
    })),
    dependencies: deployments.flatMap((from) =>
      asks
        .filter(([who]) => who.test(from.name))
        .flatMap(([, service]) =>
          depends(
            "requests",
            `${cluster}/${from.name}`,
            ...deployments.filter((to) => to.service === service).map(({ name }) => `${cluster}/${name}`),
          ),
        ),
    ),
  };
}
