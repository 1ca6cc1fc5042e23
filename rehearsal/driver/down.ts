import { existsSync } from "node:fs";
import { destroy } from "./destroy.ts";
import type { Display } from "../kit/display.ts";
import { endOrphans } from "../engine/engine.ts";
import { endOfHost, hostStatus, stopHost } from "../host/supervisor/client.ts";
import { leftovers, leftProcesses } from "../recovery/leftovers.ts";
import { createPhases } from "./phases.ts";
import { paths } from "../kit/paths.ts";
import { choosePlugins } from "../engine/plugins.ts";
import { hostAnswers, recoverStack } from "../recovery/recovery.ts";
import type { Stack } from "../engine/rehearsed-stack.ts";
import { describeStack, stacksWithResources, stateOf } from "../engine/stack.ts";
import { describeChanges, failure, nothingRehearsed } from "./summary.ts";
import { ensureTools } from "../toolchain/toolchain.ts";
import { hostLines } from "./up.ts";
import { discard } from "./discard.ts";

/** How long controllers may take to clear up after the last delete. */
const patienceSeconds = 20;

/** Destroys the lab, checks that nothing is left of it, and stops everything; returns the exit code. */
export async function down(display: Display): Promise<number> {
  const phases = createPhases(display);
  const say = (line: string): void => {
    display.line(line);
  };
  const orphans = await endOrphans();
  for (const orphan of orphans) say(`ended what an earlier run left: ${orphan}`);
  if ([...orphans, ...leftProcesses()].length === 0 && !existsSync(paths.stack) && !existsSync(paths.etcd)) {
    display.plain(nothingRehearsed);
    return 0;
  }

  /** Destroys one stack; false if it fails. */
  async function destroyed(stack: Stack): Promise<boolean> {
    const { pending, locked } = stateOf(stack);
    if (locked || pending > 0) await phases.run("recovery", () => recoverStack(stack, locked, say));
    const result = await phases.run("destroy", () => destroy(display, stack));
    if (result.ok) {
      say(`stack ${stack.name} destroyed, ${describeChanges(result)}`);
    } else {
      for (const line of failure(result, "make rehearse-down", endOfHost())) display.plain(line);
      display.plain(
        'What refuses to be deleted is told by make lab ARGS="status"; make rehearse-reset throws everything away instead.',
      );
    }
    return result.ok;
  }

  let left: readonly string[] = [];
  if ((await hostStatus()).ready && (await hostAnswers(5))) {
    const stacks = stacksWithResources();
    if (stacks.length > 0) {
      await ensureTools(display);
      await choosePlugins(display);
    }
    for (const name of stacks) if (!(await destroyed(describeStack(name)))) return 1;
    left = await phases.run("check of what is left", () => leftovers(patienceSeconds));
  } else {
    say(
      "the host does not answer: its clusters are data in a folder, which is removed with all that was in them",
    );
  }
  await phases.run("stopping the host", () => stopHost(hostLines(say)));
  await discard();

  const found = [...left, ...leftProcesses().map((process) => `process ${process}`)];
  for (const line of ["", ...phases.table(), ""]) display.plain(line);
  display.plain(
    found.length === 0
      ? "Nothing is left: no object, no address, no process."
      : ["This is left:", ...found.map((entry) => `  ${entry}`)].join("\n"),
  );
  return found.length === 0 ? 0 : 1;
}
