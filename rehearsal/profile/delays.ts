import { createHash } from "node:crypto";
import { z } from "zod";

const seconds = z.number().nonnegative();

/** From and to, in seconds; a single number is both. */
const range = z
  .union([seconds, z.tuple([seconds, seconds])], "expected seconds, such as 8 or [6, 10]")
  .transform((given): readonly [number, number] => (typeof given === "number" ? [given, given] : given))
  .refine(([from, to]) => from <= to, "expected the shorter time first");

/** How long simulated parts take, as the real ones would take their time. */
export const delaysSchema = z.strictObject({
  /** From the start of a pod until it is ready, or a Job's pod until it is done, once its node has its images. */
  podReady: range,
  /** From the start of the first pod of an image on a node until the node has it. */
  imagePull: range,
  /** From the start of a vcluster's pod until its control plane answers, unless that really takes longer. */
  vclusterStart: range,
  /** From the readiness of a vcluster's pod until its kubeconfig is in Secret vc-NAME. */
  kubeconfigSecret: range,
  /** From the creation of a LoadBalancer Service until it has an address. */
  loadBalancer: range,
});

export type Delays = Readonly<z.infer<typeof delaysSchema>>;

/**
 * Which delays can be chosen. Where nothing takes time, the Secret still comes after the release is ready, as it does
 * with the real syncer: Helm looks every 2 s.
 */
export const delayProfiles = {
  none: {
    podReady: [0, 0],
    imagePull: [0, 0],
    vclusterStart: [0, 0],
    kubeconfigSecret: [2.5, 2.5],
    loadBalancer: [0, 0],
  },
  realistic: {
    podReady: [6, 10],
    imagePull: [3, 20],
    vclusterStart: [5, 9],
    kubeconfigSecret: [1, 5],
    loadBalancer: [2, 4],
  },
} as const satisfies Record<string, Delays>;

/** Delays, and what decides which of a range's values each part gets. */
export interface Timing {
  readonly delays: Delays;
  readonly seed: number;
}

/** How long something takes, in seconds: with the same seed always the same, for other names and seeds another time. */
export function delayOf({ delays, seed }: Timing, what: keyof Delays, name: string): number {
  const [from, to] = delays[what];
  const hash = createHash("sha256").update(`${seed} ${what} ${name}`).digest();
  return from + (to - from) * (hash.readUInt32BE() / 2 ** 32);
}

/** Whether pods take any time. */
export const podsTakeTime = ({ delays }: Pick<Timing, "delays">): boolean =>
  delays.podReady[1] + delays.imagePull[1] > 0;
