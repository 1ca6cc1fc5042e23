import { createComparison } from "./compare.ts";
import { delays, type Found, ordinary, sizes } from "./figures.ts";
import { sized } from "./life.ts";
import type { Steps } from "./steps.ts";

/** What can be measured by itself. */
export interface Part {
  readonly name: string;
  readonly what: string;
  /** How long it takes on two cores, in seconds. */
  readonly seconds: number;
  readonly measure: (steps: Steps) => Promise<Found>;
}

const compare = createComparison();

/** All parts, in the order in which a round goes through them. */
export const parts: readonly Part[] = [
  ...delays.map((delay) => ({
    name: delay,
    what: `\`up\` and the article's commands, DELAYS=${delay}`,
    seconds: { none: 105, realistic: 350 }[delay],
    measure: (steps: Steps) => compare(steps, delay),
  })),
  ...sizes.map((size) => ({
    name: `workloads-${size}`,
    what: size === ordinary ? "everything in the life of a lab, and its memory" : "`up`, and its memory",
    seconds: 35 + 8 * size + (size === ordinary ? 60 : 0),
    measure: (steps: Steps) => sized(steps, size),
  })),
];
