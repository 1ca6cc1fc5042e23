import type { V1ResourceRequirements } from "@kubernetes/client-node";
import { numberOf } from "../../schema/quantity.ts";

/** A pod's containers, as far as a scheduler reckons with them. */
interface Reckoned {
  readonly initContainers?: readonly ReckonedContainer[];
  readonly containers: readonly ReckonedContainer[];
  readonly overhead?: Readonly<Record<string, string>>;
}

interface ReckonedContainer {
  readonly restartPolicy?: string;
  readonly resources?: V1ResourceRequirements;
}

/** What a pod asks for, or a node has. */
export interface Amounts {
  /** In CPUs. */
  readonly cpu: number;
  /** In bytes. */
  readonly memory: number;
  readonly pods: number;
}

export const nothing: Amounts = { cpu: 0, memory: 0, pods: 0 };

export const plus = (a: Amounts, b: Amounts): Amounts => combined(a, b, (x, y) => x + y);
export const minus = (a: Amounts, b: Amounts): Amounts => combined(a, b, (x, y) => x - y);

const combined = (a: Amounts, b: Amounts, join: (x: number, y: number) => number): Amounts => ({
  cpu: join(a.cpu, b.cpu),
  memory: join(a.memory, b.memory),
  pods: join(a.pods, b.pods),
});

/** What a set of quantities amounts to, e.g. a node's `allocatable`. */
export const amountsOf = (quantities: Readonly<Record<string, string>> = {}): Amounts => ({
  cpu: numberOf(quantities["cpu"]),
  memory: numberOf(quantities["memory"]),
  pods: numberOf(quantities["pods"]),
});

/** What a scheduler reckons with for a pod: its containers together, or the largest of what runs before them. */
export function requestsOf({ containers, initContainers = [], overhead = {} }: Reckoned): Amounts {
  const staying = initContainers.filter(({ restartPolicy }) => restartPolicy === "Always");
  const leaving = initContainers.filter(({ restartPolicy }) => restartPolicy !== "Always");
  const together = [...containers, ...staying]
    .map(({ resources }) => requested(resources))
    .reduce(plus, nothing);
  const largest = leaving
    .map(({ resources }) => requested(resources))
    .reduce((a, b) => combined(a, b, Math.max), together);
  return { ...plus(largest, amountsOf(overhead)), pods: 1 };
}

/** Kubernetes takes a limit for a request that is not there. */
const requested = ({ requests, limits }: V1ResourceRequirements = {}): Amounts =>
  amountsOf({ ...limits, ...requests });

/** In words, e.g. `0.35 CPUs and 1.5 GiB`. */
export const inWords = ({ cpu, memory }: Amounts): string =>
  `${rounded(cpu)} CPUs and ${rounded(memory / 2 ** 30)} GiB`;

const rounded = (number: number): string => String(Math.round(number * 100) / 100);
