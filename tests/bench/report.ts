import { readFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { withMarked } from "../../config/reference/markdown.ts";
import { writeFileAtomically } from "../../rehearsal/kit/files.ts";
import { root } from "../../rehearsal/kit/paths.ts";
import type { Chain } from "./critical-path.ts";
import { delays, type Found, isMet, type Result, resultsOf, type Size } from "./figures.ts";
import { table } from "./table.ts";
import type { Usage } from "./usage.ts";

/** All that a bench found. */
export interface Findings {
  readonly date: string;
  readonly machine: string;
  readonly rounds: readonly Found[];
  readonly results: readonly Result[];
}

/** Puts together what the parts of each round found. */
export function findingsOf(found: readonly (readonly Found[])[]): Findings {
  const rounds = found.map((parts) => ({
    figures: Object.assign({}, ...parts.map(({ figures }) => figures)) as Found["figures"],
    paths: Object.assign({}, ...parts.map(({ paths = {} }) => paths)) as NonNullable<Found["paths"]>,
    times: Object.assign({}, ...parts.map(({ times = {} }) => times)) as NonNullable<Found["times"]>,
  }));
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    rounds,
    results: resultsOf(rounds.map(({ figures }) => figures)),
  };
}

function describeMachine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${memory} GiB, ${platform()} ${release()} ${arch()}, Node ${process.versions.node}`;
}

/** What is to be said of the targets in one line. */
export function verdict(results: readonly Result[]): string {
  const targets = results.filter((result) => isMet(result) !== undefined);
  const missed = targets.filter((result) => isMet(result) === false).map(({ what }) => what);
  return missed.length === 0
    ? `All ${targets.length} targets are met.`
    : `${targets.length - missed.length} of ${targets.length} targets are met; missed: ${missed.join("; ")}.`;
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

/** The links of a chain, each with its time. */
export const links = ({ operations }: Chain): string =>
  operations
    .filter(({ start, end }) => end - start >= 0.05)
    .map(({ urn, start, end }) => `${nameOf(urn)} ${(end - start).toFixed(1)} s`)
    .join(", ");

/** Programs with the time that they took, the longest first; what took less than a second is left out. */
export const shares = (time: Usage["time"]): string =>
  Object.entries(time)
    .filter(([, seconds]) => seconds >= 1)
    .toSorted(([, a], [, b]) => b - a)
    .map(([program, seconds]) => `${program} ${Math.round(seconds)} s`)
    .join(", ");

const whereTimeWent =
  "Where the time of the processors went in the last round, from the start of a host to the end of `up`:";

/** Labs of which it is said where the time of the processors goes: those of which more than `up` is measured would mislead. */
const profiled = [1, 4, 8] as const satisfies readonly Size[];

/** What is written into `docs/benchmarks.md`. */
export function markdown({ date, machine, rounds, results }: Findings): string {
  const chains = delays.flatMap((delay) => {
    const chain = rounds.at(-1)?.paths?.[delay];
    return chain === undefined
      ? []
      : [`- \`DELAYS=${delay}\`: ${chain.seconds.toFixed(1)} s. ${links(chain)}.`];
  });
  const profiles = profiled.flatMap((size) => {
    const time = rounds.at(-1)?.times?.[size];
    return time === undefined
      ? []
      : [`- ${size} workload ${size === 1 ? "cluster" : "clusters"}: ${shares(time)}.`];
  });
  return [
    `Medians of ${rounds.length} ${rounds.length === 1 ? "round" : "rounds"}, ${date}, on ${machine}.`,
    table(results),
    verdict(results),
    "The critical paths of the last round:",
    chains.join("\n"),
    ...(profiles.length === 0 ? [] : [whereTimeWent, profiles.join("\n")]),
  ].join("\n\n");
}

/** Writes findings down; what people wrote around them stays. Returns the files. */
export function keep(findings: Findings): string[] {
  const [document, json] = [join(root, "docs", "benchmarks.md"), join(root, "docs", "benchmarks.json")];
  const text = withMarked(readFileSync(document, "utf8"), "measured", markdown(findings));
  writeFileAtomically(document, text);
  writeFileAtomically(json, `${JSON.stringify(findings, undefined, 1)}\n`);
  return [document, json];
}
