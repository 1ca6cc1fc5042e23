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
  /** In bytes; undefined: of a node that tells none, which counts as having all that is asked for. */
  readonly ephemeralStorage?: number;
  readonly pods: number;
}

export const nothing: Amounts = { cpu: 0, memory: 0, ephemeralStorage: 0, pods: 0 };

export const plus = (a: Amounts, b: Amounts): Amounts => combined(a, b, (x, y) => x + y);
export const minus = (a: Amounts, b: Amounts): Amounts => combined(a, b, (x, y) => x - y);

const combined = (a: Amounts, b: Amounts, join: (x: number, y: number) => number): Amounts => ({
  cpu: join(a.cpu, b.cpu),
  memory: join(a.memory, b.memory),
  ...(a.ephemeralStorage === undefined || b.ephemeralStorage === undefined
    ? {}
    : { ephemeralStorage: join(a.ephemeralStorage, b.ephemeralStorage) }),
  pods: join(a.pods, b.pods),
});

const ephemeralStorage = "ephemeral-storage";

/** What a set of quantities amounts to, e.g. a node's `allocatable`. */
export const amountsOf = (quantities: Readonly<Record<string, string>> = {}): Amounts => ({
  cpu: numberOf(quantities["cpu"]),
  memory: numberOf(quantities["memory"]),
  ...(quantities[ephemeralStorage] === undefined
    ? {}
    : { ephemeralStorage: numberOf(quantities[ephemeralStorage]) }),
  pods: numberOf(quantities["pods"]),
});

/** What quantities that somebody asks for amount to: of what they do not name, to nothing. */
const askedFor = (quantities: Readonly<Record<string, string>>): Amounts =>
  amountsOf({ [ephemeralStorage]: "0", ...quantities });

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
  return { ...plus(largest, askedFor(overhead)), pods: 1 };
}

/** Kubernetes takes a limit for a request that is not there. */
const requested = ({ requests, limits }: V1ResourceRequirements = {}): Amounts =>
  askedFor({ ...limits, ...requests });

/** Whether there is ephemeral storage among what somebody asks for. */
export const wantsStorage = ({ ephemeralStorage: asked = 0 }: Amounts): boolean => asked > 0;

/**
 * In words, e.g. `0.35 CPUs and 1.5 GiB`.
 *
 * @param withStorage whether ephemeral storage is named, if it is known; default: where there is any of it
 */
export function inWords(amounts: Amounts, withStorage: boolean = wantsStorage(amounts)): string {
  const { cpu, memory, ephemeralStorage: storage } = amounts;
  const [cpus, inMemory] = [`${rounded(cpu)} CPUs`, inGiB(memory)];
  return withStorage && storage !== undefined
    ? `${cpus}, ${inMemory} of memory and ${inGiB(storage)} of ephemeral storage`
    : `${cpus} and ${inMemory}`;
}

const inGiB = (bytes: number): string => `${rounded(bytes / 2 ** 30)} GiB`;
const rounded = (number: number): string => String(Math.round(number * 100) / 100);
