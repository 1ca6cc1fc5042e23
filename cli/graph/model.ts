import type { CheckedSettings } from "../../config/settings.ts";
import { bookinfoNamespace, bookinfoServices } from "../../values/bookinfo.ts";
import { topologyOf, neededAddOns, needKeycloak, type TurnedOn } from "../../capabilities/all.ts";
import { meshServices, type RouteName } from "../../capabilities/common/routes.ts";
import { addOnsNamespace } from "../../values/gloo-mesh.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { type Gateway, gatewayNamespace, gateways } from "../../values/istio.ts";
import { keycloak } from "../../values/keycloak.ts";
import { clipped } from "./text.ts";

/** How something is: as planned where nobody looked. */
export type State = "planned" | "ready" | "not ready" | "paused" | "unknown";

/** What parts belong to, by which they are told apart. */
type Family = "visitor" | "gloo" | "istio" | "bookinfo" | "login";

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
  /** The RouteTable that it is. */
  readonly routeTable?: { readonly cluster: string; readonly namespace: string; readonly name: string };
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
export type Traffic = "requests" | "checks" | "login" | "relay" | "configuration" | "data" | "east-west";

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
type View = ReturnType<typeof topologyOf>;

const state = "planned" as const;
const host = "host";
const visitor = "you";
const between = "between";
/** Longest second line of a part, in characters. */
export const aboutLength = 30;

const depends = (traffic: Traffic, from: string, ...to: readonly string[]): Dependency[] =>
  to.map((target) => ({ from, to: target, traffic, state }));

/** The lab of a configuration. */
export function plannedGraph(settings: CheckedSettings): Graph {
  const { management, workloads, multiCluster, hostContext, enabled: on } = settings;
  const view = topologyOf(workloads);
  const graphs = workloads.map((workload) => workloadGraph(workload, management.name, on, view));
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
      ...managementParts(management.name, needKeycloak(on)),
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
        ...through("productpage", view, on, [`${name}/ingress`], [`${name}/productpage-v1`]),
      ]),
      ...(needKeycloak(on)
        ? depends("login", `${view.ingressCluster}/ext-auth-service`, `${management.name}/${keycloak}`)
        : []),
      ...(isMesh
        ? [
            ...eastWest.flatMap(({ name }) => depends("east-west", `${name}/eastWest`, between)),
            ...crossings(view, on).flatMap((from) => depends("east-west", from, between)),
          ]
        : []),
    ],
  };
}

function managementParts(cluster: string, hasKeycloak: boolean): Part[] {
  const part = (role: string, name: string, deployment: string): Part =>
    inCluster(cluster, role, name, "gloo", glooMeshNamespace, deployment);
  return [
    part("server", "management server", "gloo-mesh-mgmt-server"),
    part("ui", "UI", "gloo-mesh-ui"),
    part("redis", "Redis", "gloo-mesh-redis"),
    part("prometheus", "Prometheus", "prometheus-server"),
    ...(hasKeycloak ? [inCluster(cluster, keycloak, "Keycloak", "login", keycloak, keycloak)] : []),
  ];
}

/** What capabilities put on a route, as titles. */
const policiesOn = (route: RouteName, on: readonly TurnedOn[]): string[] =>
  on.filter(({ routes }) => routes.includes(route)).map(({ title }) => title);

const routeId = (route: RouteName, { ingressCluster }: View): string => `${ingressCluster}/route-${route}`;

/** The routes of the first workload cluster on which capabilities have policies. */
const routeParts = (view: View, on: readonly TurnedOn[]): Part[] =>
  (["productpage", ...meshServices] as const)
    .map((route) => ({ route, policies: policiesOn(route, on) }))
    .filter(({ policies }) => policies.length > 0)
    .map(({ route, policies }) => ({
      id: routeId(route, view),
      name: `route ${route}`,
      about: clipped(policies.join(", "), aboutLength),
      detail: policies.join(", "),
      family: "gloo",
      group: `${view.ingressCluster}/bookinfo`,
      routeTable: { cluster: view.ingressCluster, namespace: bookinfoNamespace, name: route },
      state,
    }));

/** Requests from some parts to others, by way of the route that policies are on. */
function through(
  route: RouteName,
  view: View,
  on: readonly TurnedOn[],
  from: readonly string[],
  to: readonly string[],
): Dependency[] {
  if (policiesOn(route, on).length === 0) return from.flatMap((one) => depends("requests", one, ...to));
  const via = routeId(route, view);
  return [...from.flatMap((one) => depends("requests", one, via)), ...depends("requests", via, ...to)];
}

/** What sends requests to other clusters, by way of their east-west gateways. */
const crossings = (view: View, on: readonly TurnedOn[]): string[] => [
  ...new Set(
    on
      .filter(({ targets = [] }) => targets.some(({ cluster }) => cluster !== view.ingressCluster))
      .map(({ routes }) =>
        routes.includes("reviews") ? routeId("reviews", view) : `${view.ingressCluster}/ingress`,
      ),
  ),
];

/** The servers that proxies ask about requests. */
const addOnParts = ({ ingressCluster }: View, on: readonly TurnedOn[]): Part[] =>
  neededAddOns(on).map((name) =>
    inCluster(ingressCluster, name, addOnNames[name], "gloo", addOnsNamespace, name),
  );

const addOnNames = { "ext-auth-service": "ext-auth service", "rate-limiter": "rate limiter" } as const;

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

function workloadGraph(workload: Workload, management: string, all: readonly TurnedOn[], view: View): Graph {
  const { name, region, zone } = workload;
  // Capabilities work on the first workload cluster.
  const on = name === view.ingressCluster ? all : [];
  const application = applicationGraph(workload, on, view);
  const kinds = (["ingress", "eastWest"] as const).filter((kind) => workload[kind] !== false);
  const gatewayPart = (kind: Gateway, title: string): Part => {
    const { [kind]: gateway } = workload;
    const part = inCluster(name, kind, title, "istio", gatewayNamespace, gateways[kind].name);
    return gateway === false || gateway.replicas === 1
      ? part
      : { ...part, about: `${part.about}, ${gateway.replicas} pods` };
  };
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
      ...(name === view.ingressCluster ? addOnParts(view, on) : []),
      ...application.parts,
    ],
    dependencies: [
      ...depends("relay", `${name}/agent`, `${management}/server`),
      ...kinds.flatMap((kind) => depends("configuration", `${name}/${kind}`, `${name}/istiod`)),
      ...neededAddOns(on).flatMap((addOn) => depends("checks", `${name}/ingress`, `${name}/${addOn}`)),
      ...application.dependencies,
    ],
  };
}

/** Which of Bookinfo's Deployments ask which Services: stars of `reviews` come with v2. */
const asks: readonly (readonly [deployment: RegExp, service: "details" | "reviews" | "ratings"])[] = [
  [/^productpage-/, "details"],
  [/^productpage-/, "reviews"],
  [/^reviews-v[23]$/, "ratings"],
];

/** What capabilities do to a service, as titles: those that apply to whom requests are for, not to routes. */
const policiesFor = (service: string, on: readonly TurnedOn[]): string[] =>
  on
    .filter(({ objects }) =>
      Object.values(objects).some(({ spec }) => {
        const { applyToDestinations = [] } = spec as {
          readonly applyToDestinations?: readonly {
            readonly selector?: { readonly labels?: { app?: string } };
          }[];
        };
        return applyToDestinations.some(({ selector }) => selector?.labels?.app === service);
      }),
    )
    .map(({ title }) => title);

function applicationGraph({ name: cluster, bookinfo }: Workload, on: readonly TurnedOn[], view: View): Graph {
  if (bookinfo === undefined) return { groups: [], parts: [], dependencies: [] };
  const group = `${cluster}/bookinfo`;
  const deployments = bookinfoServices({ reviews: bookinfo.reviews, tag: "" }).flatMap(({ name, versions }) =>
    versions.map(({ version }) => ({
      service: name,
      version,
      name: `${name}-${version}`,
      id: `${cluster}/${name}-${version}`,
    })),
  );
  const isIsolated = on.some(({ settings }) => settings?.serviceIsolation !== undefined);
  return {
    groups: [
      {
        id: group,
        name: "bookinfo",
        about: isIsolated ? "with sidecars, isolated" : "with sidecars",
        kind: "application",
        parent: cluster,
        state,
      },
    ],
    parts: [
      ...(on.length === 0 ? [] : routeParts(view, on)),
      ...deployments.map(({ service, version, name, id }): Part => {
        const policies = [version, ...policiesFor(service, on)].join(", ");
        return {
          id,
          name: service,
          about: clipped(policies, aboutLength),
          family: "bookinfo",
          group,
          deployment: { cluster, namespace: bookinfoNamespace, name },
          state,
        };
      }),
    ],
    dependencies: asks.flatMap(([who, service]) => {
      const from = deployments.filter(({ name }) => who.test(name)).map(({ id }) => id);
      const to = destinationsOf(service, cluster, deployments, on);
      return service === "details"
        ? from.flatMap((one) => depends("requests", one, ...to))
        : through(service, view, on, from.length === 0 ? askersOf(service, cluster, on) : from, to);
    }),
  };
}

/** Where no version of reviews asks for ratings, the product page's own API still does. */
const askersOf = (service: RouteName, cluster: string, on: readonly TurnedOn[]): string[] =>
  policiesOn(service, on).length === 0 ? [] : [`${cluster}/productpage-v1`];

/** The parts of a service that its own cluster sends requests to. */
function destinationsOf(
  service: string,
  cluster: string,
  parts: readonly { readonly service: string; readonly version: string; readonly id: string }[],
  on: readonly TurnedOn[],
): string[] {
  const all = parts.filter((one) => one.service === service);
  const splitting =
    service === "reviews" ? on.find(({ destinations }) => destinations !== undefined) : undefined;
  const here = splitting?.targets?.filter((target) => target.cluster === cluster);
  return all
    .filter(
      ({ version }) =>
        here === undefined ||
        here.some((target) => target.version === undefined || target.version === version),
    )
    .map(({ id }) => id);
}
