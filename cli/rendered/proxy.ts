import type { KubernetesObject, V1ConfigMap, V1ResourceRequirements } from "@kubernetes/client-node";
import type { PlannedContainer } from "./planned-pods.ts";

/** The proxy that istiod puts into pods. */
export interface Proxy {
  readonly image: string;
  /** Of the container that redirects a pod's traffic to the proxy. */
  readonly initImage: string;
  readonly resources: V1ResourceRequirements;
}

interface Global {
  readonly hub: string;
  readonly tag: string;
  readonly proxy: { readonly image: string; readonly resources?: V1ResourceRequirements };
  readonly proxy_init: { readonly image: string };
}

/**
 * What istiod reads of its proxies when it injects them: the ConfigMap `istio-sidecar-injector`, which has the name of
 * the revision after it where there is one. Undefined where there is none among the objects.
 */
export function proxyOf(objects: readonly KubernetesObject[]): Proxy | undefined {
  const found = objects.find(
    ({ kind, metadata }) =>
      kind === "ConfigMap" && metadata?.name?.startsWith("istio-sidecar-injector") === true,
  );
  const values = (found as V1ConfigMap | undefined)?.data?.["values"];
  if (values === undefined) return undefined;
  const { global } = JSON.parse(values) as { global: Global };
  const imageOf = (name: string): string =>
    name.includes("/") ? name : `${global.hub}/${name}:${global.tag}`;
  return {
    image: imageOf(global.proxy.image),
    initImage: imageOf(global.proxy_init.image),
    resources: global.proxy.resources ?? {},
  };
}

/** What a chart writes where istiod is to put the image. */
export const injected = "auto";

/** The containers that istiod adds to a pod of an application. */
export const sidecarsOf = ({ image, initImage, resources }: Proxy) => ({
  initContainers: [{ name: "istio-init", image: initImage, resources }] satisfies PlannedContainer[],
  containers: [{ name: "istio-proxy", image, resources }] satisfies PlannedContainer[],
});
