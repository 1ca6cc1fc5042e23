/** The fields that cannot be changed in place: a difference under one of these paths replaces the object. */
import type { Props } from "../provider.ts";
import { at, groupOf, text } from "./object.ts";

const under = (prefix: string, fields: string): readonly string[] =>
  fields.split(" ").map((field) => `${prefix}.${field}`);

const container =
  "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext " +
  "stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir";

const immutable: Readonly<Record<string, readonly string[]>> = {
  "apps/DaemonSet": ["spec.selector"],
  "apps/Deployment": ["spec.selector"],
  "apps/StatefulSet": under(
    "spec",
    "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates",
  ),
  "batch/Job": under("spec", "completions parallelism selector template"),
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner"],
  "/PersistentVolume": under(
    "spec",
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs " +
      "hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume",
  ),
  "/PersistentVolumeClaim": under("spec", "accessModes selector storageClassName volumeName"),
  "/Pod": [
    ...under(
      "spec",
      "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork " +
        "hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority " +
        "priorityClassName readinessGates restartPolicy runtimeClassName schedulerName securityContext " +
        "serviceAccount serviceAccountName shareProcessNamespace subdomain terminationGracePeriodSeconds volumes",
    ),
    ...under("spec.containers.*", container),
    ...under("spec.initContainers.*", container),
  ],
  "/ResourceQuota": ["spec.scopes"],
  "/Secret": ["type"],
  "/Service": ["spec.clusterIP"],
};

/** What the provider's `enableSecretMutable` and `enableConfigMapMutable` allow. */
export interface Mutable {
  readonly Secret: boolean;
  readonly ConfigMap: boolean;
}

/** The immutable paths of an object; `*` stands for any element of a list. */
export function immutablePaths(object: Props, mutable: Mutable): readonly string[] {
  const kind = text(object, "kind");
  const key = `${groupOf(text(object, "apiVersion")).replace(/^core$/, "")}/${kind}`;
  const frozen = (of: keyof Mutable): boolean =>
    key === `/${of}` && (!mutable[of] || at(object, "immutable") === true);
  return [
    "metadata.name",
    "metadata.namespace",
    ...(immutable[key] ?? []),
    ...(frozen("Secret") ? ["stringData", "data"] : []),
    ...(frozen("ConfigMap") ? ["binaryData", "data"] : []),
  ];
}
