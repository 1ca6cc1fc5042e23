import { CoreV1Api, VersionApi } from "@kubernetes/client-node";
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
  /** Version of the host's Kubernetes, e.g. `v1.36.3`. */
  readonly version: string;
  /** Nodes, with what all but the lab leave there. */
  readonly places: readonly Place[];
  /** Images of the lab's pods that there are. */
  readonly images: readonly string[];
}

await run<SpareSpec>(async ({ hostContext, own }): Promise<Spare> => {
  const host = kubeConfigOf({ context: hostContext });
  const core = host.makeApiClient(CoreV1Api);
  const [{ gitVersion: version }, nodes, pods] = await Promise.all([
    host.makeApiClient(VersionApi).getCode(),
    core.listNode(),
    core.listPodForAllNamespaces(),
  ]);
  const mine = pods.items.filter(({ metadata }) => own.includes(metadata?.namespace ?? ""));
  return {
    version,
    places: placesOf(nodes.items, pods.items, own),
    images: [...new Set(mine.flatMap(({ spec }) => spec?.containers.map(({ image = "" }) => image) ?? []))],
  };
});
