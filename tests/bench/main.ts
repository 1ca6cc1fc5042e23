/** Measures the lab and what it is compared with, and writes `docs/benchmarks.md`; the way in is `make bench`. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createDisplay, duration } from "../../rehearsal/display.ts";
import { writeFileAtomically } from "../../rehearsal/host/files.ts";
import { withLock } from "../../rehearsal/lock.ts";
import { rehearsalDir, root } from "../../rehearsal/paths.ts";
import { ensureTools } from "../../rehearsal/toolchain.ts";
import { stopping } from "./command.ts";
import { byUp } from "./compare.ts";
import { throwAway } from "./lab.ts";
import { findingsOf, markdown, type Run, verdict } from "./report.ts";
import { expectedSeconds, measure, warmUpSeconds } from "./run.ts";
import { createSteps } from "./steps.ts";
import { table } from "./table.ts";

const display = createDisplay(process.stdout);

async function bench(count: number): Promise<void> {
  await ensureTools(display);
  const minutes = Math.ceil((warmUpSeconds + count * expectedSeconds) / 60);
  display.line(`${count} ${count === 1 ? "run" : "runs"}, some ${minutes} min on two cores`);

  const warmUp = createSteps(display, "warm-up");
  const { inputs } = await warmUp
    .run("up", () => byUp("none"))
    .finally(() => {
      warmUp.end();
    });
  const runs: Run[] = [];
  for (let number = 1; number <= count; number++)
    runs.push(await measure(createSteps(display, `run ${number} of ${count}`), inputs, number % 2 === 0));

  const findings = findingsOf(runs);
  const json = join(rehearsalDir, "benchmarks.json");
  const docs = join(root, "docs", "benchmarks.md");
  writeFileAtomically(json, `${JSON.stringify(findings, undefined, 1)}\n`);
  writeFileAtomically(docs, markdown(findings));
  for (const line of ["", table(findings.results), "", verdict(findings.results), `${docs}\n${json}`])
    display.plain(line);
}

/** How many runs are asked for. */
function runsIn(text: string | undefined): number {
  if (text === undefined || text === "") return 5;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`RUNS is "${text}": expected a whole number, such as 1 or 5.`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (!stopping.signal.aborted) display.line(`${signal}: everything is stopped`);
    stopping.abort();
  });
}

try {
  const count = runsIn(process.env["RUNS"]);
  mkdirSync(rehearsalDir, { recursive: true, mode: 0o700 });
  await withLock(
    join(rehearsalDir, "driver.lock"),
    "make bench",
    ({ what, pid }) => {
      throw new Error(`${what} is running in ${rehearsalDir} (process ${pid}).`);
    },
    () => bench(count),
  );
  display.line(`took ${duration(display.elapsed())}`);
} catch (error) {
  await throwAway();
  display.live("");
  if (!stopping.signal.aborted) console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = stopping.signal.aborted ? 130 : 1;
}
// Connections that are kept for another request would keep this process for some seconds.
process.stdout.write("", () => process.exit());
