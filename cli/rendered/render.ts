import { mkdirSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { KubernetesObject } from "@kubernetes/client-node";
import pMap from "p-map";
import { parseAllDocuments } from "yaml";
import type { ChartSource } from "../../versions/charts.ts";
import type { CheckedSettings } from "../../config/settings.ts";
import { labReleases, type Release } from "../../plan/releases.ts";
import { step } from "../terminal/progress.ts";
import { inTemporaryDirectory } from "../terminal/temporary.ts";
import { helm } from "./helm.ts";

/** A release, and the objects that Helm makes of it. */
export interface RenderedRelease extends Release {
  readonly objects: readonly KubernetesObject[];
}

/** Stands for what is not known yet; no image and no amount depends on it. */
const unknown = {
  serviceCidr: "10.96.0.0/12",
  licenseKey: "license",
  relayAddress: "relay.invalid:9900",
};

const concurrency = availableParallelism();

/**
 * Renders every release of some labs, which may have charts in common, with the values that the program gives them.
 *
 * @param host version of the host's Kubernetes, which decides what virtual clusters may do there; undefined: as Helm has
 *   it where it asks nobody
 * @throws Failure where there is no helm, or a chart cannot be had or rendered
 */
export async function renderLabs(
  labs: readonly CheckedSettings[],
  host?: string,
): Promise<RenderedRelease[][]> {
  return inTemporaryDirectory(async (directory) => {
    const releases = labs.map((settings) => labReleases(settings, unknown));
    const sources = new Map(releases.flat().map(({ chart }) => [JSON.stringify(chart), chart]));
    const paths = await step("fetching charts", () => pulled([...sources], directory));
    // Clusters that are alike have releases that are: what is the same is rendered once.
    const known = new Map<string, Promise<KubernetesObject[]>>();
    const objectsOf = (release: Release, kubernetes: string | undefined): Promise<KubernetesObject[]> => {
      const { release: name, namespace, chart, values } = release;
      const key = JSON.stringify([name, namespace, chart, values, kubernetes]);
      const found = known.get(key) ?? rendered(release, paths.get(JSON.stringify(chart)) ?? "", kubernetes);
      known.set(key, found);
      return found;
    };
    return step("rendering charts", () =>
      pMap(
        labs,
        ({ versions: { kubernetes } }, index) =>
          pMap(
            releases[index] ?? [],
            async (release) => ({
              ...release,
              objects: await objectsOf(release, release.kind === "vcluster" ? host : kubernetes),
            }),
            { concurrency },
          ),
        { concurrency: 1 },
      ),
    );
  });
}

/** The place of each chart on this machine; those of repositories are fetched, each once. */
async function pulled(
  sources: readonly (readonly [key: string, source: ChartSource])[],
  directory: string,
): Promise<Map<string, string>> {
  const places = await pMap(
    sources,
    async ([key, source], index) => {
      if (isLocal(source)) return [key, source.chart] as const;
      const destination = join(directory, String(index));
      mkdirSync(destination);
      const repo = source.repositoryOpts === undefined ? [] : ["--repo", source.repositoryOpts.repo];
      await helm(["pull", source.chart, "--version", source.version, ...repo, "--destination", destination]);
      return [key, join(destination, readdirSync(destination)[0] ?? "")] as const;
    },
    { concurrency },
  );
  return new Map(places);
}

/** Whether a chart is a path: neither in a repository nor in a registry. */
export const isLocal = ({ chart, repositoryOpts }: ChartSource): boolean =>
  repositoryOpts === undefined && !chart.startsWith("oci://");

/** @param kubernetes what the release is installed in: charts ask which one it is */
async function rendered(release: Release, chart: string, kubernetes = ""): Promise<KubernetesObject[]> {
  const [version = ""] = /^v?[\d.]+/.exec(kubernetes) ?? [];
  const text = await helm(
    [
      ...["template", release.release, chart, "--namespace", release.namespace],
      ...(version === "" ? [] : ["--kube-version", version]),
      ...["--values", "-"],
    ],
    JSON.stringify(release.values),
  );
  return objectsIn(text);
}

/** The Kubernetes objects of a text of YAML documents. */
export const objectsIn = (text: string): KubernetesObject[] => {
  const documents = parseAllDocuments(text, { merge: true });
  return (Array.isArray(documents) ? documents : [])
    .map((document) => document.toJS({ maxAliasCount: -1 }) as KubernetesObject | null)
    .filter((object) => object !== null);
};
