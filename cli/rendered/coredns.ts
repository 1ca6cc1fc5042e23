import type { KubernetesObject, V1ConfigMap } from "@kubernetes/client-node";
import type { VersionSet } from "../../versions/version-set.ts";
import { minorOf } from "../../versions/versions.ts";
import type { PlannedPods } from "./planned-pods.ts";
import { objectsIn } from "./render.ts";

const image = "coredns/coredns";

/** The image of CoreDNS that vcluster's syncer chooses; the registry is put before it as it is. */
export function corednsImage(
  { coredns, corednsElse, corednsRegistry }: VersionSet["controlPlane"],
  kubernetes: string,
  registry = corednsRegistry,
): string {
  const tag = coredns[minorOf(kubernetes)] ?? corednsElse;
  return `${registry}${image}${tag === undefined ? "" : `:${tag}`}`;
}

/**
 * What the syncer applies inside of a virtual cluster: the manifest that is in a ConfigMap on the host, with its
 * `{{.NAME}}` filled in. Only the image makes a difference here.
 */
export const corednsObjects = (configMap: V1ConfigMap | undefined, image: string): KubernetesObject[] =>
  objectsIn(
    (configMap?.data?.["coredns.yaml"] ?? "").replaceAll(/\{\{\s*\.(\w+)\s*\}\}/g, (_, name: string) =>
      name === "IMAGE" ? image : "0",
    ),
  );

/** The same where the syncer has the manifest in itself: as far as the lab looks at it. */
export const ownCoredns = (
  image: string,
  requests: Readonly<Record<string, string>>,
): Omit<PlannedPods, "cluster"> => ({
  workload: "kube-system/coredns",
  count: 1,
  spec: { containers: [{ name: "coredns", image, resources: { requests } }] },
});
