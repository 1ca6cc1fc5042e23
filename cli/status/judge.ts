import type { V1Service } from "@kubernetes/client-node";
import { labCommand, pulumiCommand } from "../../messages/commands.ts";
import { exposedBy } from "../../kubernetes/vcluster/reach.ts";
import { nodeAddressOf } from "../../values/exposure.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { gatewayNamespace } from "../../values/istio.ts";
import { logsOf } from "../../kubernetes/vcluster/control-plane.ts";
import { rebuildHint } from "../../kubernetes/vcluster/identity.ts";
import { isConnected } from "../clusters/agents.ts";
import { isPaused, isStopped } from "../clusters/control-plane.ts";
import { type SeenContents, hasAllPods, type SeenCluster, type SeenRelease } from "./seen.ts";
import { problemsInside, workloadsOf } from "./workloads.ts";

/** How a cluster is. */
export interface ClusterStatus {
  readonly cluster: string;
  readonly role: SeenCluster["role"];
  readonly state: State;
  /** Version of its Kubernetes; absent where it could not be asked, as all that follows. */
  readonly kubernetes?: string;
  readonly releases: readonly SeenRelease[];
  /** Its agent; absent on the management cluster. */
  readonly agent?: {
    /** Whether the management cluster knows the cluster; absent where that could not be asked. */
    readonly registered?: boolean;
    /** Whether the management server has a connection of it; absent where that could not be asked, or no container runs. */
    readonly connected?: boolean;
    /** Until when its certificate holds, as ISO 8601; absent: it has none. */
    readonly certificateUntil?: string;
  };
  /** What is reached from outside. */
  readonly addresses: readonly Address[];
  /** Pods of its workloads. */
  readonly pods?: { readonly ready: number; readonly wanted: number };
  /** What is not as it is to be, with the reason and what to do. */
  readonly problems: readonly string[];
}

type State = "lost" | "running" | "starting" | "silent" | "paused" | "stopped" | "gone";

/** A Service that is reached from outside of its cluster. */
interface Address {
  readonly service: string;
  /** Of a load balancer, else at a node, as a URL where it speaks HTTP; absent: it has none. */
  readonly address?: string;
}

/** What to make of each cluster. */
export function judge(seen: readonly SeenCluster[], now: Date = new Date()): ClusterStatus[] {
  const management = seen.find(({ role }) => role === "management");
  return seen.map((cluster) => judgeOne(cluster, management, now));
}

function judgeOne(cluster: SeenCluster, management: SeenCluster | undefined, now: Date): ClusterStatus {
  const { name, role, release, contents } = cluster;
  const releases = [release, ...(contents?.releases ?? [])];
  const agent = role === "workload" ? agentOf(cluster, management?.contents) : undefined;
  const state = stateOf(cluster);
  const isHere = state !== "gone" && state !== "lost";
  return {
    cluster: name,
    role,
    state,
    ...(contents === undefined ? {} : { kubernetes: contents.version, pods: podsIn(contents) }),
    releases,
    ...(agent === undefined ? {} : { agent }),
    addresses: contents === undefined ? [] : addressesIn(contents, cluster.node),
    problems: [
      ...stateProblems[state](cluster),
      ...pauseProblems(cluster, state),
      ...(isHere ? releases.flatMap(releaseProblem) : []),
      ...(agent === undefined || contents === undefined ? [] : agentProblems(name, agent, now)),
      ...(role === "workload" && contents !== undefined && management !== undefined
        ? agentWaits(contents, management)
        : []),
      ...(contents === undefined ? [] : problemsInside(contents, name)),
    ],
  };
}

function stateOf({ controlPlane, silence, strangeness }: SeenCluster): State {
  if (controlPlane === undefined) return "gone";
  if (strangeness !== undefined) return "lost";
  if (isStopped(controlPlane)) return isPaused(controlPlane) ? "paused" : "stopped";
  if (!hasAllPods(controlPlane)) return "starting";
  return silence === undefined ? "running" : "silent";
}

const onHost = ({ onHost: problems }: SeenCluster): string =>
  problems.map((problem) => ` ${problem}`).join("");

const stateProblems: Readonly<Record<State, (cluster: SeenCluster) => string[]>> = {
  running: ({ onHost: missing }) => [...missing],
  paused: () => [],
  starting: (cluster) => [`its control plane is not ready.${onHost(cluster)}`],
  silent: (cluster) => [
    `it does not answer: ${cluster.silence ?? ""}.${onHost(cluster)} Its log: ${logsOf(cluster.name)}.`,
  ],
  stopped: ({ name }) => [
    `its control plane was scaled down by hand: ${labCommand(`resume ${name}`)} starts it, ${labCommand(`pause ${name}`)} makes it a pause.`,
  ],
  gone: (cluster) => {
    if (isRefused(cluster.release)) return releaseProblem(cluster.release);
    if (cluster.strangeness !== undefined) return lost(cluster);
    return cluster.onHost.length > 0
      ? [...cluster.onHost]
      : [`it is not on the host: ${pulumiCommand("up")}.`];
  },
  lost,
};

/** Nothing of what the stack has inside is there, nor can a run know that. */
function lost({ name, strangeness = "" }: SeenCluster): string[] {
  return [`${strangeness}: ${rebuildHint(name)}.`];
}

/** A pause is a fault only where the stack knows nothing of it: the next run would go by what it knows. */
function pauseProblems({ name, isToBePaused }: SeenCluster, state: State): string[] {
  if (state === "paused" && !isToBePaused)
    return [
      `it was paused, and the stack's configuration does not say so: ${labCommand(`pause ${name}`)} notes it, ${labCommand(`resume ${name}`)} ends it.`,
    ];
  const runs = state === "running" || state === "starting" || state === "silent";
  return runs && isToBePaused
    ? [
        `it runs, and the stack's configuration has it paused: ${labCommand(`resume ${name}`)} notes that it runs, ${labCommand(`pause ${name}`)} stops it.`,
      ]
    : [];
}

/** Whether it was to be deleted, and the cluster did not let go of it. */
const isRefused = ({ refused = [] }: SeenRelease): boolean => refused.length > 0;

function releaseProblem(release: SeenRelease): string[] {
  const { name, namespace, status, lacksNamespace = false, refused = [], missing = [] } = release;
  const what = `${namespace}: Helm release ${name}`;
  if (lacksNamespace)
    return [`${what} is not there, and neither is its namespace: ${pulumiCommand("up --refresh")}.`];
  if (missing.length > 0)
    return [`${what} lacks ${missing.join(", ")}, which somebody deleted: ${pulumiCommand("up")}.`];
  if (status === "deployed") return [];
  if (refused.length > 0)
    return [
      `${what} is ${status}, and the cluster refuses to delete ${refused.join("; ")}. Take away what refuses it, then ${pulumiCommand("destroy")}.`,
    ];
  return status === undefined
    ? [`${what} is not there: ${pulumiCommand("up")}.`]
    : [`${what} is ${status}: ${pulumiCommand("up")}.`];
}

function agentOf(
  { name, contents }: SeenCluster,
  management: SeenContents | undefined,
): NonNullable<ClusterStatus["agent"]> {
  const until = contents?.certificate?.validTo.toISOString();
  const metrics = management?.metrics;
  return {
    ...(management === undefined ? {} : { registered: management.registered.includes(name) }),
    ...(metrics !== undefined && "text" in metrics ? { connected: isConnected(metrics.text, name) } : {}),
    ...(until === undefined ? {} : { certificateUntil: until }),
  };
}

function agentProblems(
  name: string,
  { registered, connected, certificateUntil: until }: NonNullable<ClusterStatus["agent"]>,
  now: Date,
): string[] {
  const secret = `${glooMeshNamespace}: Secret relay-client-tls-secret`;
  const log = `kubectl --context ${name} -n ${glooMeshNamespace} logs deployment/gloo-mesh-agent`;
  return [
    ...(registered === false
      ? [`the management cluster has no KubernetesCluster ${name}: ${pulumiCommand("up --refresh")}.`]
      : []),
    ...(connected === false ? [`the management server has no connection of its agent: ${log}.`] : []),
    ...(until === undefined ? [`${secret}, the certificate of its agent, is not there: ${log}.`] : []),
    ...(until !== undefined && new Date(until) < now
      ? [`${secret}, the certificate of its agent, ended on ${until.slice(0, 10)}: ${log}.`]
      : []),
  ];
}

/** What an agent that is not ready waits for, where that does not run: a cause goes before what comes of it. */
function agentWaits(contents: SeenContents, management: SeenCluster): string[] {
  const { name, controlPlane } = management;
  const waits = workloadsOf(contents).some(
    (workload) =>
      workload.namespace === glooMeshNamespace &&
      workload.name === "gloo-mesh-agent" &&
      workload.ready < workload.wanted,
  );
  return waits && controlPlane !== undefined && isStopped(controlPlane)
    ? [`its agent gets ready when ${name} runs, which is stopped: ${labCommand(`resume ${name}`)}`]
    : [];
}

function podsIn(contents: SeenContents): { ready: number; wanted: number } {
  const workloads = workloadsOf(contents);
  const sum = (count: (workload: (typeof workloads)[number]) => number): number =>
    workloads.reduce((total, workload) => total + count(workload), 0);
  return { ready: sum(({ ready }) => ready), wanted: sum(({ wanted }) => wanted) };
}

/** Namespaces with Services that the lab exposes. */
const exposed = new Set([glooMeshNamespace, gatewayNamespace]);

const addressesIn = ({ services }: SeenContents, node: string | undefined): Address[] =>
  services
    .filter(({ metadata, spec }) => exposed.has(metadata?.namespace ?? "") && spec?.type !== "ClusterIP")
    .map((service: V1Service) => {
      const { ingress, ports } = exposedBy(service);
      const address =
        ingress?.ip ??
        ingress?.hostname ??
        (service.spec?.type === "NodePort" ? nodeAddressOf({ ports }, node ?? "NODE") : undefined);
      return { service: service.metadata?.name ?? "", ...(address === undefined ? {} : { address }) };
    });
