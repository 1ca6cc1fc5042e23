import { licenseKinds, type VersionSet } from "./version-set.ts";

const glooPlatformRepo = "https://storage.googleapis.com/gloo-platform/helm-charts";
const istioRepo = "https://blob.istio.io/istio-release/charts";

/** Versions of today: November 2026. */
export const current: VersionSet = {
  versions: {
    vcluster: "0.36.1",
    // The newest that Solo.io has named for Gloo Mesh; Istio 1.30 supports it, too.
    kubernetes: "v1.35.0",
    glooMesh: "2.14.0",
    istio: "1.30.3",
    // Bookinfo as Istio 1.30 ships it.
    bookinfo: "1.20.3",
    keycloak: "26.0.7",
  },
  charts: {
    vcluster: { chart: "vcluster", part: "vcluster", repo: "https://charts.loft.sh" },
    glooPlatformCrds: { chart: "gloo-platform-crds", part: "glooMesh", repo: glooPlatformRepo },
    glooPlatform: { chart: "gloo-platform", part: "glooMesh", repo: glooPlatformRepo },
    istioBase: { chart: "base", part: "istio", repo: istioRepo },
    istiod: { chart: "istiod", part: "istio", repo: istioRepo },
    gateway: { chart: "gateway", part: "istio", repo: istioRepo },
  },
  compatibility: {
    // Source: vcluster-docs, k8s-compatibility.json, of 2026-05 and 2026-08.
    vcluster: { 36: { hosts: [33, 36], guests: [30, 36] } },
    // Source: istio.io, "Support status of Istio releases".
    istio: { 27: [29, 33], 28: [30, 34], 29: [31, 35], 30: [32, 36], 31: [32, 36] },
    // Source: docs.solo.io, "Supported versions" of Gloo Mesh 2.11 to 2.14; 2.13 and 2.14 name no Kubernetes.
    glooMesh: {
      11: { istio: [25, 28] },
      12: { istio: [27, 29], kubernetes: [30, 35] },
      13: { istio: [27, 30] },
      14: { istio: [27, 31] },
    },
  },
  kubernetesImage: "loft-sh/kubernetes",
  controlPlane: {
    // API server and syncer are one container.
    sized: ["vcluster"],
    withoutVolume: "Deployment",
    keepsLabels: true,
    renewsCertificates: true,
    coredns: {
      30: "1.11.3",
      31: "1.11.3",
      32: "1.11.3",
      33: "1.12.0",
      34: "1.12.1",
      35: "1.14.1",
      36: "1.14.2",
    },
    corednsElse: "1.14.2",
    corednsRegistry: "docker.io/",
    corednsRequests: { cpu: "20m", memory: "64Mi" },
  },
  mirrorsAddOns: true,
  doubtful: {
    outlierDetection:
      "Gloo Mesh documents outlier detection for virtual destinations and external services alone, and the lab's is for a service",
  },
  licenseKinds,
};
