import { istioNamespace } from "../../values/istio.ts";
import type { CheckedSettings } from "../../config/settings.ts";

import type { PlannedPods } from "./planned-pods.ts";
import { podsOf } from "./pods.ts";
import { proxyOf, sidecarsOf } from "./proxy.ts";
import { type RenderedRelease, renderLabs } from "./render.ts";

/** An image that a lab uses. */
export interface UsedImage {
  /** Its name in its own registry. */
  readonly image: string;
  /** Where it is pulled from instead, where there is a mirror. */
  readonly mirror?: string;
  readonly usedBy: readonly { readonly cluster: string; readonly workload: string }[];
}

/** Every image that a lab uses, by name, with the mirror's name for it where the lab has a mirror. */
export async function imagesOf(settings: CheckedSettings): Promise<UsedImage[]> {
  const { imageRegistry, ...own } = settings;
  const labs: CheckedSettings[] = imageRegistry === undefined ? [own] : [own, { ...own, imageRegistry }];
  const rendered = await renderLabs(labs);
  const uses = labs.map((lab, index) => usesIn(lab, rendered[index] ?? []));
  return merged(uses[0] ?? [], uses[1]);
}

interface Use {
  readonly cluster: string;
  readonly workload: string;
  readonly image: string;
}

const usesIn = (settings: CheckedSettings, releases: readonly RenderedRelease[]): Use[] =>
  [...podsOf(settings, releases), ...sidecarsIn(releases)].flatMap(({ cluster, workload, spec }) =>
    [...(spec.initContainers ?? []), ...spec.containers].map(({ image = "" }) => ({
      cluster,
      workload,
      image,
    })),
  );

/** What istiod has for pods that there may be none of yet: a cluster is for the user's own applications too. */
const sidecarsIn = (
  releases: readonly RenderedRelease[],
): Pick<PlannedPods, "cluster" | "workload" | "spec">[] =>
  releases.flatMap(({ cluster, objects }) => {
    const proxy = proxyOf(objects);
    return proxy === undefined
      ? []
      : [{ cluster, workload: `${istioNamespace}/istio-sidecar-injector`, spec: sidecarsOf(proxy) }];
  });

/** One entry for each image; the uses of the mirrored lab are the same, in the same order. */
export function merged(own: readonly Use[], mirrored: readonly Use[] | undefined): UsedImage[] {
  const byImage = Map.groupBy(
    own.map((use, index) => ({ ...use, mirror: mirrored?.[index]?.image })),
    ({ image }) => image,
  );
  return [...byImage]
    .map(([image, uses]) => {
      const mirror = uses[0]?.mirror;
      const usedBy = uses.map(({ cluster, workload }) => ({ cluster, workload }));
      return { image, ...(mirror === undefined ? {} : { mirror }), usedBy: distinct(usedBy) };
    })
    .sort((a, b) => a.image.localeCompare(b.image));
}

const distinct = (uses: UsedImage["usedBy"]): UsedImage["usedBy"] => [
  ...new Map(uses.map((use) => [`${use.cluster} ${use.workload}`, use])).values(),
];
