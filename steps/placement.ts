import type { V1Node, V1Pod, V1Taint, V1Toleration } from "@kubernetes/client-node";
import { isReady } from "./conditions.ts";
import { type Amounts, amountsOf, minus, nothing, plus, requestsOf } from "./quantity.ts";

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
