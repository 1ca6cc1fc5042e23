/** Measures the lab and what it is compared with, and writes `docs/benchmarks.md`; the way in is `make bench`. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { createDisplay, duration } from "../../rehearsal/kit/display.ts";
import { withLock } from "../../rehearsal/kit/lock.ts";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { choosePlugins } from "../../rehearsal/engine/plugins.ts";
import { ensureTools } from "../../rehearsal/toolchain/toolchain.ts";
import { wordsIn } from "../../rehearsal/kit/words.ts";
import { type Choice, choiceOf, usage } from "./choice.ts";
import { stopping } from "./command.ts";
import type { Found } from "./figures.ts";
import { throwAway } from "./lab.ts";
import { findingsOf, keep, verdict } from "./report.ts";
import { createSteps } from "./steps.ts";
import { table } from "./table.ts";

const display = createDisplay(process.stdout);

async function bench({ rounds, parts, isWhole }: Choice): Promise<void> {
  await ensureTools(display);
  await choosePlugins(display);
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0) * rounds;
  display.line(
    `${rounds} ${rounds === 1 ? "round" : "rounds"}, some ${Math.ceil(seconds / 60)} min on two cores`,
  );
  const found: (readonly Found[])[] = [];
  for (let round = 1; round <= rounds; round++) {
    const ofRound: Found[] = [];
    for (const part of parts) {
      const steps = createSteps(display, `round ${round} of ${rounds}, ${part.name}`);
      try {
        ofRound.push(await part.measure(steps));
      } finally {
        steps.end();
      }
    }
    found.push(ofRound);
    const findings = findingsOf(found);
    for (const line of ["", table(findings.results), "", verdict(findings.results)]) display.plain(line);
    // After each round: an hour is long enough for something to happen to the next.
    if (isWhole) display.line(`written: ${keep(findings).join(", ")}`);
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (!stopping.signal.aborted) display.line(`${signal}: everything is stopped`);
    stopping.abort();
  });
}

/** Measures while nobody else works in the folder; whatever becomes of it, nothing stays there. */
async function benchAlone(choice: Choice): Promise<void> {
  mkdirSync(rehearsalDir, { recursive: true, mode: 0o700 });
  await withLock(
    join(rehearsalDir, "driver.lock"),
    "make bench",
    ({ what, pid }) => {
      throw new Error(`${what} is running in ${rehearsalDir} (process ${pid}).`);
    },
    () => bench(choice).finally(throwAway),
  );
  display.line(`took ${duration(display.elapsed())}`);
}

try {
  const [first, ...rest] = process.argv.slice(2);
  const choice = choiceOf(first === "--line" ? wordsIn(rest[0] ?? "") : process.argv.slice(2));
  if (choice === undefined) display.plain(usage);
  else await benchAlone(choice);
} catch (error) {
  display.live("");
  if (!stopping.signal.aborted) console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = stopping.signal.aborted
    ? 130
    : error instanceof Failure
      ? error.exitCode
      : exitCodes.faulty;
}
// Connections that are kept for another request would keep this process for some seconds.
process.stdout.write("", () => process.exit());
