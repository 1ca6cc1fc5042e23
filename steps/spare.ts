import { CoreV1Api } from "@kubernetes/client-node";
import { kubeConfigOf } from "../kubernetes/connection/cluster.ts";
import { type Place, placesOf } from "../kubernetes/diagnosis/placement.ts";
import { run } from "./base/run.ts";

/** Whose host, and whose namespaces on it are the lab's own. */
interface SpareSpec {
  readonly hostContext?: string | undefined;
  readonly own: readonly string[];
}

/** What the step prints. */
export interface Spare {
  /** Nodes, with what all but the lab leave there. */
  readonly places: readonly Place[];
  /** Images of the lab's pods that there are. */
  readonly images: readonly string[];
}

await run<SpareSpec>(async ({ hostContext, own }): Promise<Spare> => {
  const core = kubeConfigOf({ context: hostContext }).makeApiClient(CoreV1Api);
  const [nodes, pods] = await Promise.all([core.listNode(), core.listPodForAllNamespaces()]);
  const mine = pods.items.filter(({ metadata }) => own.includes(metadata?.namespace ?? ""));
  return {
    places: placesOf(nodes.items, pods.items, own),
    images: [...new Set(mine.flatMap(({ spec }) => spec?.containers.map(({ image = "" }) => image) ?? []))],
  };
});
