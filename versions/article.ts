import type { VersionSet } from "./version-set.ts";

const glooMeshRepo = "https://storage.googleapis.com/gloo-mesh-enterprise";
// The old host of Istio's charts is switched off in December 2026; this one serves the same versions.
const istioRepo = "https://blob.istio.io/istio-release/charts";

/** The versions of the article of 2022. */
export const article: VersionSet = {
  versions: {
    vcluster: "0.10.2",
    // Kubernetes 1.22 still has the API versions that Istio 1.12 renders; the chart's own default is a release
    // candidate, and this build is the one that starts on hosts with cgroup v2.
    kubernetes: "v1.22.5-k3s1",
    glooMesh: "2.0.9",
    istio: "1.12.6",
    // Bookinfo as Istio 1.11.4 ships it.
    bookinfo: "1.16.2",
    // From 26 on its first administrator is made by variables of these names.
    keycloak: "26.0.7",
  },
  charts: {
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
  },
  compatibility: {
    // 0.10.2 chooses a guest for Kubernetes 1.16 and newer. From 1.34 on hosts report fields of pods that older syncers
    // drop, so that guests' pods stay not ready (vcluster #3578).
    vcluster: { 10: { hosts: [16, 33], guests: [16, 24] } },
    // Source: istio.io, "Support status of Istio releases".
    istio: {
      9: [17, 20],
      10: [18, 21],
      11: [18, 22],
      12: [19, 22],
      13: [20, 23],
      14: [21, 24],
      15: [22, 25],
      16: [22, 25],
    },
    // Source: docs.solo.io, "Supported versions" of Gloo Mesh Enterprise 2.0.
    glooMesh: { 0: { istio: [9, 13], kubernetes: [17, 23] } },
  },
  kubernetesImage: "rancher/k3s",
  controlPlane: {
    sized: ["vcluster", "syncer"],
    withoutVolume: "StatefulSet",
    keepsLabels: false,
    // k3s does when it starts.
    renewsCertificates: false,
    coredns: {
      16: "1.6.3",
      17: "1.6.9",
      18: "1.6.9",
      19: "1.6.9",
      20: "1.8.0",
      21: "1.8.3",
      22: "1.8.4",
      23: "1.8.6",
      24: "1.8.7",
    },
    corednsRegistry: "",
    corednsRequests: { cpu: "100m", memory: "70Mi" },
  },
  mirrorsAddOns: false,
  doubtful: {},
  licenseKinds: [],
};
