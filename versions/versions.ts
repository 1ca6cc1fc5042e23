/**
 * What the lab is made of, each in the one version it is known to work with. A stack may choose others under
 * `versions`; `compatibility.ts` says which combinations are known.
 *
 * What must move together: `istio` with `k3s` and `glooMesh` (Gloo Mesh 2.0 supports Istio 1.9 to 1.13).
 */
export const versions = {
  // Its values are what `values/vcluster.ts` writes; the charts from 0.20 on have others.
  vcluster: "0.10.2",
  // Kubernetes 1.22 still has the API versions that Istio 1.12 renders; the chart's own default is a release
  // candidate, and this build is the one that starts on hosts with cgroup v2.
  k3s: "v1.22.5-k3s1",
  glooMesh: "2.0.9",
  istio: "1.12.6",
  // Bookinfo as Istio 1.11.4 ships it.
  bookinfo: "1.16.2",
  // From 26 on its first administrator is made by variables of these names.
  keycloak: "26.0.7",
} as const;

/** A part of the lab that has a version of its own. */
export type Part = keyof typeof versions;

/** A version for each part. */
export type Versions = Readonly<Record<Part, string>>;

/** A chart the lab installs: which part it belongs to, and where it lives. */
export interface Chart {
  /** Name of the chart in its repository, and of its archive or folder in a directory of charts. */
  readonly chart: string;
  /** The part whose version is the chart's. */
  readonly part: Part;
  /** URL of the Helm repository. */
  readonly repo: string;
}

// The old host of Istio's charts is switched off in December 2026; this one serves the same versions.
const istioRepo = "https://blob.istio.io/istio-release/charts";
const glooMeshRepo = "https://storage.googleapis.com/gloo-mesh-enterprise";

/** Every chart. */
export const charts = {
  vcluster: { chart: "vcluster", part: "vcluster", repo: "https://charts.loft.sh" },
  glooMeshEnterprise: {
    chart: "gloo-mesh-enterprise",
    part: "glooMesh",
    repo: `${glooMeshRepo}/gloo-mesh-enterprise`,
  },
  glooMeshAgent: { chart: "gloo-mesh-agent", part: "glooMesh", repo: `${glooMeshRepo}/gloo-mesh-agent` },
  istioBase: { chart: "base", part: "istio", repo: istioRepo },
  istiod: { chart: "istiod", part: "istio", repo: istioRepo },
  gateway: { chart: "gateway", part: "istio", repo: istioRepo },
} as const satisfies Record<string, Chart>;

export type ChartName = keyof typeof charts;

/** Images the lab names itself; every other image is the default of its chart. */
export const images = {
  k3s: "rancher/k3s",
  // The charts' own default hub is switched off together with the old chart host.
  istioHub: "docker.io/istio",
  bookinfoHub: "docker.io/istio",
  keycloak: "quay.io/keycloak/keycloak",
  // Asks for something from outside of the mesh.
  curl: "docker.io/curlimages/curl:8.10.1",
} as const;

/** The minor version in a version or tag, e.g. 22 in `v1.22.5-k3s1`; not a number where there is none. */
export const minorOf = (version: string): number => Number(/^v?\d+\.(\d+)/.exec(version)?.[1]);

/** Whether a version is as new as another; what comes after its three numbers counts for nothing. */
export function isAtLeast(version: string, minimum: string): boolean {
  const numbers = (text: string): number[] => text.replace(/^v/, "").split(/[.+-]/, 3).map(Number);
  const wanted = numbers(minimum);
  const difference = numbers(version)
    .map((number, index) => number - (wanted[index] ?? 0))
    .find((each) => each !== 0);
  return (difference ?? 0) >= 0;
}
