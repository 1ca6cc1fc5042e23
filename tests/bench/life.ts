import { hostStatus, stopHost } from "../../rehearsal/host/supervisor/client.ts";
import type { Stack } from "../../rehearsal/engine/rehearsed-stack.ts";
import { emptyProgram } from "./empty-program.ts";
import { type Figures, type Found, median, ordinary, type Size } from "./figures.ts";
import { labOf, onFreshHost, startHost } from "./lab.ts";
import { labProgram, operate, type Program, type Timed } from "./pulumi.ts";
import type { Steps } from "./steps.ts";
import { watchUsage } from "./usage.ts";

/** How often short things are measured in a round, of which the one in the middle counts. */
const repetitions = 3;

/** Builds a lab with so many workload clusters, and looks at what all of it uses. */
export async function sized(steps: Steps, size: Size): Promise<Found> {
  const usage = watchUsage();
  try {
    const found = await onFreshHost(labOf(size), (stack) =>
      size === ordinary ? lifeOf(steps, stack) : built(steps, stack, size),
    );
    const { memory, time } = usage();
    return { figures: { ...found, [`memory ${size}`]: memory }, times: { [size]: time } };
  } finally {
    usage();
  }
}

async function built(steps: Steps, stack: Stack, size: Size): Promise<Figures> {
  const { seconds } = await steps.run(`up, ${size} workload ${size === 1 ? "cluster" : "clusters"}`, () =>
    operate(labProgram(stack), "up"),
  );
  return { [`up ${size}`]: seconds };
}

/** Everything from the first preview of a lab to its end. */
async function lifeOf(steps: Steps, stack: Stack): Promise<Figures> {
  const lab = labProgram(stack);
  const empty = await emptyProgram(stack);
  const { elapsed: start } = await hostStatus();
  const previews = await besides(steps, "preview", (program) => operate(program, "preview"), lab, empty);
  const up = await built(steps, stack, ordinary);
  await operate(empty, "up");
  const noOps = await besides(steps, "up without a change", unchanged, lab, empty);
  await stopHost();
  const { seconds: restart } = await steps.run("start of the host with its lab", async () => {
    await startHost(labOf(ordinary));
    return { seconds: (await hostStatus()).elapsed["vclusters"] ?? NaN };
  });
  const destroy = await steps.run("destroy", () => operate(lab, "destroy"));
  return {
    ...up,
    ...named("preview", previews),
    ...named("no-op", noOps),
    "first API server": start["host API server"] ?? NaN,
    "all API servers": restart,
    destroy: destroy.seconds,
  };
}

/** The same on the lab and on the empty program. */
interface Beside {
  readonly lab: readonly Timed[];
  readonly empty: readonly Timed[];
}

/** Does the same on both, one after the other, again and again. */
async function besides(
  steps: Steps,
  name: string,
  work: (program: Program) => Promise<Timed>,
  lab: Program,
  empty: Program,
): Promise<Beside> {
  const times: { readonly lab: Timed[]; readonly empty: Timed[] } = { lab: [], empty: [] };
  for (let count = 0; count < repetitions; count++) {
    times.lab.push(await steps.run(name, () => work(lab)));
    times.empty.push(await steps.run(`${name}, empty program`, () => work(empty)));
  }
  return times;
}

const named = (name: "preview" | "no-op", { lab, empty }: Beside): Figures => ({
  [name]: median(lab.map(({ seconds }) => seconds)),
  [`${name} begun`]: median(lab.map(({ begun = NaN }) => begun)),
  [`${name} empty`]: median(empty.map(({ seconds }) => seconds)),
});

async function unchanged(program: Program): Promise<Timed> {
  const timed = await operate(program, "up");
  const kinds = Object.keys(timed.changes).filter((kind) => kind !== "same");
  if (kinds.length > 0) throw new Error(`An up that was to change nothing did: ${kinds.join(", ")}.`);
  return timed;
}
