import { mkdirSync, realpathSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Display } from "../kit/display.ts";
import { withLock } from "../kit/lock.ts";
import { paths } from "../kit/paths.ts";
import { forecast, secondsLeft } from "./forecast.ts";
import { kubernetesPlugin } from "./kubernetes-plugin.ts";
import { make } from "./make.ts";
import { describeObstacle, obstaclesFor } from "./obstacles.ts";
import { isForPins, isUntouched, placeOf, readStamp, remember } from "./stamp.ts";
import { survey, type Surveyed, versionOf } from "./survey.ts";
import { type Obstacle, type Tool, verbs } from "./tool.ts";
import { nodeTools, tools } from "./tools.ts";

/** A tool that is ready for use. */
export interface ReadyTool {
  readonly name: string;
  /** Empty where it has none, as this project's own. */
  readonly version: string;
  /** Path of the program that was found; absent: it was made here. */
  readonly found?: string | undefined;
}

/** Makes every tool available in `paths.bin`: found on PATH in an accepted version, else built. */
export const ensureTools = (display: Display): Promise<readonly ReadyTool[]> => ensure(display, tools);

/** Everything that a rehearsal with containers runs. */
const withContainers = [...tools, ...nodeTools];

/** The same, and what runs containers: found on PATH in an accepted version, else built or fetched. */
export const ensureNodeTools = (display: Display): Promise<readonly ReadyTool[]> =>
  ensure(display, withContainers);

/** What keeps this machine from `ensureNodeTools`, and what to do about it; nothing is made to find out. */
export async function nodeObstacles(): Promise<readonly Obstacle[]> {
  return obstaclesFor(missingOf(await survey(withContainers)));
}

/** Makes Pulumi's Kubernetes plugin available in `paths.bin`, where it is built; one on PATH is none of this. */
export async function ensureBuiltPlugin(display: Display): Promise<ReadyTool> {
  const [plugin] = await ensure(display, [kubernetesPlugin]);
  return plugin ?? fail("there is no Kubernetes plugin");
}

async function ensure(display: Display, wanted: readonly Tool[]): Promise<readonly ReadyTool[]> {
  const current = readyTools(wanted);
  if (current !== undefined) return current;

  mkdirSync(paths.bin, { recursive: true, mode: 0o700 });
  return withLock(
    join(paths.bin, ".lock"),
    "preparing the tools",
    ({ pid, what }) => {
      display.line(`waiting for process ${pid}, which is ${what}`);
    },
    async () => {
      const missing = await reuse(display, wanted);
      const obstacles = obstaclesFor(missing);
      if (obstacles.length > 0) throw new Error(obstacles.map(describeObstacle).join("\n"));
      await makeAll(display, missing);
      return (
        readyTools(wanted) ?? fail(`The tools in ${paths.bin} changed while they were prepared; try again.`)
      );
    },
  );
}

function fail(message: string): never {
  throw new Error(message);
}

/** Takes what is there already, in the folder of tools or on a search path; returns what must be made. */
async function reuse(display: Display, wanted: readonly Tool[]): Promise<readonly Tool[]> {
  const surveyed = await survey(wanted);
  for (const one of surveyed) {
    if (one.state === "ready") continue;
    if (one.state !== "there" && one.gone !== undefined)
      display.line(`${one.tool.name} was ${one.gone}, which is gone: ${replacementOf(one)}`);
    if (one.state === "missing") continue;
    if (one.state === "found") link(one.present.found, placeOf(one.tool));
    await remember(one.tool, one.present);
  }
  return missingOf(surveyed);
}

const missingOf = (surveyed: readonly Surveyed[]): readonly Tool[] =>
  surveyed.filter(({ state }) => state === "missing").map(({ tool }) => tool);

const replacementOf = (one: Surveyed): string =>
  one.state === "found"
    ? `${one.present.found} takes its place`
    : `it is ${verbs[one.tool.origin.verb].past} instead`;

async function makeAll(display: Display, missing: readonly Tool[]): Promise<void> {
  const costs = missing.map(({ cost }) => cost);
  const took: number[] = [];
  for (const [index, tool] of missing.entries()) {
    const start = display.elapsed();
    await make(display, tool, `${index + 1} of ${missing.length}, ${forecast(secondsLeft(costs, took))}`);
    took.push(display.elapsed() - start);
    const version = tool.origin.version()?.slice(1) ?? (await versionOf(tool, placeOf(tool)));
    await remember(tool, { version: version ?? "" });
  }
}

/** All tools, if none has changed since it was chosen or made for these pins. */
function readyTools(wanted: readonly Tool[]): readonly ReadyTool[] | undefined {
  const stamp = readStamp();
  const ready = wanted.flatMap((tool) => {
    const known = stamp[tool.name];
    const isCurrent = known !== undefined && isForPins(tool, known) && isUntouched(tool, known);
    return isCurrent ? [{ name: tool.name, version: known.version, found: known.found }] : [];
  });
  return ready.length === wanted.length ? ready : undefined;
}

function link(target: string, path: string): void {
  const draft = `${path}.tmp`;
  rmSync(draft, { force: true });
  symlinkSync(realpathSync(target), draft);
  renameSync(draft, path);
}
