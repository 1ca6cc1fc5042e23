import { existsSync } from "node:fs";
import { type ChartName, type ChartPin, charts } from "./versions.ts";

/** The arguments of a Helm release that say which chart it installs. */
export interface ChartSource {
  /** Name in the repository, or path of an archive or folder. */
  readonly chart: string;
  readonly version: string;
  readonly repositoryOpts?: { readonly repo: string };
}

export type ChartSources = Readonly<Record<ChartName, ChartSource>>;

const pins = Object.entries(charts) as [ChartName, ChartPin][];

/** Every chart from its pinned repository. */
export function chartsFromRepositories(): ChartSources {
  return build(({ chart, version, repo }) => ({ chart, version, repositoryOpts: { repo } }));
}

/**
 * Every chart from one directory, as `NAME-VERSION.tgz` or `NAME/`; a missing one is told to `missing`.
 * The path stays as it was given, so a relative one means the same in every checkout.
 */
export function chartsFromDirectory(directory: string, missing: (message: string) => void): ChartSources {
  return build(({ chart, version }) => {
    const candidates = [`${directory}/${chart}-${version}.tgz`, `${directory}/${chart}`];
    const found = candidates.find((path) => existsSync(path));
    if (found === undefined) missing(`no chart ${chart} ${version}: expected ${candidates.join(" or ")}/`);
    return { chart: found ?? chart, version };
  });
}

function build(source: (pin: ChartPin) => ChartSource): ChartSources {
  return Object.fromEntries(pins.map(([name, pin]) => [name, source(pin)])) as Record<ChartName, ChartSource>;
}
