import type { V1Node, V1Pod, V1Taint, V1Toleration } from "@kubernetes/client-node";
import { isReady } from "./conditions.ts";
import type { PodKeys } from "./keys.ts";
import {
  type Amounts,
  amountsOf,
  inWords,
  minus,
  nothing,
  plus,
  requestsOf,
  wantsStorage,
} from "./amounts.ts";

/** A node that pods can be given to. */
export interface Place {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly V1Taint[];
  /** What its pods leave. */
  readonly free: Amounts;
}

/**
 * Where there is room: nodes that are ready and take pods, without what pods on them ask for.
 *
 * @param own names of namespaces whose pods count as gone
 */
export function placesOf(
  nodes: readonly V1Node[],
  pods: readonly V1Pod[],
  own: readonly string[] = [],
): Place[] {
  const others = pods.filter(
    ({ metadata, status }) =>
      !own.includes(metadata?.namespace ?? "") && !["Succeeded", "Failed"].includes(status?.phase ?? ""),
  );
  return nodes
    .filter((node) => isReady(node) && node.spec?.unschedulable !== true)
    .map(({ metadata, spec, status }) => {
      const name = metadata?.name ?? "";
      const taken = others
        .flatMap((pod) => (pod.spec?.nodeName === name ? [requestsOf(pod.spec)] : []))
        .reduce(plus, nothing);
      return {
        name,
        labels: metadata?.labels ?? {},
        taints: spec?.taints ?? [],
        free: minus(amountsOf(status?.allocatable), taken),
      };
    });
}

/** What a pod says of the nodes that it wants. */
interface Choosy {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly V1Toleration[];
}

/** Whether a node would take a pod, were it empty. */
export const isOpenTo = (
  { labels, taints }: Pick<Place, "labels" | "taints">,
  { nodeSelector, tolerations }: Choosy,
): boolean => isChosen(nodeSelector, labels) && isTolerated(taints, tolerations);

const isChosen = (
  selector: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>>,
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);

const isTolerated = (taints: readonly V1Taint[], tolerations: readonly V1Toleration[] = []): boolean =>
  taints
    .filter(({ effect }) => effect !== "PreferNoSchedule")
    .every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)));

const tolerates = ({ key, operator = "Equal", value = "", effect }: V1Toleration, taint: V1Taint): boolean =>
  (key === undefined ? operator === "Exists" : key === taint.key) &&
  (operator === "Exists" || value === (taint.value ?? "")) &&
  (effect === undefined || effect === taint.effect);

/** What a scheduler says that a node does not have enough of, by what it is measured in. */
const lacks: readonly (readonly [complaint: string, amount: keyof Amounts])[] = [
  ["Insufficient cpu", "cpu"],
  ["Insufficient memory", "memory"],
  ["Insufficient ephemeral-storage", "ephemeralStorage"],
  ["Too many pods", "pods"],
];

/** What is known of the host and of the configuration. */
interface Surroundings {
  readonly places?: readonly Place[] | undefined;
  readonly nodes?: readonly V1Node[] | undefined;
}

/**
 * What a pod wants that no node has, and what to do about it, in sentences.
 *
 * @param message what the scheduler says
 */
export function whereItFits(
  pod: V1Pod,
  message: string,
  { places, nodes }: Surroundings,
  keys: PodKeys,
): string[] {
  return [
    ...(lacks.some(([complaint]) => message.includes(complaint)) ? room(pod, message, places, keys) : []),
    ...(message.includes("untolerated taint") ? taints(nodes, pod, keys) : []),
    ...(message.includes("affinity/selector") ? labels(pod, nodes, keys) : []),
  ];
}

function room(
  { spec }: V1Pod,
  message: string,
  places: readonly Place[] | undefined,
  keys: PodKeys,
): string[] {
  const asked = spec === undefined ? nothing : requestsOf(spec);
  const [, amount = "cpu"] = lacks.find(([complaint]) => message.includes(complaint)) ?? [];
  // To a scheduler, a node that tells no ephemeral storage has none.
  const freeOf = ({ free: left }: Place): number => left[amount] ?? 0;
  const [most] = (places ?? []).toSorted((a, b) => freeOf(b) - freeOf(a));
  const free =
    most === undefined
      ? ""
      : `; ${most.name} has most free, ${amount === "pods" ? `room for ${Math.max(0, most.free.pods)} pods` : inWords(most.free, wantsStorage(asked))}`;
  const less =
    keys.resources === undefined || amount === "pods" ? "" : `, or ask for less with ${keys.resources}`;
  return [`It asks for ${inWords(asked)}${free}.`, `Make room on the host, or add a node${less}.`];
}

/** Taints that come and go with a node's state. */
const ofState = /^node\.(kubernetes\.io|cloudprovider\.kubernetes\.io)\//;

function taints(
  nodes: readonly V1Node[] | undefined,
  { spec = { containers: [] } }: V1Pod,
  keys: PodKeys,
): string[] {
  if (nodes === undefined)
    return ["A node that is not ready has one: kubectl get nodes.", ...tolerating(keys)];
  const found = nodes.flatMap(({ metadata, spec: node }) =>
    (node?.taints ?? [])
      .filter((taint) => !isTolerated([taint], spec.tolerations))
      .map((taint) => ({ node: metadata?.name ?? "", taint })),
  );
  const [sick, kept] = [true, false].map((isOfState) =>
    found.filter(({ taint }) => ofState.test(taint.key) === isOfState),
  ) as [typeof found, typeof found];
  return [
    ...[...new Set(sick.map(({ node }) => node))].map(
      (node) => `Node ${node} is not fit for pods now: kubectl describe node ${node}.`,
    ),
    ...(kept.length === 0
      ? []
      : [
          `Nodes are kept for others by ${[...new Set(kept.map(({ taint }) => inText(taint)))].join(", ")}.`,
          ...tolerating(keys),
        ]),
  ];
}

const tolerating = ({ tolerations }: PodKeys): string[] =>
  tolerations === undefined ? [] : [`${tolerations} can tolerate a taint.`];

const inText = ({ key, value, effect }: V1Taint): string =>
  `${key}${value === undefined || value === "" ? "" : `=${value}`}:${effect}`;

function labels({ spec }: V1Pod, nodes: readonly V1Node[] | undefined, { wanting }: PodKeys): string[] {
  const wanted = Object.entries(spec?.nodeSelector ?? {});
  const missing = wanted.filter(([key, value]) =>
    nodes === undefined
      ? wanted.length === 1
      : !nodes.some(({ metadata }) => metadata?.labels?.[key] === value),
  );
  // Each of them may be there, and no node have all.
  return (missing.length === 0 ? wanted : missing).map(([key, value]) => {
    const holder = wanting(key, value);
    const by = holder === undefined ? "" : `, which ${holder} asks for`;
    return missing.length === 0
      ? `It asks for a node with label ${key}=${value}${holder === undefined ? "" : ` (${holder})`}.`
      : `No node has label ${key}=${value}${by}.`;
  });
}
