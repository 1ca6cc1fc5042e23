import type { Input } from "@pulumi/pulumi";
import type { ChartSource } from "../versions/charts.ts";
import type { CheckedSettings } from "../config/settings.ts";
import type { ReleaseKind } from "../schema/releases.ts";
import type { ChartName } from "../versions/versions.ts";
import { topologyOf, neededAddOns, enabledCapabilities } from "../capabilities/all.ts";
import {
  addOnsNamespace,
  glooMeshAddOnsValues,
  glooMeshAgentValues,
  glooMeshMgmtValues,
} from "../values/gloo-mesh.ts";
import { glooMeshNamespace } from "../values/gloo-resources.ts";
import {
  type Gateway,
  gatewayNamespace,
  gateways,
  gatewayValues,
  httpPort,
  proxiesMadeOf,
  istioBuild,
  istiodValues,
  istioNamespace,
} from "../values/istio.ts";
import { type ExtraValues, type HelmValues, mergeValues } from "../values/merge.ts";
import { vclusterValues } from "../values/vcluster.ts";

type Management = CheckedSettings["management"];
type Workload = CheckedSettings["workloads"][number];
type Of<Key extends keyof CheckedSettings> = Pick<CheckedSettings, Key>;

/** A release, without the chart and the values that the configuration adds. */
export interface OwnRelease {
  /** Which kind of release it is: for it there may be extra values. */
  readonly kind: ReleaseKind;
  /** Name of the release in the cluster. */
  readonly release: string;
  readonly namespace: string;
  /** The lab's own values. */
  readonly own: HelmValues;
}

/** The virtual cluster itself, on the host. */
export const vclusterRelease = (
  settings: Of<"expose" | "controlPlane" | "versions" | "imageRegistry" | "hasPullSecret">,
  { name, resources, paused }: Management,
  serviceCidr: Input<string>,
): OwnRelease => {
  const { expose, controlPlane, versions, imageRegistry, hasPullSecret } = settings;
  return {
    kind: "vcluster",
    release: name,
    namespace: name,
    own: vclusterValues({
      serviceCidr,
      expose,
      k3s: versions.k3s,
      controlPlane,
      resources,
      paused,
      imageRegistry,
      hasPullSecret,
    }),
  };
};

/** Gloo Mesh's management plane, in the management cluster. */
export const glooMeshRelease = (
  { expose, imageRegistry }: Of<"expose" | "imageRegistry">,
  { name }: Management,
  licenseKey: Input<string>,
): OwnRelease => ({
  kind: "glooMeshEnterprise",
  release: "gloo-mesh-enterprise",
  namespace: glooMeshNamespace,
  own: glooMeshMgmtValues({ cluster: name, licenseKey, expose, imageRegistry }),
});

/** Gloo Mesh's agent, in a workload cluster. */
export const agentRelease = (
  { imageRegistry }: Of<"imageRegistry">,
  { name }: Workload,
  relayAddress: Input<string>,
): OwnRelease => ({
  kind: "glooMeshAgent",
  release: "gloo-mesh-agent",
  namespace: glooMeshNamespace,
  own: glooMeshAgentValues({ cluster: name, relayAddress, imageRegistry }),
});

/** Servers that capabilities need, in the first workload cluster; undefined where none is needed. */
export function addOnsRelease({
  capabilities,
  workloads,
}: Of<"capabilities" | "workloads">): OwnRelease | undefined {
  const servers = neededAddOns(enabledCapabilities(capabilities, topologyOf(workloads)));
  return servers.length === 0
    ? undefined
    : {
        kind: "glooMeshAddOns",
        release: "gloo-mesh-agent-addons",
        namespace: addOnsNamespace,
        own: glooMeshAddOnsValues(servers),
      };
}

/** What Istio needs in a workload cluster before istiod. */
export const istioBaseRelease: OwnRelease = {
  kind: "istioBase",
  release: "istio-base",
  namespace: istioNamespace,
  own: {},
};

/** istiod, in a workload cluster. */
export const istiodRelease = (
  settings: Of<"versions" | "istioImage" | "imageRegistry" | "multiCluster">,
  { name, resources }: Workload,
): OwnRelease => {
  const { versions, istioImage, imageRegistry, multiCluster } = settings;
  return {
    kind: "istiod",
    release: "istiod",
    namespace: istioNamespace,
    own: istiodValues({
      cluster: name,
      build: istioBuild(versions.istio, istioImage, imageRegistry),
      multiCluster,
      resources: resources.istiod,
    }),
  };
};

/** What istiod makes proxies of in a workload cluster, as a text that differs where it does. */
export const proxiesOf = (
  settings: Parameters<typeof istiodRelease>[0] & Of<"values">,
  cluster: Workload,
): string => proxiesMadeOf(valuesOf(istiodRelease(settings, cluster), settings.values, cluster.values));

/** A gateway of a workload cluster; undefined where it is to have none. */
export const gatewayRelease = (
  { expose }: Of<"expose">,
  cluster: Workload,
  gateway: Gateway,
  proxies: Input<string>,
): OwnRelease | undefined => {
  const wanted = cluster[gateway];
  if (wanted === false) return undefined;
  const { replicas } = wanted;
  return {
    kind: gateway,
    release: gateways[gateway].name,
    namespace: gatewayNamespace,
    own: gatewayValues({
      gateway,
      replicas,
      expose,
      proxies,
      resources: cluster.resources.gateways,
    }),
  };
};

/** Port of a workload cluster's ingress gateway that requests come in by. */
export function ingressPort(settings: Of<"expose" | "values">, cluster: Workload): number {
  const own = gatewayRelease(settings, cluster, "ingress", "")?.own;
  const { service } = mergeValues(own, settings.values.ingress, cluster.values.ingress) as {
    readonly service?: { readonly ports?: readonly { readonly name: string; readonly port: number }[] };
  };
  return service?.ports?.find(({ name }) => name === httpPort)?.port ?? 80;
}

/** All values of a release: the lab's own, below those for its kind, below those for its cluster. */
export const valuesOf = (
  { kind, own }: Pick<OwnRelease, "kind" | "own">,
  forKind: ExtraValues,
  forCluster: ExtraValues,
): Record<string, unknown> => mergeValues(own, forKind[kind], forCluster[kind]);

/** A release of a lab with all that Helm is given. */
export interface LabRelease extends Omit<OwnRelease, "own"> {
  /** The virtual cluster that it makes, or that it is in. */
  readonly cluster: string;
  readonly chart: ChartSource;
  readonly values: Record<string, unknown>;
}

/** What is found out, or made, while a lab comes up. */
export interface Known {
  readonly serviceCidr: string;
  readonly licenseKey: string;
  /** Where agents reach the management server, as `HOST:PORT`. */
  readonly relayAddress: string;
}

const chartOf: Readonly<Record<ReleaseKind, ChartName>> = {
  vcluster: "vcluster",
  glooMeshEnterprise: "glooMeshEnterprise",
  glooMeshAgent: "glooMeshAgent",
  glooMeshAddOns: "glooMeshAgent",
  istioBase: "istioBase",
  istiod: "istiod",
  ingress: "gateway",
  eastWest: "gateway",
};

/** Every release of a lab, as the program declares them. */
export function labReleases(settings: CheckedSettings, known: Known): LabRelease[] {
  const { management, workloads, charts, values } = settings;
  const { serviceCidr, licenseKey, relayAddress } = known;
  const complete = (cluster: Management | Workload, releases: readonly (OwnRelease | undefined)[]) =>
    releases
      .filter((release) => release !== undefined)
      .map(({ kind, release, namespace, own }): LabRelease => {
        const all = valuesOf({ kind, own }, values, cluster.values);
        const chart = charts[chartOf[kind]];
        return { cluster: cluster.name, kind, release, namespace, chart, values: all };
      });
  return [
    ...complete(management, [
      vclusterRelease(settings, management, serviceCidr),
      glooMeshRelease(settings, management, licenseKey),
    ]),
    ...workloads.flatMap((workload, index) =>
      complete(workload, [
        vclusterRelease(settings, workload, serviceCidr),
        istioBaseRelease,
        istiodRelease(settings, workload),
        gatewayRelease(settings, workload, "ingress", proxiesOf(settings, workload)),
        gatewayRelease(settings, workload, "eastWest", proxiesOf(settings, workload)),
        agentRelease(settings, workload, relayAddress),
        index === 0 ? addOnsRelease(settings) : undefined,
      ]),
    ),
  ];
}
