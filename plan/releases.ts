import type { Input } from "@pulumi/pulumi";
import type { ChartSource } from "../versions/charts.ts";
import type { CheckedSettings } from "../config/settings.ts";
import type { ReleaseKind } from "../schema/releases.ts";
import type { ChartName } from "../versions/version-set.ts";
import type { VersionSetName } from "../versions/versions.ts";
import { neededAddOns } from "../capabilities/all.ts";
import { addOnsNamespace } from "../values/gloo-mesh.ts";
import { glooMeshNamespace } from "../values/gloo-resources.ts";
import {
  type Gateway,
  gatewayNamespace,
  gateways,
  httpPort,
  proxiesMadeOf,
  istioBuild,
  istioNamespace,
} from "../values/istio.ts";
import { type ExtraValues, type HelmValues, mergeValues } from "../values/merge.ts";
import { valuesOf } from "../values/sets.ts";

type Management = CheckedSettings["management"];
type Workload = CheckedSettings["workloads"][number];
type Of<Key extends keyof CheckedSettings> = Pick<CheckedSettings, Key>;

/** A release, without the chart and the values that the configuration adds. */
interface OwnRelease {
  /** Which kind of release it is: for it there may be extra values. */
  readonly kind: ReleaseKind;
  readonly chart: ChartName;
  /** Name of the release in the cluster. */
  readonly release: string;
  readonly namespace: string;
  /** The lab's own values. */
  readonly own: HelmValues;
}

/** The virtual cluster itself, on the host. */
const vclusterRelease = (
  settings: Of<
    "versionSet" | "set" | "expose" | "controlPlane" | "versions" | "imageRegistry" | "hasPullSecret"
  >,
  { name, resources, paused }: Management,
  serviceCidr: Input<string>,
): OwnRelease => {
  const { versionSet, set, expose, controlPlane, versions, imageRegistry, hasPullSecret } = settings;
  return {
    kind: "vcluster",
    chart: "vcluster",
    release: name,
    namespace: name,
    own: valuesOf(versionSet).vclusterValues({
      serviceCidr,
      expose,
      kubernetesImage: set.kubernetesImage,
      kubernetes: versions.kubernetes,
      controlPlane,
      resources,
      paused,
      imageRegistry,
      hasPullSecret,
    }),
  };
};

type Named = Pick<OwnRelease, "kind" | "chart" | "release">;

/** What the releases of Gloo Mesh are called, and of which charts they are. */
interface GlooReleases {
  /** The kinds alone; undefined where they come with what uses them. */
  readonly kinds?: Named;
  readonly management: Named;
  readonly agent: Named;
  readonly addOns: Named;
}

const glooReleases: Readonly<Record<VersionSetName, GlooReleases>> = {
  current: {
    kinds: { kind: "glooMeshCrds", chart: "glooPlatformCrds", release: "gloo-platform-crds" },
    management: { kind: "glooMeshEnterprise", chart: "glooPlatform", release: "gloo-platform" },
    agent: { kind: "glooMeshAgent", chart: "glooPlatform", release: "gloo-platform" },
    addOns: { kind: "glooMeshAddOns", chart: "glooPlatform", release: "gloo-platform-addons" },
  },
  article: {
    management: { kind: "glooMeshEnterprise", chart: "glooMeshEnterprise", release: "gloo-mesh-enterprise" },
    agent: { kind: "glooMeshAgent", chart: "glooMeshAgent", release: "gloo-mesh-agent" },
    addOns: { kind: "glooMeshAddOns", chart: "glooMeshAgent", release: "gloo-mesh-agent-addons" },
  },
};

/** Gloo Mesh's kinds, in any cluster; undefined where they come with what uses them. */
const glooCrdsRelease = ({ versionSet }: Of<"versionSet">): OwnRelease | undefined => {
  const named = glooReleases[versionSet].kinds;
  return named && { ...named, namespace: glooMeshNamespace, own: {} };
};

/** Gloo Mesh's management plane, in the management cluster. */
const glooMeshRelease = (
  {
    versionSet,
    licenseKind = "trial",
    expose,
    imageRegistry,
  }: Of<"versionSet" | "licenseKind" | "expose" | "imageRegistry">,
  { name }: Management,
  licenseKey: Input<string>,
): OwnRelease => ({
  ...glooReleases[versionSet].management,
  namespace: glooMeshNamespace,
  own: valuesOf(versionSet).glooMeshMgmtValues({
    cluster: name,
    licenseKey,
    licenseKind,
    expose,
    imageRegistry,
  }),
});

/** Gloo Mesh's agent, in a workload cluster. */
const agentRelease = (
  { versionSet, imageRegistry }: Of<"versionSet" | "imageRegistry">,
  { name }: Workload,
  relayAddress: Input<string>,
): OwnRelease => ({
  ...glooReleases[versionSet].agent,
  namespace: glooMeshNamespace,
  own: valuesOf(versionSet).glooMeshAgentValues({ cluster: name, relayAddress, imageRegistry }),
});

/** Servers that capabilities need, in the first workload cluster; undefined where none is needed. */
const addOnsRelease = (
  { versionSet, enabled, imageRegistry }: Of<"versionSet" | "enabled" | "imageRegistry">,
  { name }: Workload,
): OwnRelease | undefined => {
  const servers = neededAddOns(enabled);
  return servers.length === 0
    ? undefined
    : {
        ...glooReleases[versionSet].addOns,
        namespace: addOnsNamespace,
        own: valuesOf(versionSet).glooMeshAddOnsValues({ cluster: name, servers, imageRegistry }),
      };
};

/** What Istio needs in a workload cluster before istiod. */
const istioBaseRelease: OwnRelease = {
  kind: "istioBase",
  chart: "istioBase",
  release: "istio-base",
  namespace: istioNamespace,
  own: {},
};

/** istiod, in a workload cluster. */
const istiodRelease = (
  settings: Of<"versionSet" | "versions" | "istioImage" | "imageRegistry" | "multiCluster">,
  { name, resources }: Workload,
): OwnRelease => {
  const { versionSet, versions, istioImage, imageRegistry, multiCluster } = settings;
  return {
    kind: "istiod",
    chart: "istiod",
    release: "istiod",
    namespace: istioNamespace,
    own: valuesOf(versionSet).istiodValues({
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
  { versionSet, expose }: Of<"versionSet" | "expose">,
  cluster: Workload,
  gateway: Gateway,
  proxies: Input<string>,
): OwnRelease | undefined => {
  const wanted = cluster[gateway];
  if (wanted === false) return undefined;
  const { replicas } = wanted;
  return {
    kind: gateway,
    chart: "gateway",
    release: gateways[gateway].name,
    namespace: gatewayNamespace,
    own: valuesOf(versionSet).gatewayValues({
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

/** A release of a lab, with all that Helm is given. */
export interface Release extends Omit<OwnRelease, "own" | "chart"> {
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
  const crds = glooCrdsRelease(settings);
  return {
    vcluster: complete(vclusterRelease(settings, management, known.serviceCidr)),
    glooMeshCrds: crds && complete(crds),
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
    glooMeshCrds: ifAny(glooCrdsRelease(settings)),
    glooMeshAgent: complete(agentRelease(settings, workload, known.relayAddress)),
    glooMeshAddOns: isFirst ? ifAny(addOnsRelease(settings, workload)) : undefined,
  };
}

/** As `workloadReleases` gives them. */
export type WorkloadReleases = ReturnType<typeof workloadReleases>;

const completing =
  (
    { charts, values }: Of<"charts" | "values">,
    cluster: { readonly name: string; readonly values: ExtraValues },
  ) =>
  ({ own, chart, ...release }: OwnRelease): Release => ({
    ...release,
    cluster: cluster.name,
    // A set has the charts of its releases.
    chart: charts[chart] as ChartSource,
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
