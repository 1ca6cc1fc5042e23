import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createDisplay, type Display } from "./display.ts";
import { endOrphans } from "./engine.ts";
import { askedOf, choose, type HostChoice } from "./host-choice.ts";
import { stopHost } from "./host/client.ts";
import { openHostFile } from "./host/host-file.ts";
import { withLock } from "./lock.ts";
import { paths, rehearsalDir } from "./paths.ts";
import { bundlePrograms } from "./programs.ts";
import { redact } from "../lab/redact.ts";
import { readSettings } from "./settings.ts";
import {
  describeStack,
  emptyTemporary,
  isProgramCommand,
  labForUser,
  openStack,
  pulumiForUser,
  type Stack,
  stacksWithResources,
} from "./stack.ts";
import { ensureTools } from "./toolchain.ts";
import { completeWipe } from "./wipe.ts";

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
const loadUp = () => import("./up.ts");
const loadPlugins = () => import("./plugins.ts");

/** Makes ready all that the engine runs. */
async function ensureEngine(display: Display): Promise<void> {
  await ensureTools(display);
  await (await loadPlugins()).choosePlugins(display);
}

const verbs: Readonly<Record<string, Verb>> = {
  tools: async ({ display }) => {
    await ensureEngine(display);
    return 0;
  },
  up: (call) => alone("make rehearse", async () => (await loadUp()).up(call.display, call, hostFor(call))),
  host: (call) =>
    alone("node rehearsal/main.ts host", async () =>
      (await loadUp()).startHost(call.display, call, hostFor(call)),
    ),
  down: (call) => alone("make rehearse-down", async () => (await import("./down.ts")).down(call.display)),
  preview: (call) => alone("make preview", () => preview(call)),
  pulumi: (call) => passOn(call),
  lab: (call) => labVerb(call),
  reset: (call) => alone("make rehearse-reset", () => reset(call)),
};

/** What these print is another program's, and may be read by a third one. */
const passingOn = ["preview", "pulumi", "lab"];

/** The host to build on; what cannot be simulated is told before anything starts. */
function hostFor({ stack }: Call): HostChoice {
  const choice = choose(askedOf(process.env, stack), openHostFile().read().choice);
  readSettings(choice);
  return choice;
}

/** Shows what `up` would change now; needs no host. */
async function preview({ display, stack, charts, args }: Call): Promise<number> {
  await ensureEngine(display);
  const { prepare } = await loadUp();
  const prepared = await prepare(display, { stack, charts });
  const code = await pulumiForUser(prepared.stack, ["preview", ...(args.length === 0 ? ["--diff"] : args)]);
  emptyTemporary();
  return code;
}

/** Runs the Pulumi CLI on the rehearsal's stack. */
async function passOn({ display, stack: name, args }: Call): Promise<number> {
  const runsProgram = isProgramCommand(args) && args[0] !== "config";
  await (runsProgram ? ensureEngine : ensureTools)(display);
  const stack = await stackAsItIs(name);
  const run = async (): Promise<number> => {
    // The steps may have been changed since make rehearse.
    if (runsProgram) await bundlePrograms();
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
async function labVerb({ display, stack, args }: Call): Promise<number> {
  await Promise.all([ensureTools(display), bundlePrograms()]);
  return labForUser(await stackAsItIs(stack), args);
}

/** A stack whose file is taken as it is where there is one: `config set` is to last until the next `up`. */
async function stackAsItIs(name: string): Promise<Stack> {
  const described = describeStack(name);
  return existsSync(described.configFile) ? described : openStack(name);
}

const kept = new Set<string>([paths.bin, paths.downloads, paths.bundles, paths.compileCache]);

/** Stops everything and removes all but the tools, whatever state it is in. */
async function reset({ display }: Call): Promise<number> {
  await endOrphans();
  await stopHost((line) => {
    display.line(line);
  });
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
    () => {
      completeWipe();
      return work();
    },
  );
}

/**
 * The stack that is meant: the chosen one, else that of the lab on the host. A host has room for one lab: they have
 * names and namespaces in common.
 */
function stackFor(verbName: string): string {
  const [lab] = stacksWithResources();
  const stack = chosen("STACK") ?? (verbName === "up" ? "dev" : (lab ?? "dev"));
  if (verbName === "up" && lab !== undefined && lab !== stack) {
    throw new Error(
      `The rehearsed host has the lab of stack ${lab}: make rehearse-down first, or go on with STACK=${lab}.`,
    );
  }
  return stack;
}

/** What make passes on is empty where the user chose nothing. */
function chosen(variable: "STACK" | "CHARTS"): string | undefined {
  const value = process.env[variable];
  return value === "" ? undefined : value;
}

// A reader that goes away, as in `make rehearse | head`, is no reason to stop halfway.
process.stdout.on("error", () => undefined);

const [, , name = "", ...args] = process.argv;
const verb = verbs[name];
if (verb === undefined) {
  console.error(`usage: node rehearsal/main.ts ${Object.keys(verbs).join("|")}`);
  process.exitCode = 2;
} else {
  const display = createDisplay(passingOn.includes(name) ? process.stderr : process.stdout);
  try {
    const stack = stackFor(name);
    const given = args[0] === "--" ? args.slice(1) : args;
    process.exitCode = await verb({ display, args: given, stack, charts: chosen("CHARTS") });
  } catch (error) {
    display.live("");
    console.error(redact(error instanceof Error ? error.message : String(error)));
    if (process.env["DEBUG"] !== undefined) console.error(error);
    process.exitCode = 1;
  }
  // Connections that are kept for another request would keep this process for some seconds.
  process.stdout.write("", () => process.exit());
}
