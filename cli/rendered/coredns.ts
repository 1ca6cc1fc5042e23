import type { KubernetesObject, V1ConfigMap } from "@kubernetes/client-node";
import { minorOf } from "../../versions/versions.ts";
import { objectsIn } from "./render.ts";

const image = "coredns/coredns";

/**
 * Tags of CoreDNS by the minor version of Kubernetes inside; for any other, vcluster gives no tag.
 * Source: vcluster 0.10.2, pkg/constants/coredns.go.
 */
const tags: Readonly<Record<number, string>> = {
  16: "1.6.3",
  17: "1.6.9",
  18: "1.6.9",
  19: "1.6.9",
  20: "1.8.0",
  21: "1.8.3",
  22: "1.8.4",
  23: "1.8.6",
  24: "1.8.7",
};

/** The image of CoreDNS that vcluster's syncer chooses; the registry is put before it as it is. */
export function corednsImage(k3s: string, registry: string): string {
  const tag = tags[minorOf(k3s)];
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
