import type { V1Pod } from "@kubernetes/client-node";
import { labCommand, pulumiCommand, setting } from "../../messages/commands.ts";
import { bookinfoNamespace, bookinfoServices } from "../../values/bookinfo.ts";
import { exposedBy } from "../../kubernetes/vcluster/reach.ts";
import { endpointOf, exposureHints, httpUrl, nodeAddressOf } from "../../values/exposure.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { gatewayNamespace, gateways, type Gateway, httpPort } from "../../values/istio.ts";
import { rebuildHint } from "../../kubernetes/vcluster/identity.ts";
import { isConnected } from "../clusters/agents.ts";
import { approvalOf, type ClusterContents, type Looked, named } from "../clusters/look.ts";
import { type Verdict, fine, noted, type Row, wrong } from "./findings.ts";
import { gatewaysOf, type Located, placeOf, routesFrom } from "./routes.ts";
import type { Seen, SeenWorkload } from "./seen.ts";
import { deploymentProblem, endpointProblem } from "./workloads.ts";

/** A check of one cluster; undefined: there is nothing to look at. */
type Check<Cluster> = (
  cluster: Cluster & { readonly contents: ClusterContents },
  seen: Seen,
) => Verdict | undefined;

type WithContents = SeenWorkload & { readonly contents: ClusterContents };

/** What must be so on the management cluster, causes first. */
const managementChecks: Readonly<Record<string, Check<Looked>>> = {
  "management server": ({ contents }) => deployment(contents, glooMeshNamespace, "gloo-mesh-mgmt-server"),
};

/** What must be so on each workload cluster, causes first. */
const workloadChecks: Readonly<Record<string, Check<SeenWorkload>>> = {
  registration,
  agent,
  certificate,
  relay,
  istiod: ({ contents }) => deployment(contents, "istio-system", "istiod"),
  sidecars,
  bookinfo: applications,
  "ingress gateway": (workload, seen) => gateway("ingress", workload, seen),
  "east-west gateway": (workload, seen) => gateway("eastWest", workload, seen),
  address,
  "virtual gateway": virtualGateway,
  "route table": route,
};

const clustersOf = ({ management, workloads }: Seen): readonly Looked[] => [management, ...workloads];

/** Every check of every cluster, in an order that has causes before what comes of them. */
export function runChecks(seen: Seen): Row[] {
  const { management, workloads } = seen;
  const clusters = clustersOf(seen).map((cluster) => ({
    cluster: cluster.name,
    check: "API server",
    ...answer(cluster),
  }));
  return [...clusters, ...run(managementChecks, [management], seen), ...run(workloadChecks, workloads, seen)];
}

function run<Cluster extends Looked>(
  checks: Readonly<Record<string, Check<Cluster>>>,
  clusters: readonly Cluster[],
  seen: Seen,
): Row[] {
  return Object.entries(checks).flatMap(([name, check]) =>
    clusters.flatMap((cluster) => {
      const { contents } = cluster;
      const finding = contents && check({ ...cluster, contents }, seen);
      return finding === undefined ? [] : [{ cluster: cluster.name, check: name, ...finding }];
    }),
  );
}

function answer({ name, paused, silence, strangeness }: Looked): Verdict {
  if (strangeness !== undefined) return wrong(`${strangeness}: ${rebuildHint(name)}`);
  if (paused) return noted(`it is paused: ${labCommand(`resume ${name}`)}`);
  if (silence === undefined) return fine("it answers");
  return wrong(
    `it does not answer: ${silence}. Look at its control plane on the host: kubectl -n ${name} get pods,services`,
  );
}

function deployment(contents: ClusterContents, namespace: string, name: string): Verdict {
  const problem = deploymentProblem(contents, namespace, name);
  return problem === undefined ? fine("its pods are ready") : wrong(problem);
}

/** Not a fault of the agent: the management cluster is paused, and on purpose. */
const awaiting = (detail: string, { name }: Looked): Verdict =>
  noted(`${detail.replace(/\.$/, "")}. It takes ${name}, which is paused`);

function agent({ contents }: WithContents, { management }: Seen): Verdict {
  const name = "gloo-mesh-agent";
  const found = deployment(contents, glooMeshNamespace, name);
  const wanted = named(contents.deployments, glooMeshNamespace, name)?.spec?.replicas;
  const waits = found.state === "wrong" && management.paused && (wanted ?? 0) > 0;
  return waits ? awaiting(found.detail, management) : found;
}

function registration({ name }: SeenWorkload, { management }: Seen): Verdict | undefined {
  if (management.contents === undefined) return undefined;
  const found = named(management.contents.kubernetesClusters, glooMeshNamespace, name);
  return found === undefined
    ? wrong(
        `there is no KubernetesCluster ${name} on ${management.name}, and its agent may not join: ${pulumiCommand("up --refresh")}`,
      )
    : (accepted("KubernetesCluster", { cluster: management.name, object: found }) ?? fine("registered"));
}

/** What Gloo Mesh says against a resource; where it has said nothing yet, undefined. */
function accepted(kind: string, located: Located): Verdict | undefined {
  const { word, message } = approvalOf(located.object);
  if (word === undefined || word === "ACCEPTED") return undefined;
  const said = message === "" ? "" : `: ${message}`;
  if (word === "UNLICENSED")
    return wrong(
      `${kind} ${placeOf(located)} is not covered by the license key, so that it is without effect${said}. Another kind of key: ${setting("licenseKey", "KEY", { secret: true })}`,
    );
  const detail = `${kind} ${placeOf(located)} is ${word}${said}`;
  return word === "WARNING" ? noted(detail) : wrong(detail);
}

/** What fetches addresses again, and renews certificates. */
const renewed = ({ now }: Seen): string =>
  `${setting("renew", now.toISOString().slice(0, 10))}, then ${pulumiCommand("up")}`;

const soonDays = 14;

function certificate({ name, certificate: found }: SeenWorkload, seen: Seen): Verdict {
  const { now } = seen;
  const secret = `relay-client-tls-secret in namespace ${glooMeshNamespace}`;
  const renewal = `a new agent asks for another: kubectl --context ${name} -n ${glooMeshNamespace} delete secret relay-client-tls-secret, then ${renewed(seen)}`;
  if (found === undefined) {
    const detail = `there is no certificate in Secret ${secret}: the agent has not got one from the relay`;
    return seen.management.paused ? awaiting(detail, seen.management) : wrong(detail);
  }
  if (!found.names.includes(name))
    return wrong(`the certificate in Secret ${secret} is for ${found.names.join(", ")}; ${renewal}`);
  const days = Math.floor((found.validTo.getTime() - now.getTime()) / (24 * 3600 * 1000));
  const until = found.validTo.toISOString().slice(0, 10);
  if (days < 0) return wrong(`the certificate in Secret ${secret} ended on ${until}; ${renewal}`);
  return days < soonDays ? noted(`it ends on ${until}`) : fine(`until ${until}`);
}

/** Whether the management server counts a connection of the cluster's agent. */
function relay({ name }: SeenWorkload, { metrics }: Seen): Verdict | undefined {
  if (metrics === undefined) return undefined;
  if ("silence" in metrics)
    return noted(`the management server's metrics cannot be read: ${metrics.silence}`);
  return isConnected(metrics.text, name)
    ? fine("connected")
    : wrong(
        `the management server has no connection of its agent: kubectl --context ${name} -n ${glooMeshNamespace} logs deployment/gloo-mesh-agent`,
      );
}

const proxy = "istio-proxy";

/** A sidecar is a container, or an init container that stays. */
const hasSidecar = ({ spec }: V1Pod): boolean =>
  (spec?.containers ?? []).some(({ name }) => name === proxy) ||
  (spec?.initContainers ?? []).some(
    ({ name, restartPolicy }) => name === proxy && restartPolicy === "Always",
  );

function sidecars({ name, settings, contents }: WithContents): Verdict | undefined {
  if (settings.bookinfo === undefined) return undefined;
  const pods = contents.pods.filter(({ metadata }) => metadata?.namespace === bookinfoNamespace);
  const bare = pods.filter((pod) => !hasSidecar(pod)).map(({ metadata }) => metadata?.name ?? "");
  return bare.length === 0
    ? fine(`in ${pods.length} of ${pods.length} pods`)
    : wrong(
        `no sidecar in ${bare.join(", ")}: injection needs namespace ${bookinfoNamespace} with label istio-injection=enabled, no sidecar.istio.io/inject=false, and istiod when the pod is made: kubectl --context ${name} -n ${bookinfoNamespace} delete pod ${bare.join(" ")}`,
      );
}

function applications({ settings, contents }: WithContents): Verdict | undefined {
  if (settings.bookinfo === undefined) return undefined;
  const services = bookinfoServices({ reviews: settings.bookinfo.reviews, tag: "" }).map(({ name }) => name);
  const empty = services.flatMap((name) => endpointProblem(contents, bookinfoNamespace, name) ?? []);
  const [first] = empty;
  return first === undefined ? fine(`${services.join(", ")} have endpoints`) : wrong(first);
}

function gateway(
  kind: Gateway,
  { settings, contents }: WithContents,
  { expose, node }: Seen,
): Verdict | undefined {
  if (settings[kind] === false) return undefined;
  const { name } = gateways[kind];
  const problem = endpointProblem(contents, gatewayNamespace, name);
  if (problem !== undefined) return wrong(problem);
  const { ingress, ports } = exposedBy(named(contents.services, gatewayNamespace, name) ?? {});
  const place =
    expose === "LoadBalancer" ? (ingress?.ip ?? ingress?.hostname) : nodeAddressOf({ ports }, node ?? "NODE");
  return place === undefined
    ? wrong(`Service ${name} has no address. ${exposureHints[expose]}`)
    : fine(`at ${place}`);
}

/** Whether the stack's output is still where the gateway is. */
function address({ productPage, contents }: WithContents, seen: Seen): Verdict | undefined {
  const { expose } = seen;
  const { spec, status } = named(contents.services, gatewayNamespace, gateways.ingress.name) ?? {};
  const ingress = expose === "LoadBalancer" ? status?.loadBalancer?.ingress?.[0] : undefined;
  if (productPage === undefined || spec === undefined) return undefined;
  if (expose === "LoadBalancer" && ingress === undefined) return undefined;
  const service = { ports: spec.ports ?? [], ...(ingress === undefined ? {} : { ingress }) };
  const now = httpUrl(endpointOf(service, httpPort, new URL(productPage).hostname));
  return productPage === `${now}/productpage`
    ? fine(productPage)
    : wrong(`the stack has ${productPage}, and the gateway is now at ${now}: ${renewed(seen)}`);
}

function virtualGateway(workload: SeenWorkload, seen: Seen): Verdict | undefined {
  if (workload.productPage === undefined) return undefined;
  const found = gatewaysOf(clustersOf(seen), workload);
  const refused = found.flatMap((located) => accepted("VirtualGateway", located) ?? []);
  const [worst] = refused;
  if (worst !== undefined) return worst;
  if (found.length > 0) return fine(found.map(placeOf).join(", "));
  return wrong(
    `no VirtualGateway listens on the HTTP port of its ingress gateway: ${pulumiCommand("up --refresh")}`,
  );
}

function route(workload: SeenWorkload, seen: Seen): Verdict | undefined {
  const found = gatewaysOf(clustersOf(seen), workload);
  if (workload.productPage === undefined || found.length === 0) return undefined;
  const routes = routesFrom(clustersOf(seen), found, new URL(workload.productPage).pathname);
  const [worst] = routes.flatMap((located) => accepted("RouteTable", located) ?? []);
  if (worst !== undefined) return worst;
  return routes.length > 0
    ? fine(routes.map(placeOf).join(", "))
    : wrong(
        `no RouteTable leads from ${found.map(placeOf).join(", ")} to the product page: ${pulumiCommand("up --refresh")}`,
      );
}

/** The product pages that must answer: those that a gateway and a route lead to. */
export function pagesToAskFor(seen: Seen): { readonly cluster: string; readonly url: string }[] {
  return seen.workloads.flatMap((workload) => {
    const { name: cluster, productPage: url } = workload;
    const isRouted = gatewaysOf(clustersOf(seen), workload).length > 0;
    return url === undefined || !isRouted ? [] : [{ cluster, url }];
  });
}

/** Why there is no product page to ask for. */
export function whyNoPage({ workloads }: Seen): string {
  const paused = workloads.filter(({ productPage, paused: is }) => is && productPage !== undefined);
  const [cluster] = paused.map(({ name }) => name);
  return cluster === undefined
    ? "there is no product page to ask for: see what is noted."
    : `${cluster}, which has the product page, is paused: ${labCommand(`resume ${cluster}`)}`;
}
