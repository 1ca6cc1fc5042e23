import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { type ByChart, type ChartPin, folderVersion } from "../../versions/charts.ts";
import { exitCodes, Failure } from "../../messages/failure.ts";
import { paths, root } from "../kit/paths.ts";
import { moduleChart } from "../toolchain/module-charts.ts";

/** Which chart a run uses. */
export interface ChosenChart {
  readonly chart: string;
  readonly version: string;
  /** Path of the real chart: one that was given, or one that lies in a module; undefined: the stand-in. */
  readonly real: string | undefined;
}

/** Where a chart is, and the name under which the program looks for it. */
interface Source {
  readonly path: string;
  readonly name: string;
}

const standIns = join(root, "rehearsal", "charts");

/**
 * Fills the folder of charts that the program uses: from `directory`, as `NAME-VERSION.tgz` or `NAME/`, else with those of
 * modules, else with stand-ins. `say` is told what else is in the directory, and what it lacks.
 */
export function chooseCharts(
  wanted: ByChart<ChartPin>,
  directory: string | undefined,
  say: (message: string) => void,
): readonly ChosenChart[] {
  const pins = Object.values(wanted);
  const given = directory === undefined ? undefined : checkCharts(directory);
  if (given !== undefined) checkDirectory(pins, given, say);
  const chosen = pins.map((pin) => {
    const found = (given === undefined ? undefined : findChart(given, pin)) ?? fetched(pin);
    return { pin, source: found ?? standIn(pin), found };
  });
  linkAll(chosen.map(({ source }) => source));
  return chosen.map(({ pin, found }) => ({ chart: pin.chart, version: pin.version, real: found?.path }));
}

/** The charts that a run takes from modules: what a directory lacks. */
export function neededOfModules(
  wanted: ByChart<ChartPin>,
  directory: string | undefined,
): readonly ChartPin[] {
  const pins = Object.values(wanted);
  return directory === undefined
    ? pins
    : pins.filter((pin) => findChart(checkCharts(directory), pin) === undefined);
}

function fetched(pin: ChartPin): Source | undefined {
  const path = moduleChart(pin);
  return path === undefined ? undefined : { path, name: pin.chart };
}

function standIn({ chart, version }: ChartPin): Source {
  const path = join(standIns, chart);
  const own = folderVersion(path);
  if (own === version) return { path, name: chart };
  throw new Error(
    `There is no stand-in for chart ${chart} ${version}, only for ${own ?? "none"}: give the real one with CHARTS.`,
  );
}

/** The wanted version of a chart in a directory. */
function findChart(directory: string, { chart, version }: ChartPin): Source | undefined {
  const archive = `${chart}-${version}.tgz`;
  if (existsSync(join(directory, archive))) return { path: join(directory, archive), name: archive };
  const path = join(directory, chart);
  const actual = folderVersion(path);
  if (actual === undefined) return undefined;
  if (actual === version) return { path, name: chart };
  throw new Error(`${path} is version ${actual} of chart ${chart}; expected ${version}.`);
}

/**
 * The path of a directory of charts.
 *
 * @throws Failure where there is none
 */
export function checkCharts(directory: string): string {
  const path = resolve(root, directory);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new Failure(`CHARTS is ${directory}: there is no such directory.`, exitCodes.usage);
}

function checkDirectory(pins: readonly ChartPin[], directory: string, say: (message: string) => void): void {
  const expected = pins.flatMap(({ chart, version }) => [chart, `${chart}-${version}.tgz`]);
  const unknown = readdirSync(directory).filter((entry) => !expected.includes(entry));
  if (unknown.length > 0) say(`${directory} also has what no release uses: ${unknown.join(", ")}`);
  const missing = pins.filter((pin) => findChart(directory, pin) === undefined);
  if (missing.length > 0) {
    const names = missing.map(({ chart, version }) => `${chart} ${version}`);
    say(`${directory} lacks ${names.join(", ")}: the rehearsal's own are used`);
  }
}

/** Links the sources under their names, and removes what an earlier choice left. */
function linkAll(sources: readonly Source[]): void {
  mkdirSync(paths.charts, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(paths.charts)) {
    if (!sources.some(({ name }) => name === entry)) rmSync(join(paths.charts, entry), { recursive: true });
  }
  for (const { path, name } of sources) {
    const link = join(paths.charts, name);
    const current = lstatSync(link, { throwIfNoEntry: false });
    if (current?.isSymbolicLink() === true && readlinkSync(link) === path) continue;
    rmSync(link, { recursive: true, force: true });
    symlinkSync(path, link);
  }
}
