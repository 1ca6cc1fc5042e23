import { join } from "node:path";
import fc from "fast-check";
import { describe, it } from "vitest";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { type Blow, blows, getsOver } from "../rehearsal/support/blows.ts";
import { checkout } from "../rehearsal/support/checkout.ts";
import { rehearsalIn } from "../rehearsal/support/rehearsal.ts";
import { labsOf } from "../support/labs.ts";

const count = Number(process.env["SEEDS"] || 10);
const first = Number(process.env["SEED"] || 1);

const cases = Array.from({ length: count }, (_, index) => {
  const seed = first + index;
  const any = fc.tuple(labsOf({ most: 4, paused: fc.constant(false) }), blows);
  const [drawn] = fc.sample(fc.noBias(any), { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error(`seed ${seed} has no lab`);
  const [lab, blow] = drawn;
  return { seed, lab, blow, names: [lab.management, ...lab.workloads].map(({ name }) => name).join(" ") };
});

const inWords = ({ verb, victim, line }: Blow): string =>
  `the ${victim} killed after ${line} lines of ${verb}`;

describe("any lab, struck at any moment, gets over it", () => {
  it.each(
    cases.map((drawn) => [`seed ${drawn.seed}: ${drawn.names}, ${inWords(drawn.blow)}`, drawn] as const),
  )("%s", async (_, { lab, blow }) => {
    const project = checkout({ soak: lab });
    // With room for any of them.
    const rehearsal = rehearsalIn(
      join(rehearsalDir, "soak"),
      { STACK: "soak", HOST: "four" },
      project.directory,
    );
    try {
      await getsOver(rehearsal, blow);
    } finally {
      await rehearsal.rehearse("reset");
      project.remove();
    }
  });
});
