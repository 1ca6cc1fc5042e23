import { type ChosenChart, chooseCharts, neededOfModules } from "../engine/charts.ts";
import { fetchCharts } from "../toolchain/module-charts.ts";
import { writeContexts } from "../engine/contexts.ts";
import { destroy, isHalfDestroyed } from "./destroy.ts";
import type { Display } from "../kit/display.ts";
import { type EngineResult, endOrphans, runEngine } from "../engine/engine.ts";
import type { HostChoice, PodKind } from "../profile/choice.ts";
import { endOfHost, ensureHost } from "../host/supervisor/client.ts";
import { rememberBaseline } from "../recovery/leftovers.ts";
import type { VersionSetName } from "../../versions/versions.ts";
import { chartsFor, keepCharts } from "../engine/kept-charts.ts";
import { createPhases } from "./phases.ts";
import { choosePlugins } from "../engine/plugins.ts";
import { recoverStack } from "../recovery/recovery.ts";
import { fidelityBox, fidelityOf } from "./fidelity.ts";
import type { Stack } from "../engine/rehearsed-stack.ts";
import { openStack, pulumi, stateOf } from "../engine/stack.ts";
import { keepSet, rehearsedSet } from "../engine/rehearsed-set.ts";
import { chartsOf, configure, ownSet } from "../engine/stack-files.ts";
import { describeChanges, describeOutputs, failure, howToUse, type Outputs } from "./summary.ts";
import { ensureNodeTools, ensureTools, type ReadyTool } from "../toolchain/toolchain.ts";
import { makeImages } from "../images/make.ts";
import { imageSources } from "./image-sources.ts";

/** What the user chose. */
export interface Choices {
  readonly stack: string;
  /** Directory of charts that come before the rehearsal's own; undefined: the one that the lab was made with, if any. */
  readonly charts: string | undefined;
}

/** What the engine is to work on. */
interface Wanted extends Choices {
  /** The set of versions. */
  readonly versionSet: VersionSetName;
}

/** What the engine works on. */
export interface Prepared {
  readonly stack: Stack;
  readonly charts: readonly ChosenChart[];
}

/** Chooses charts, and opens the stack. */
export async function prepare(display: Display, choices: Wanted): Promise<Prepared> {
  const { stack: name, versionSet } = choices;
  const [wanted, directory] = [chartsOf(name, versionSet), chartsFor(choices.charts)];
  await fetchCharts(display, neededOfModules(wanted, directory));
  const charts = chooseCharts(wanted, directory, (message) => {
    display.line(message);
  });
  const stack = await openStack(name, versionSet);
  return { stack, charts };
}

/** Lines of the host's log: their own times count from its own start. */
export const hostLines =
  (say: (line: string) => void) =>
  (line: string): void => {
    say(`host: ${line.replace(/^\[[ \d.]+s\] /, "")}`);
  };

/** Makes ready all that a host with such pods runs: its programs, and the images of its containers. */
const ensurePrograms = async (display: Display, pods: PodKind): Promise<readonly ReadyTool[]> => {
  if (pods === "simulated") return ensureTools(display);
  const tools = await ensureNodeTools(display);
  await makeImages((line) => {
    display.line(line);
  }, imageSources());
  return tools;
};

/** Starts the host, with charts and plugins at hand, and builds nothing in it; returns the exit code. */
export async function startHost(display: Display, choices: Choices, host: HostChoice): Promise<number> {
  await ensurePrograms(display, host.pods);
  await choosePlugins(display);
  const [{ stack }] = await Promise.all([
    prepare(display, { ...choices, versionSet: rehearsedSet(choices.stack, host.pods) }),
    ensureHost(
      host,
      hostLines((line) => {
        display.line(line);
      }),
    ),
  ]);
  if (stateOf(stack).resources === 0) await rememberBaseline();
  return 0;
}

/** Builds the lab, or brings it to what the program says now; returns the exit code. */
export async function up(display: Display, choices: Choices, host: HostChoice): Promise<number> {
  const phases = createPhases(display);
  const say = (line: string): void => {
    display.line(line);
  };

  const explain = (result: EngineResult): number => {
    for (const line of failure(result, "make rehearse", endOfHost())) display.plain(line);
    return 1;
  };

  const [tools, plugins] = await phases.run("tools and plugins", async () => [
    await ensurePrograms(display, host.pods),
    // A plugin that must be built needs the machine for itself, before there is a host.
    await choosePlugins(display),
  ]);
  for (const orphan of await endOrphans()) say(`ended what an earlier run left: ${orphan}`);
  const versionSet = rehearsedSet(choices.stack, host.pods);
  const [{ stack, charts }] = await Promise.all([
    phases.run("charts, stack", () => prepare(display, { ...choices, versionSet })),
    phases.run("host", () => ensureHost(host, hostLines(say))),
  ]);
  // The host may have moved to another network.
  const { kept } = configure(stack, versionSet);
  for (const [name, paused] of Object.entries(kept)) {
    const verb = paused ? "resume" : "pause";
    say(
      `${name} stays ${paused ? "paused" : "resumed"}, as a verb left it and Pulumi.${stack.name}.yaml does not say; make lab ARGS="${verb} ${name}" changes that`,
    );
  }

  const { resources, pending, locked } = stateOf(stack);
  if (resources === 0) await rememberBaseline();
  if (locked || pending > 0) await phases.run("recovery", () => recoverStack(stack, locked, say));

  if (isHalfDestroyed()) {
    say("an earlier make rehearse-down was cut off: it is completed, and the lab then built anew");
    const destroyed = await phases.run("destroy", () => destroy(display, stack));
    if (!destroyed.ok) return explain(destroyed);
  }
  keepCharts(chartsFor(choices.charts));
  keepSet(stack.name);
  const result = await phases.run("up", () => runEngine(display, stack, "up"));
  if (!result.ok) return explain(result);

  const outputs = JSON.parse(await pulumi(stack, ["stack", "output", "--json", "--show-secrets"])) as Outputs;
  writeContexts(outputs.kubeconfig);
  for (const line of ["", ...describeOutputs(result.outputs ?? {}), "", ...howToUse(outputs), ""])
    display.plain(line);
  for (const line of [...phases.table(), "", describeChanges(result), ""]) display.plain(line);
  const otherSet = ownSet(stack.name) !== versionSet ? `Pulumi.${stack.name}.yaml` : undefined;
  display.plain(fidelityBox(fidelityOf({ pods: host.pods, tools, plugins, charts, otherSet })));
  return 0;
}
