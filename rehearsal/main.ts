import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { refusalVariable } from "../messages/commands.ts";
import { exitCodes, Failure } from "../messages/failure.ts";
import { redact } from "../messages/redact.ts";
import { checkCharts } from "./engine/charts.ts";
import { createDisplay, type Display } from "./kit/display.ts";
import { endOrphans } from "./engine/engine.ts";
import type { HostChoice, PodKind } from "./profile/choice.ts";
import { askedOf, choose } from "./profile/host-choice.ts";
import { stopHost } from "./host/supervisor/client.ts";
import { removeFolder } from "./host/node/remove.ts";
import { openHostFile } from "./host/base/host-file.ts";
import { labCallOf } from "./driver/lab-call.ts";
import { withLock } from "./kit/lock.ts";
import { checkPlaces, paths, rehearsalDir } from "./kit/paths.ts";
import { readSettings } from "./profile/settings.ts";
import {
  describeStack,
  emptyTemporary,
  isProgramCommand,
  labForUser,
  nextStack,
  pulumiForUser,
  stacksWithResources,
} from "./engine/stack.ts";
import { previewedSet, rehearsedSet } from "./engine/rehearsed-set.ts";
import { ownSet } from "./engine/stack-files.ts";
import { nothingRehearsed } from "./driver/summary.ts";
import { allModuleCharts, fetchCharts } from "./toolchain/module-charts.ts";
import { ensureNodeTools, ensureTools } from "./toolchain/toolchain.ts";
import { completeDiscard } from "./driver/discard.ts";
import { wordsIn } from "./kit/words.ts";

/** What the user asked for. */
interface Call {
  readonly display: Display;
  readonly args: readonly string[];
  /** Name of the stack. */
  readonly stack: string;
  readonly charts: string | undefined;
}

type Verb = (call: Call) => Promise<number>;

/** Verbs that only pass something on start faster without the libraries of those that build and destroy. */
const loadUp = () => import("./driver/up.ts");
const loadPlugins = () => import("./engine/plugins.ts");

/** Makes ready all that the engine runs. */
async function ensureEngine(display: Display, ensure = ensureTools): Promise<void> {
  await ensure(display);
  await (await loadPlugins()).choosePlugins(display);
}

const verbs: Readonly<Record<string, Verb>> = {
  tools: async ({ display, args }) => {
    const ensure = (await isWithContainers(args)) ? ensureNodeTools : ensureTools;
    await Promise.all([ensureEngine(display, ensure), fetchCharts(display, allModuleCharts)]);
    return 0;
  },
  up: (call) =>
    alone("make rehearse", async () => (await loadUp()).up(call.display, call, await hostFor(call))),
  host: (call) =>
    alone("node rehearsal/main.ts host", async () =>
      (await loadUp()).startHost(call.display, call, await hostFor(call)),
    ),
  down: (call) =>
    alone("make rehearse-down", async () => (await import("./driver/down.ts")).down(call.display)),
  preview: (call) => alone("make preview", () => preview(call)),
  pulumi: (call) => passOn(call),
  lab: (call) => labVerb(call),
  reset: (call) => alone("make rehearse-reset", () => reset(call)),
};

/** What these print is another program's, and may be read by a third one. */
const passingOn = ["preview", "pulumi", "lab"];
const takingArguments = [...passingOn, "tools"];

/** Whether the tools are wanted that run containers, too, by the word for it. */
const toolWords: Readonly<Record<string, () => Promise<boolean>>> = {
  containers: async () => true,
  possible: async () => (await (await import("./driver/choose-pods.ts")).containerRefusals()).length === 0,
};

async function isWithContainers([word, ...rest]: readonly string[]): Promise<boolean> {
  if (word === undefined) return false;
  const answer = rest.length === 0 && Object.hasOwn(toolWords, word) ? toolWords[word] : undefined;
  if (answer !== undefined) return answer();
  throw new Failure(
    `tools takes one word or none: containers for what runs containers, possible for the same where this machine can run them; not ${[word, ...rest].join(" ")}.`,
    exitCodes.usage,
  );
}

/** The host to build on; what cannot be rehearsed is told before anything starts. */
async function hostFor(call: Call): Promise<HostChoice> {
  checkChoices(call);
  const asked = askedOf(process.env, call.stack);
  const made = openHostFile().read().choice;
  const pods =
    made?.pods ??
    (await (
      await import("./driver/choose-pods.ts")
    ).choosePods(call.display, {
      asked: asked.pods,
      stack: call.stack,
      versionSet: ownSet(call.stack),
    }));
  const choice = choose(asked, made, pods);
  readSettings(choice);
  return choice;
}

/** How pods run on the host that there is. */
const madePods = (): PodKind | undefined => openHostFile().read().choice?.pods;

/** Tells of a stack or of charts that there are not, before tools are built for them. */
function checkChoices({ stack, charts }: Call): void {
  ownSet(stack);
  if (charts !== undefined) checkCharts(charts);
}

/** Shows what `up` would change now; needs no host. */
async function preview(call: Call): Promise<number> {
  const { display, stack, charts, args } = call;
  checkChoices(call);
  await ensureEngine(display);
  const { prepare } = await loadUp();
  const prepared = await prepare(display, { stack, charts, versionSet: previewedSet(stack, madePods()) });
  const code = await pulumiForUser(prepared.stack, ["preview", ...(args.length === 0 ? ["--diff"] : args)]);
  emptyTemporary();
  return code;
}

/** Whether there is anything that a run, also one that failed, has left of a stack. */
const isRehearsed = (stack: string): boolean => existsSync(describeStack(stack).configFile);

/** Commands of Pulumi that reach for the host. */
const reaching = new Set(["up", "update", "destroy", "refresh", "import", "watch"]);

/** Runs the Pulumi CLI on the rehearsal's stack. */
async function passOn({ display, stack: name, args }: Call): Promise<number> {
  const [command = ""] = args;
  const refusal =
    (reaching.has(command) ? otherLab(name) : undefined) ??
    (isRehearsed(name) ? undefined : nothingRehearsed);
  if (refusal !== undefined) throw new Failure(refusal);
  const runsProgram = isProgramCommand(args) && command !== "config";
  await (runsProgram ? ensureEngine : ensureTools)(display);
  const stack = describeStack(name);
  const run = async (): Promise<number> => {
    const code = await pulumiForUser(stack, args);
    if (runsProgram) emptyTemporary();
    return code;
  };
  if (changesConfiguration(args))
    console.error(`This lasts until the next make rehearse or make preview, which take Pulumi.${name}.yaml.`);
  return isProgramCommand(args) ? alone(`pulumi ${args.join(" ")}`, run) : run();
}

const changesConfiguration = ([command, subcommand = ""]: readonly string[]): boolean =>
  command === "config" && ["set", "set-all", "rm", "rm-all"].includes(subcommand);

/** Runs a verb of the lab on the rehearsal's stack. */
async function labVerb({ display, stack: chosenStack, args }: Call): Promise<number> {
  const { stack: named, side, needsHost } = labCallOf(args);
  const stack = named ?? chosenStack;
  const refusal = refusalOf(stack, needsHost);
  // The verb itself says so: not before it has looked at its arguments, nor where it is asked for help.
  if (refusal !== undefined) return labForUser(describeStack(stack), args, { [refusalVariable]: refusal });
  await ensureTools(display);
  return labForUser(
    side === "next" ? await nextStack(stack, rehearsedSet(stack, madePods())) : describeStack(stack),
    args,
  );
}

/** Why a verb has nothing to tell of; undefined: it has. */
function refusalOf(stack: string, needsHost: boolean): string | undefined {
  if (!existsSync(paths.kubeconfig) || !existsSync(paths.stack)) return nothingRehearsed;
  return needsHost ? (otherLab(stack) ?? (isRehearsed(stack) ? undefined : nothingRehearsed)) : undefined;
}

const kept = new Set<string>([paths.bin, paths.downloads, paths.compileCache]);

/** Stops everything and removes all but the tools, whatever state it is in. */
async function reset({ display }: Call): Promise<number> {
  await endOrphans();
  await stopHost((line) => {
    display.line(line);
  });
  await removeFolder(paths.node);
  for (const path of Object.values(paths)) {
    if (!kept.has(path)) rmSync(path, { recursive: true, force: true });
  }
  display.line(`everything but the tools is removed from ${rehearsalDir}`);
  return 0;
}

/** Two runs on one rehearsal would undo each other's work. */
async function alone(what: string, work: () => Promise<number>): Promise<number> {
  mkdirSync(rehearsalDir, { recursive: true, mode: 0o700 });
  return withLock(
    join(rehearsalDir, "driver.lock"),
    what,
    (holder) => {
      throw new Error(
        `${holder.what} is running in ${rehearsalDir} (process ${holder.pid}): wait for it, or end it.`,
      );
    },
    async () => {
      await completeDiscard();
      return work();
    },
  );
}

/** Says that the host has the lab of another stack, if it has; there is room for one: they have names in common. */
function otherLab(stack: string): string | undefined {
  const [lab] = stacksWithResources();
  return lab === undefined || lab === stack
    ? undefined
    : `What is rehearsed here is the lab of stack ${lab}, not of ${stack}: go on with STACK=${lab}, or make rehearse-down first, and then make rehearse STACK=${stack}.`;
}

/** The stack that is meant: the chosen one, else that of the lab on the host. */
function stackFor(verbName: string): string {
  const [lab] = stacksWithResources();
  const stack = chosen("STACK") ?? (verbName === "up" ? "dev" : (lab ?? "dev"));
  const refusal = verbName === "up" ? otherLab(stack) : undefined;
  if (refusal !== undefined) throw new Failure(refusal);
  return stack;
}

/** What make passes on is empty where the user chose nothing. */
function chosen(variable: "STACK" | "CHARTS"): string | undefined {
  const value = process.env[variable];
  return value === "" ? undefined : value;
}

// Pulumi and etcd give the files of a state and of a database to everybody on the machine.
process.umask(0o077);

// A reader that goes away, as in `make rehearse | head`, is no reason to stop halfway.
process.stdout.on("error", () => undefined);

/** The arguments for a verb: after `--`, or all in one line, as make has them. */
function argumentsIn(name: string, [first, ...rest]: readonly string[]): readonly string[] {
  const args = first === "--" ? rest : first === "--line" ? wordsIn(rest[0] ?? "") : [];
  if (
    first !== undefined &&
    (!["--", "--line"].includes(first) || (args.length > 0 && !takingArguments.includes(name)))
  )
    throw new Failure(
      `${name} takes no ${first}; arguments of ${takingArguments.join(", ")} come after --.`,
      exitCodes.usage,
    );
  return args;
}

const [, , name = "", ...rest] = process.argv;
const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
if (verb === undefined) {
  console.error(`usage: node rehearsal/main.ts ${Object.keys(verbs).join("|")} [-- ARGUMENT...]`);
  process.exitCode = exitCodes.usage;
} else {
  const display = createDisplay(passingOn.includes(name) ? process.stderr : process.stdout);
  try {
    checkPlaces();
    const args = argumentsIn(name, rest);
    process.exitCode = await verb({ display, args, stack: stackFor(name), charts: chosen("CHARTS") });
  } catch (error) {
    display.live("");
    console.error(redact(error instanceof Error ? error.message : String(error)));
    if (process.env["DEBUG"] !== undefined) console.error(error);
    process.exitCode = error instanceof Failure ? error.exitCode : exitCodes.faulty;
  }
  // Connections that are kept for another request would keep this process for some seconds.
  process.stdout.write("", () => process.exit());
}
