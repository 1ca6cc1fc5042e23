import type {
  V1ContainerStatus,
  V1Node,
  V1ObjectMeta,
  V1PersistentVolumeClaim,
  V1Pod,
  V1Service,
} from "@kubernetes/client-node";
import { exposureHints } from "../../values/exposure.ts";
import { condition, isWell } from "./conditions.ts";
import { type Complaints, complaintsIn, type SeenEvent, timeOf } from "./events.ts";
import type { KeysOf, PodKeys } from "./keys.ts";
import { adviceOn } from "./refusals.ts";
import { type Place, whereItFits } from "./placement.ts";

/** What makes pods. */
export interface Maker {
  readonly kind: "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job";
  readonly metadata?: V1ObjectMeta;
  /** How many pods it is to have, and how many it has. */
  readonly wanted: number;
  readonly made: number;
}

/** What there is in a namespace, or in several, as far as something can be wrong with it. */
export interface Found {
  readonly services?: readonly V1Service[];
  readonly claims?: readonly V1PersistentVolumeClaim[];
  readonly pods?: readonly V1Pod[];
  readonly makers?: readonly Maker[];
  readonly events?: readonly SeenEvent[];
}

/** What is known beside that; each makes what is said more exact. */
export interface Known {
  /** Which keys of the configuration decide about a pod. */
  readonly keysOf?: KeysOf | undefined;
  /** The nodes of the host, with what is free on each. */
  readonly places?: readonly Place[] | undefined;
  readonly nodes?: readonly V1Node[] | undefined;
  /** Whether a load balancer is known to give addresses. */
  readonly hasLoadBalancer?: boolean | undefined;
  /** Namespace of the host that all of it ends up in. */
  readonly hostNamespace?: string | undefined;
}

/** One thing that is not as it must be. */
export interface Problem {
  /** Of which namespace. */
  readonly namespace: string;
  /** Its last state, the reason as far as it is known, and what to try. */
  readonly text: string;
  /** Whether nothing is known to be wrong, and it may just take its time. */
  readonly isSlow?: true;
  /** The pod that it is about, where no node can take that as things are, and since when, in milliseconds. */
  readonly stuck?: { readonly pod: string; readonly since: number };
}

/** Each thing that is not as it must be. */
export function problemsOf(found: Found, known: Known = {}): Problem[] {
  const { services = [], claims = [], pods = [], makers = [], events = [] } = found;
  const complaints = complaintsIn(events);
  const isHere = ({ metadata }: { readonly metadata?: V1ObjectMeta }): boolean =>
    metadata?.deletionTimestamp === undefined;
  return [
    ...makers.filter(isHere).flatMap((maker) => makerProblem(maker, complaints, known)),
    ...services.filter(isHere).flatMap((service) => serviceProblem(service, complaints, known)),
    ...claims.filter(isHere).flatMap((claim) => claimProblem(claim, complaints)),
    ...pods.filter(isHere).flatMap((pod) => podProblems(pod, complaints, events, known)),
  ];
}

/** A line for each of them. */
export const problemsIn = (found: Found, known?: Known): string[] =>
  problemsOf(found, known).map(({ text }) => text);

/** What a refusal comes to, with what to do about it. */
const refused = (reason: string, { hostNamespace }: Known, keys?: PodKeys): string =>
  `${reason}.${adviceOn(reason, hostNamespace, keys)}`;

/** Sentences after a full stop. */
const sentences = (...texts: readonly string[]): string => texts.map((text) => ` ${text}`).join("");

function makerProblem(
  { kind, metadata, wanted, made }: Maker,
  complaints: Complaints,
  known: Known,
): Problem[] {
  const [reason] = complaints({ kind, metadata });
  if (made >= wanted || reason === undefined) return [];
  const { name = "", namespace = "" } = metadata ?? {};
  const text = `${kind} ${name} has ${made} of ${wanted} pods: ${refused(reason, known)}`;
  return [{ namespace, text }];
}

function serviceProblem(
  { metadata, spec, status }: V1Service,
  complaints: Complaints,
  known: Known,
): Problem[] {
  const waits = spec?.type === "LoadBalancer" && (status?.loadBalancer?.ingress ?? []).length === 0;
  if (!waits) return [];
  const { name = "", namespace = "" } = metadata ?? {};
  const [reason] = complaints({ kind: "Service", metadata });
  const what = `Service ${name} has no address`;
  if (reason !== undefined) return [{ namespace, text: `${what}: ${refused(reason, known)}` }];
  return known.hasLoadBalancer === true
    ? [{ namespace, text: `${what}.`, isSlow: true }]
    : [{ namespace, text: `${what}. ${exposureHints.LoadBalancer}` }];
}

/** Claims of control planes; for others there is no key. */
const isOfControlPlane = ({ metadata }: V1PersistentVolumeClaim): boolean =>
  metadata?.labels?.["app"] === "vcluster" || metadata?.name === `data-${metadata?.namespace ?? ""}-0`;

function claimProblem(claim: V1PersistentVolumeClaim, complaints: Complaints): Problem[] {
  const { metadata, spec, status } = claim;
  if (status?.phase === "Bound") return [];
  const { name = "", namespace = "" } = metadata ?? {};
  const what = `PersistentVolumeClaim ${name} is not bound`;
  const [reason] = complaints({ kind: "PersistentVolumeClaim", metadata });
  const { storageClassName } = spec ?? {};
  if (storageClassName === undefined && isOfControlPlane(claim)) {
    const cause =
      "It names no storage class, and the host had no default one: set controlPlane.storageClass, or controlPlane.persistence to false.";
    return [{ namespace, text: `${what}. ${cause}` }];
  }
  if (reason !== undefined) return [{ namespace, text: `${what}: ${reason}.` }];
  const by =
    storageClassName === undefined ? "" : `: storage class ${storageClassName} has made no volume yet`;
  return [{ namespace, text: `${what}${by}.`, isSlow: true }];
}

const noKeys: PodKeys = { resources: undefined, tolerations: undefined, wanting: () => undefined };

function podProblems(
  pod: V1Pod,
  complaints: Complaints,
  events: readonly SeenEvent[],
  known: Known,
): Problem[] {
  if (isWell(pod)) return [];
  const { metadata, spec, status } = pod;
  const { name = "", namespace = "" } = metadata ?? {};
  const what = `Pod ${name}`;
  const said = complaints({ kind: "Pod", metadata });
  const keys = known.keysOf?.(pod) ?? noKeys;
  if (spec?.nodeName === undefined) return [unplaced(pod, said, events, known, keys)];
  if (status?.phase === "Failed") {
    const why = [status.reason, status.message].filter((text) => text !== undefined && text !== "");
    return [{ namespace, text: `${what} has failed${why.length === 0 ? "" : `: ${why.join(": ")}`}.` }];
  }
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const faults = containers.flatMap((container) => containerProblem(container, said, keys));
  if (faults.length > 0) return faults.map((fault) => ({ namespace, text: `${what}: ${fault}` }));
  const [reason] = said;
  return reason === undefined
    ? [{ namespace, text: `${what} is not ready.`, isSlow: true }]
    : [{ namespace, text: `${what} is not ready: ${reason}.` }];
}

function unplaced(
  pod: V1Pod,
  said: readonly string[],
  events: readonly SeenEvent[],
  known: Known,
  keys: PodKeys,
): Problem {
  const { name = "", namespace = "", uid } = pod.metadata ?? {};
  const scheduled = condition(pod, "PodScheduled");
  if (scheduled?.message === undefined) {
    const [reason] = said;
    return reason === undefined
      ? { namespace, text: `Pod ${name} is on no node yet.`, isSlow: true }
      : { namespace, text: `Pod ${name} is on no node: ${refused(reason, known, keys)}` };
  }
  const advice = whereItFits(pod, scheduled.message, known, keys);
  const text = `Pod ${name} is on no node: ${withoutPreemption(scheduled.message)}.${sentences(...advice)}`;
  const since = new Date(scheduled.lastTransitionTime ?? 0).getTime();
  return isHopeful(pod, events)
    ? { namespace, text }
    : { namespace, text, stuck: { pod: uid ?? name, since } };
}

/** What a scheduler tried for a pod that is not more important than others says nothing more. */
const withoutPreemption = (message: string): string =>
  message.replace(/( no new claims to deallocate,)? preemption: .*$/s, "").replace(/\.$/, "");

/** Events of autoscalers, by whether a node is on its way for a pod. */
const scaling: Readonly<Record<string, boolean>> = {
  TriggeredScaleUp: true,
  Nominated: true,
  NotTriggerScaleUp: false,
};

function isHopeful({ metadata }: V1Pod, events: readonly SeenEvent[]): boolean {
  const ofPod = events
    .filter(
      ({ reason = "", involvedObject: { kind, namespace, name } }) =>
        reason in scaling && kind === "Pod" && namespace === metadata?.namespace && name === metadata?.name,
    )
    .toSorted((a, b) => timeOf(b) - timeOf(a));
  return scaling[ofPod[0]?.reason ?? ""] === true;
}

/** A syncer whose Service has an address outside of the range that it was given. */
const rangeHint =
  "Set serviceCidr to the host's range of ClusterIPs, or leave it out, so that the host is asked.";

/** A container that has not begun to run says nothing of itself. */
const beginning = new Set(["ContainerCreating", "PodInitializing"]);

function containerProblem(
  { name, ready, state, lastState }: V1ContainerStatus,
  said: readonly string[],
  { resources }: PodKeys,
): string[] {
  const { waiting, terminated } = state ?? {};
  const isStarting = waiting?.reason !== undefined && beginning.has(waiting.reason);
  const isFaulty = waiting === undefined ? (terminated?.exitCode ?? 0) !== 0 : !isStarting;
  if (ready || !isFaulty) return [];
  const pull = waiting?.reason?.includes("ImagePull") === true ? said.find(isOfPull) : undefined;
  const ended = terminated ?? lastState?.terminated;
  const end =
    ended === undefined
      ? []
      : [
          `it ended${terminated === undefined ? " before" : ""} with exit code ${ended.exitCode}${ended.reason === "OOMKilled" ? ", OOMKilled" : ""}`,
          ended.message ?? "",
        ];
  const details = [...new Set([waiting?.message ?? "", pull ?? "", ...end])]
    .filter((text) => text !== "")
    .join("; ");
  const hints = [
    ...(details.includes("not in the valid range") ? [rangeHint] : []),
    ...(ended?.reason === "OOMKilled" && resources !== undefined
      ? [`${resources} can give it more memory.`]
      : []),
  ];
  const what = waiting?.reason === undefined ? "does not run" : `is in ${waiting.reason}`;
  const text = `container ${name} ${what}${details === "" ? "" : `: ${details}`}`;
  return [hints.length === 0 ? text : `${text.replace(/\.$/, "")}.${sentences(...hints)}`];
}

const isOfPull = (text: string): boolean => text.startsWith("Failed to pull image");
