import { hostStatus, stopHost } from "../../rehearsal/host/client.ts";
import type { Stack } from "../../rehearsal/stack.ts";
import { emptyProgram } from "./empty-program.ts";
import { type Measure, median, type Size } from "./figures.ts";
import { labOf, onFreshHost, startHost } from "./lab.ts";
import { watchMemory } from "./memory.ts";
import { labProgram, operate, preview, type Program } from "./pulumi.ts";
import type { Steps } from "./steps.ts";

/** How often short things are measured in a run, of which the one in the middle counts. */
const repetitions = 3;

export type Some = Partial<Record<Measure, number>>;

/** Builds a lab with so many workload clusters, and looks at how much memory all of it takes. */
export async function sized(steps: Steps, size: Size): Promise<Some> {
  const peak = watchMemory();
  try {
    const found = await onFreshHost(labOf(size), (stack) =>
      size === 2 ? lifeOf(steps, stack) : built(steps, stack, size),
    );
    return { ...found, [`memory ${size}`]: peak() };
  } finally {
    peak();
  }
}

async function built(steps: Steps, stack: Stack, size: Size): Promise<Some> {
  const { seconds } = await steps.run(`up, ${size} workload ${size === 1 ? "cluster" : "clusters"}`, () =>
    operate(labProgram(stack), "up"),
  );
  return { [`up ${size}`]: seconds };
}

/** Everything from the first preview of a lab to its end. */
async function lifeOf(steps: Steps, stack: Stack): Promise<Some> {
  const lab = labProgram(stack);
  const empty = await emptyProgram(stack);
  const { elapsed: start } = await hostStatus();
  const previews = await besides(steps, "preview", (program) => preview(program), lab, empty);
  const up = await built(steps, stack, 2);
  await operate(empty, "up");
  const noOps = await besides(steps, "up without a change", unchanged, lab, empty);
  await stopHost();
  const { seconds: restart } = await steps.run("start of the host with its lab", async () => {
    await startHost(labOf(2));
    return { seconds: (await hostStatus()).elapsed["vclusters"] ?? NaN };
  });
  const destroy = await steps.run("destroy", () => operate(lab, "destroy"));
  return {
    ...up,
    preview: previews.ours,
    "preview empty": previews.theirs,
    "no-op": noOps.ours,
    "no-op empty": noOps.theirs,
    "first API server": start["host API server"] ?? NaN,
    "all API servers": restart,
    destroy: destroy.seconds,
  };
}

/** The same on two programs, one after the other, again and again. */
async function besides(
  steps: Steps,
  name: string,
  work: (program: Program) => Promise<number>,
  ours: Program,
  theirs: Program,
): Promise<{ readonly ours: number; readonly theirs: number }> {
  const times: { ours: number; theirs: number }[] = [];
  const on = async (whose: string, program: Program): Promise<number> =>
    (await steps.run(`${name}${whose}`, async () => ({ seconds: await work(program) }))).seconds;
  for (let count = 0; count < repetitions; count++)
    times.push({ ours: await on("", ours), theirs: await on(", empty program", theirs) });
  return { ours: median(times.map((time) => time.ours)), theirs: median(times.map((time) => time.theirs)) };
}

async function unchanged(program: Program): Promise<number> {
  const { seconds, changes } = await operate(program, "up");
  const kinds = Object.keys(changes).filter((kind) => kind !== "same");
  if (kinds.length > 0) throw new Error(`An up that was to change nothing did: ${kinds.join(", ")}.`);
  return seconds;
}
