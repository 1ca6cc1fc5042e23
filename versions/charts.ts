import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { type Chart, type ChartName, charts, type Versions } from "./versions.ts";

/** The arguments of a Helm release that say which chart it installs. */
export interface ChartSource {
  /** Name in the repository, URL in a registry, or path of an archive or folder. */
  readonly chart: string;
  readonly version: string;
  readonly repositoryOpts?: { readonly repo: string };
}

export type ChartSources = Readonly<Record<ChartName, ChartSource>>;

/** A chart in the version that is wanted. */
export interface ChartPin extends Chart {
  readonly version: string;
}

/** Every chart in the version of its part. */
export function chartPins(versions: Versions): Readonly<Record<ChartName, ChartPin>> {
  return build((name) => ({ ...charts[name], version: versions[charts[name].part] }));
}

/** Every chart from its repository: the given one, else its own. */
export function chartsFromRepositories(
  versions: Versions,
  repositories: Readonly<Partial<Record<ChartName, string | undefined>>> = {},
): ChartSources {
  const pins = chartPins(versions);
  return build((name) => {
    const { chart, version, repo: own } = pins[name];
    const repo = repositories[name] ?? own;
    // Helm takes the place of a chart in a registry for its name.
    return repo.startsWith("oci://")
      ? { chart: `${repo}/${chart}`, version }
      : { chart, version, repositoryOpts: { repo } };
  });
}

/**
 * Every chart from one directory, as `NAME-VERSION.tgz` or `NAME/`; what is missing, or there in another version, is
 * told to `mistake`. The path stays as it was given, so a relative one means the same in every checkout.
 */
export function chartsFromDirectory(
  versions: Versions,
  directory: string,
  mistake: (message: string) => void,
): ChartSources {
  const pins = chartPins(versions);
  return build((name) => {
    const { chart, version } = pins[name];
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
}

/** The version of the chart in a folder; undefined if there is none. */
export function folderVersion(folder: string): string | undefined {
  const manifest = `${folder}/Chart.yaml`;
  if (!existsSync(manifest)) return undefined;
  return String((parse(readFileSync(manifest, "utf8")) as { version?: unknown } | null)?.version);
}

function build<T>(of: (name: ChartName) => T): Record<ChartName, T> {
  const names = Object.keys(charts) as ChartName[];
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<ChartName, T>;
}
