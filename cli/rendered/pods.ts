import type { KubernetesObject, V1ConfigMap } from "@kubernetes/client-node";
import type { CheckedSettings } from "../../config/settings.ts";
import { bookinfoNamespace, bookinfoServices } from "../../values/bookinfo.ts";
import { needKeycloak } from "../../capabilities/all.ts";
import { keycloak, keycloakContainer } from "../../values/keycloak.ts";
import { valuesOf } from "../../values/sets.ts";
import { corednsImage, corednsObjects, ownCoredns } from "./coredns.ts";
import type { PlannedContainer, PlannedPod, PlannedPods } from "./planned-pods.ts";
import { injected, type Proxy, proxyOf, sidecarsOf } from "./proxy.ts";
import type { RenderedRelease } from "./render.ts";

/** Every pod of a lab, those on the host and those inside of its virtual clusters, with what is put into them there. */
export function podsOf(settings: CheckedSettings, releases: readonly RenderedRelease[]): PlannedPods[] {
  const { management, workloads, versions, imageRegistry, enabled } = settings;
  const hasKeycloak = needKeycloak(enabled);
  return [management, ...workloads].flatMap((cluster) => {
    const own = releases.filter((release) => release.cluster === cluster.name);
    const [onHost, inside] = [true, false].map((isHost) =>
      own.filter(({ kind }) => (kind === "vcluster") === isHost),
    ) as [RenderedRelease[], RenderedRelease[]];
    const proxy = proxyOf(inside.flatMap(({ objects }) => objects));
    const bookinfo =
      "bookinfo" in cluster && cluster.bookinfo !== undefined
        ? bookinfoServices({ ...cluster.bookinfo, tag: versions.bookinfo, imageRegistry })
        : [];
    const login =
      cluster === management && hasKeycloak ? [keycloakContainer(versions.keycloak, imageRegistry)] : [];
    const pods = [
      ...inside.flatMap(({ kind, objects, namespace }) =>
        planned(objects, namespace).map((pod) =>
          // Their namespace is labelled for it.
          kind === "glooMeshAddOns" ? { ...pod, spec: withSidecar(pod.spec, proxy) } : pod,
        ),
      ),
      ...onHost.flatMap((release) => dnsOf(release, settings)),
      ...bookinfo.flatMap(({ name, versions: each }) =>
        each.map(({ version, image }) => ({
          workload: `${bookinfoNamespace}/${name}-${version}`,
          count: 1,
          spec: withSidecar({ containers: [{ name, image }] }, proxy),
        })),
      ),
      ...login.map((container) => ({
        workload: `${keycloak}/${keycloak}`,
        count: 1,
        spec: { containers: [container] },
      })),
    ];
    return [
      ...onHost.flatMap(({ objects, namespace }) => planned(objects, namespace)),
      ...pods.map((pod) => ({
        ...pod,
        count: cluster.paused ? 0 : pod.count,
        spec: withImages(pod.spec, proxy),
      })),
    ].map((pod) => ({ cluster: cluster.name, ...pod }));
  });
}

type Planned = Omit<PlannedPods, "cluster">;

/** An object that makes pods, as far as one looks at it. */
interface Workload extends KubernetesObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: { readonly spec?: PlannedPod };
  };
}

const planned = (objects: readonly KubernetesObject[], namespace: string): Planned[] =>
  objects.flatMap(({ metadata, spec }: Workload) => {
    const pod = spec?.template?.spec;
    if (pod === undefined) return [];
    const workload = `${metadata?.namespace ?? namespace}/${metadata?.name ?? ""}`;
    return [{ workload, count: spec?.replicas ?? 1, spec: pod }];
  });

/** What vcluster's syncer starts inside. */
function dnsOf({ objects, values, namespace }: RenderedRelease, settings: CheckedSettings): Planned[] {
  const { versionSet, set, versions } = settings;
  const { registry } = valuesOf(versionSet).controlPlaneIn(values);
  const image = corednsImage(set.controlPlane, versions.kubernetes, registry);
  const configMap = objects.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata?.name?.endsWith("-coredns") === true,
  ) as V1ConfigMap | undefined;
  return configMap === undefined
    ? [ownCoredns(image, set.controlPlane.corednsRequests)]
    : planned(corednsObjects(configMap, image), namespace);
}

function withSidecar(spec: PlannedPod, proxy: Proxy | undefined): PlannedPod {
  if (proxy === undefined) return spec;
  const { initContainers, containers } = sidecarsOf(proxy);
  return {
    ...spec,
    initContainers: [...(spec.initContainers ?? []), ...initContainers],
    containers: [...spec.containers, ...containers],
  };
}

function withImages(spec: PlannedPod, proxy: Proxy | undefined): PlannedPod {
  if (proxy === undefined) return spec;
  const imaged = (container: PlannedContainer): PlannedContainer =>
    container.image === injected ? { ...container, image: proxy.image } : container;
  return { ...spec, containers: spec.containers.map(imaged) };
}
