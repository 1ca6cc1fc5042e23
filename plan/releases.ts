import type { Input } from "@pulumi/pulumi";
import type { ChartSource } from "../versions/charts.ts";
import type { CheckedSettings } from "../config/settings.ts";
import type { ReleaseKind } from "../schema/releases.ts";
import type { ChartName } from "../versions/versions.ts";
import { neededAddOns } from "../capabilities/all.ts";
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
interface OwnRelease {
  /** Which kind of release it is: for it there may be extra values. */
  readonly kind: ReleaseKind;
  /** Name of the release in the cluster. */
  readonly release: string;
  readonly namespace: string;
  /** The lab's own values. */
  readonly own: HelmValues;
}

/** The virtual cluster itself, on the host. */
const vclusterRelease = (
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
const glooMeshRelease = (
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
const agentRelease = (
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
const addOnsRelease = ({ enabled }: Of<"enabled">): OwnRelease | undefined => {
  const servers = neededAddOns(enabled);
  return servers.length === 0
    ? undefined
    : {
        kind: "glooMeshAddOns",
        release: "gloo-mesh-agent-addons",
        namespace: addOnsNamespace,
        own: glooMeshAddOnsValues(servers),
      };
};

/** What Istio needs in a workload cluster before istiod. */
const istioBaseRelease: OwnRelease = {
  kind: "istioBase",
  release: "istio-base",
  namespace: istioNamespace,
  own: {},
};

/** istiod, in a workload cluster. */
const istiodRelease = (
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
): string =>
  proxiesMadeOf(
    mergeValues(istiodRelease(settings, cluster).own, settings.values.istiod, cluster.values.istiod),
  );

/** A gateway of a workload cluster; undefined where it is to have none. */
const gatewayRelease = (
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

/** Port of an ingress gateway's Service that requests come in by. */
export function ingressPort({ values }: Pick<Release, "values">): number {
  const { service } = values as {
    readonly service?: { readonly ports?: readonly { readonly name: string; readonly port: number }[] };
  };
  return service?.ports?.find(({ name }) => name === httpPort)?.port ?? 80;
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

/** A release of a lab, with all that Helm is given. */
export interface Release extends Omit<OwnRelease, "own"> {
  /** The virtual cluster that it makes, or that it is in. */
  readonly cluster: string;
  readonly chart: ChartSource;
  /** The lab's own values, below those for its kind, below those for its cluster. */
  readonly values: HelmValues;
}

/** What is found out while the management cluster comes up, or kept secret. */
export interface KnownOfManagement {
  /** Range of the host's ClusterIPs. */
  readonly serviceCidr: Input<string>;
  readonly licenseKey: Input<string>;
}

/** What is found out while a workload cluster comes up. */
export interface KnownOfWorkload {
  /** Range of the host's ClusterIPs. */
  readonly serviceCidr: Input<string>;
  /** Where agents reach the management server, as `HOST:PORT`. */
  readonly relayAddress: Input<string>;
  /** As `proxiesOf` has it; secret where istiod's values are. */
  readonly proxies: Input<string>;
}

/** The releases of the management cluster. */
export function managementReleases(settings: CheckedSettings, known: KnownOfManagement) {
  const { management } = settings;
  const complete = completing(settings, management);
  return {
    vcluster: complete(vclusterRelease(settings, management, known.serviceCidr)),
    glooMeshEnterprise: complete(glooMeshRelease(settings, management, known.licenseKey)),
  };
}

/** The releases of a workload cluster; a gateway that it is not to have is missing, and so are servers that nobody needs. */
export function workloadReleases(settings: CheckedSettings, workload: Workload, known: KnownOfWorkload) {
  const complete = completing(settings, workload);
  const ifAny = (own: OwnRelease | undefined) => own && complete(own);
  const isFirst = workload === settings.workloads[0];
  return {
    vcluster: complete(vclusterRelease(settings, workload, known.serviceCidr)),
    istioBase: complete(istioBaseRelease),
    istiod: complete(istiodRelease(settings, workload)),
    ingress: ifAny(gatewayRelease(settings, workload, "ingress", known.proxies)),
    eastWest: ifAny(gatewayRelease(settings, workload, "eastWest", known.proxies)),
    glooMeshAgent: complete(agentRelease(settings, workload, known.relayAddress)),
    glooMeshAddOns: isFirst ? ifAny(addOnsRelease(settings)) : undefined,
  };
}

/** As `workloadReleases` gives them. */
export type WorkloadReleases = ReturnType<typeof workloadReleases>;

const completing =
  (
    { charts, values }: Of<"charts" | "values">,
    cluster: { readonly name: string; readonly values: ExtraValues },
  ) =>
  ({ own, ...release }: OwnRelease): Release => ({
    ...release,
    cluster: cluster.name,
    chart: charts[chartOf[release.kind]],
    values: mergeValues(own, values[release.kind], cluster.values[release.kind]),
  });

/** Every release of a lab, as the program declares them. */
export function labReleases(
  settings: CheckedSettings,
  known: KnownOfManagement & Omit<KnownOfWorkload, "proxies">,
): Release[] {
  return [
    managementReleases(settings, known),
    ...settings.workloads.map((workload) =>
      workloadReleases(settings, workload, { ...known, proxies: proxiesOf(settings, workload) }),
    ),
  ].flatMap((releases) => Object.values(releases).filter((release) => release !== undefined));
}
