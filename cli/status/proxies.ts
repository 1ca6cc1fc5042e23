import { istioNamespace } from "../../values/istio.ts";
import type { CoreV1Api, V1Pod } from "@kubernetes/client-node";
import { ifExists } from "../../kubernetes/connection/cluster.ts";

import { proxyOf } from "../rendered/proxy.ts";

/** The image of the proxies that istiod puts into new pods; undefined where there is no istiod. */
export async function injectedImage(core: CoreV1Api): Promise<string | undefined> {
  const name = "istio-sidecar-injector";
  const found = await ifExists(core.readNamespacedConfigMap({ namespace: istioNamespace, name }));
  return found && proxyOf([Object.assign(found, { kind: "ConfigMap" })])?.image;
}

/** The image of the proxy that istiod put into a pod; undefined where there is none, or the pod itself chose it. */
export function injectedInto({ metadata, spec }: V1Pod): string | undefined {
  const { annotations = {} } = metadata ?? {};
  if (annotations["sidecar.istio.io/status"] === undefined) return undefined;
  if (annotations["sidecar.istio.io/proxyImage"] !== undefined) return undefined;
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find(
    ({ name }) => name === "istio-proxy",
  )?.image;
}
