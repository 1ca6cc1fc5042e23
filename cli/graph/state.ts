import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { type Looked, named } from "../clusters/look.ts";
import { countsOf } from "../status/workloads.ts";
import { gatewaysOf, routesFrom } from "../verify/routes.ts";
import { deploymentProblem } from "../verify/workloads.ts";
import { aboutLength, type Dependency, type Graph, type Group, type Part, type State } from "./model.ts";
import { clipped } from "./text.ts";

/** A graph with what there is in its clusters. */
export function withState(graph: Graph, looked: readonly Looked[]): Graph {
  const byName = new Map(looked.map((cluster) => [cluster.name, cluster]));
  const parts = graph.parts.map((part) => partAsFound(part, byName));
  const states = new Map(parts.map(({ id, state }) => [id, state]));
  return {
    groups: graph.groups.map((group) => groupAsFound(group, byName.get(group.id))),
    parts,
    dependencies: graph.dependencies.map((dependency) => ({
      ...dependency,
      state: brokenBy(dependency, looked, states) ? "not ready" : dependency.state,
    })),
  };
}

/** How a cluster is, as far as that says how its parts are. */
const clusterState = ({ paused, silence }: Looked): State | undefined => {
  if (paused) return "paused";
  return silence === undefined ? undefined : "unknown";
};

function groupAsFound(group: Group, cluster: Looked | undefined): Group {
  const state = cluster && clusterState(cluster);
  if (state === undefined) return group;
  const about = state === "paused" ? "paused" : `does not answer: ${cluster?.silence ?? ""}`;
  return { ...group, state, about: clipped(about, 60) };
}

/** A route with its table: whether the cluster has it. */
function routeAsFound(
  part: Part,
  { cluster: name, namespace, name: table }: NonNullable<Part["routeTable"]>,
  clusters: ReadonlyMap<string, Looked>,
): Part {
  const cluster = clusters.get(name);
  if (cluster === undefined) return part;
  if (cluster.contents === undefined) return { ...part, state: clusterState(cluster) ?? "unknown" };
  return named(cluster.contents.routeTables, namespace, table) === undefined
    ? { ...part, state: "not ready", about: "no RouteTable" }
    : { ...part, state: "ready" };
}

function partAsFound(part: Part, clusters: ReadonlyMap<string, Looked>): Part {
  if (part.routeTable !== undefined) return routeAsFound(part, part.routeTable, clusters);
  const { deployment } = part;
  const cluster = deployment && clusters.get(deployment.cluster);
  if (deployment === undefined || cluster === undefined) return part;
  const { contents } = cluster;
  if (contents === undefined) return { ...part, state: clusterState(cluster) ?? "unknown" };
  const { spec, status } = named(contents.deployments, deployment.namespace, deployment.name) ?? {};
  // Pods of an earlier template may serve, and yet what is configured does not run: status says so, too.
  const { ready } = countsOf(status?.replicas, status?.updatedReplicas, status?.readyReplicas);
  const wanted = spec?.replicas ?? 1;
  const problem =
    deploymentProblem(contents, deployment.namespace, deployment.name) ??
    (ready < wanted ? `${ready} of ${wanted} pods of its present template are ready` : undefined);
  if (problem !== undefined) {
    const found = spec === undefined ? "not there" : `${ready} of ${wanted} ready`;
    const about = `${part.about}: ${found}`;
    return { ...part, state: "not ready", about: clipped(about, aboutLength), detail: problem };
  }
  const [ingress] =
    named(contents.services, deployment.namespace, deployment.name)?.status?.loadBalancer?.ingress ?? [];
  const address = ingress?.ip ?? ingress?.hostname;
  return {
    ...part,
    state: "ready",
    ...(address === undefined ? {} : { about: clipped(address, aboutLength), detail: address }),
  };
}

/** Whether what a line stands for cannot be. */
function brokenBy(
  { from, to, traffic }: Dependency,
  looked: readonly Looked[],
  states: ReadonlyMap<string, State>,
): boolean {
  const [cluster] = looked.filter(({ name }) => from.startsWith(`${name}/`));
  const [management] = looked;
  if (traffic === "relay") {
    const registered = management?.contents?.kubernetesClusters ?? [];
    return (
      [from, to].some((end) => states.get(end) !== "ready") ||
      named(registered, glooMeshNamespace, cluster?.name ?? "") === undefined
    );
  }
  const isRoute =
    traffic === "requests" && (from.endsWith("/ingress") || from.endsWith("/route-productpage"));
  if (!isRoute || cluster?.contents === undefined)
    return [from, to].some((end) => states.get(end) === "not ready");
  return routesFrom(looked, gatewaysOf(looked, cluster), "/productpage").length === 0;
}
