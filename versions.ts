/** A chart the lab installs: where it lives, and the version the lab is known to work with. */
export interface ChartPin {
  /** Name of the chart in its repository, and of its archive or folder in a directory of charts. */
  readonly chart: string;
  readonly version: string;
  /** URL of the Helm repository. */
  readonly repo: string;
}

// The old host of Istio's charts is switched off in December 2026; this one serves the same versions.
const istioRepo = "https://blob.istio.io/istio-release/charts";
const istioVersion = "1.12.6";

const glooMeshRepo = "https://storage.googleapis.com/gloo-mesh-enterprise";
const glooMeshVersion = "2.0.9";

/**
 * Every chart, pinned.
 *
 * What must move together: the three Istio charts with `images.istio`; the two Gloo Mesh charts with each
 * other, and with Istio (2.0 supports Istio 1.9 to 1.13 on Kubernetes 1.17 to 1.23, so with `images.k3s` too).
 */
export const charts = {
  vcluster: { chart: "vcluster", version: "0.10.2", repo: "https://charts.loft.sh" },
  glooMeshEnterprise: {
    chart: "gloo-mesh-enterprise",
    version: glooMeshVersion,
    repo: `${glooMeshRepo}/gloo-mesh-enterprise`,
  },
  glooMeshAgent: {
    chart: "gloo-mesh-agent",
    version: glooMeshVersion,
    repo: `${glooMeshRepo}/gloo-mesh-agent`,
  },
  istioBase: { chart: "base", version: istioVersion, repo: istioRepo },
  istiod: { chart: "istiod", version: istioVersion, repo: istioRepo },
  gateway: { chart: "gateway", version: istioVersion, repo: istioRepo },
} as const satisfies Record<string, ChartPin>;

export type ChartName = keyof typeof charts;

/** Images the lab names itself; every other image is the default of its chart. */
export const images = {
  // Kubernetes 1.22 still has the API versions that Istio 1.12 renders; the chart's own default is a release
  // candidate, and this build is the one that starts on hosts with cgroup v2.
  k3s: "rancher/k3s:v1.22.5-k3s1",
  // The charts' own default hub is switched off together with the old chart host.
  istio: { hub: "docker.io/istio", tag: istioVersion },
  // Bookinfo as Istio 1.11.4 ships it.
  bookinfo: { hub: "docker.io/istio", tag: "1.16.2" },
} as const;
