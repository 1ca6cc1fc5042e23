/** All with which the program itself asks clusters: what `npm run build` makes one file of. */
export { CoreV1Api } from "@kubernetes/client-node";
export { kubeConfigOf } from "./connection/cluster.ts";
export { problemsAt } from "./diagnosis/diagnose.ts";
export { compared, makeInstallable, makeUpgradable } from "./helm/release.ts";
export { missingIn, titleOf } from "./helm/release-objects.ts";
export { restore } from "./helm/restore.ts";
export { keepDeletingStuckPods } from "./helm/stuck-pods.ts";
export { comeback } from "./vcluster/comeback.ts";
export { rebuildHint, strangeness } from "./vcluster/identity.ts";
export { immutablesIn, makeRoom, volumesOf } from "./vcluster/immutable.ts";
