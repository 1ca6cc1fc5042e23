import { arch, cpus, platform, release, totalmem } from "node:os";
import type { Chain } from "./critical-path.ts";
import { type Delay, delays, type Figures, isMet, type Result, resultsOf } from "./figures.ts";
import { table } from "./table.ts";

/** What one run found. */
export interface Run {
  readonly figures: Figures;
  /** The longest chain of each `up` that was compared with the article's commands. */
  readonly paths: Readonly<Record<Delay, Chain>>;
}

/** All that a bench found. */
export interface Findings {
  readonly machine: string;
  readonly runs: readonly Run[];
  readonly results: readonly Result[];
}

/** Puts the runs together. */
export const findingsOf = (runs: readonly Run[]): Findings => ({
  machine: describeMachine(),
  runs,
  results: resultsOf(runs.map(({ figures }) => figures)),
});

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

/** `docs/benchmarks.md`. */
export function markdown({ machine, runs, results }: Findings): string {
  const last = runs.at(-1);
  const chains = delays.map((delay) => {
    const chain = last?.paths[delay];
    return chain === undefined
      ? ""
      : `- \`DELAYS=${delay}\`: ${chain.seconds.toFixed(1)} s. ${links(chain)}.`;
  });
  return `# Benchmarks

Written by \`make bench\`: medians of ${runs.length} ${runs.length === 1 ? "run" : "runs"} on ${machine}.

${table(results)}

${verdict(results)}

Ratios are taken within a run, and the median is of them. The two sides of a comparison take turns, so that what else the
machine does hits both.

## What is compared

The article's commands (\`tests/bench/article.sh\`) are its steps 1 to 22 in its order, each begun when the one before is
done. They and \`up\` build the same lab: the same charts with the same values, on the same simulated host with the same
delays; the bench fails if the two leave different objects, images or numbers of ready pods in any cluster. It is the
article's lab, with \`multiCluster: false\`. Everything else is measured on the lab that \`make rehearse\` builds, and on such
with more or fewer workload clusters.

"Pods ready at once" is \`DELAYS=none\`; "pods take their time" is \`DELAYS=realistic\`, where a pod is ready 6 to 10 s after its
node has the images, which takes 3 to 20 s for each image once.

The load is simulated, not real: no image is pulled, no container runs, and every API server shares this machine's cores
with the engine. On a real host the waits are longer, and computing counts for less; the figures compare ways of
building a lab, and say little about how long it takes on another machine.

## The critical path

The longest chain of operations of which each had to wait for the one before, going by parents, providers and
dependencies in the state. Nothing that runs side by side makes \`up\` shorter than that. What \`up\` takes beyond is the
start of engine and program, and the way from the end of one operation to the begin of the next.

${chains.join("\n")}
`;
}
