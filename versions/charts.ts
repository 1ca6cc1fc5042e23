import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Chart, ChartName, Versions, VersionSet } from "./version-set.ts";

/** The arguments of a Helm release that say which chart it installs. */
export interface ChartSource {
  /** Name in the repository, URL in a registry, or path of an archive or folder. */
  readonly chart: string;
  readonly version: string;
  readonly repositoryOpts?: { readonly repo: string };
}

/** The charts of a set of versions, by their names in the configuration. */
export type ByChart<T> = Readonly<Partial<Record<ChartName, T>>>;

/** Where each chart of a set comes from. */
export type ChartSources = ByChart<ChartSource>;

/** A chart in the version that is wanted. */
export interface ChartPin extends Chart {
  readonly version: string;
}

/**
 * Every chart of a set in the version of its part.
 *
 * @param versions those that are chosen; default: the set's own
 */
export const chartPins = (
  { charts, versions: own }: Pick<VersionSet, "charts" | "versions">,
  versions: Versions = own,
): ByChart<ChartPin> => forEach(charts, (chart) => ({ ...chart, version: versions[chart.part] }));

/** Every chart from its repository: the given one, else its own. */
export const chartsFromRepositories = (
  pins: ByChart<ChartPin>,
  repositories: ByChart<string | undefined> = {},
): ChartSources =>
  forEach(pins, ({ chart, version, repo: own }, name) => {
    const repo = repositories[name] ?? own;
    // Helm takes the place of a chart in a registry for its name.
    return repo.startsWith("oci://")
      ? { chart: `${repo}/${chart}`, version }
      : { chart, version, repositoryOpts: { repo } };
  });

/**
 * Every chart from one directory, as `NAME-VERSION.tgz` or `NAME/`; what is missing, or there in another version, is
 * told to `mistake`. The path stays as it was given, so a relative one means the same in every checkout.
 */
export const chartsFromDirectory = (
  pins: ByChart<ChartPin>,
  directory: string,
  mistake: (message: string) => void,
): ChartSources =>
  forEach(pins, ({ chart, version }) => {
    const [archive, folder] = [`${directory}/${chart}-${version}.tgz`, `${directory}/${chart}`];
    if (existsSync(archive)) return { chart: archive, version };
    const found = folderVersion(folder);
    if (found === undefined) {
      mistake(`no chart ${chart} ${version}: expected ${archive} or ${folder}/`);
    } else if (found !== version) {
      mistake(`${folder}/ is version ${found} of chart ${chart}; expected ${version}`);
    }
    return { chart: folder, version };
  });

/** The version of the chart in a folder; undefined if there is none. */
export function folderVersion(folder: string): string | undefined {
  const manifest = `${folder}/Chart.yaml`;
  if (!existsSync(manifest)) return undefined;
  return String((parse(readFileSync(manifest, "utf8")) as { version?: unknown } | null)?.version);
}

const forEach = <From, To>(charts: ByChart<From>, of: (chart: From, name: ChartName) => To): ByChart<To> =>
  Object.fromEntries(
    (Object.entries(charts) as [ChartName, From][]).map(([name, chart]) => [name, of(chart, name)]),
  );
