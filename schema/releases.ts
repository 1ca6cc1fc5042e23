/** Kinds of Helm release; a lab has one for each cluster that it is for. */
export const releaseKinds = [
  "vcluster",
  "glooMeshCrds",
  "glooMeshEnterprise",
  "glooMeshAgent",
  "glooMeshAddOns",
  "istioBase",
  "istiod",
  "ingress",
  "eastWest",
] as const;
export type ReleaseKind = (typeof releaseKinds)[number];
