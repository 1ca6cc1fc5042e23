import { join } from "node:path";
import {
  CoordinationV1Api,
  CoreV1Api,
  type KubeConfig,
  StorageV1Api,
  type V1PersistentVolume,
  type V1PersistentVolumeClaim,
} from "@kubernetes/client-node";
import { removeFolder } from "../node/remove.ts";
import { isConflict, isNotFound } from "../../kit/api-errors.ts";
import type { Stop } from "../base/env.ts";
import { watch } from "../base/watch.ts";

const provisioner = "rehearsal.mesh-lab.dev/volumes";
const provisionedBy = "pv.kubernetes.io/provisioned-by";

/** The folder of all volumes: as nodes have it, and where it is on this machine. */
export interface VolumeFolder {
  readonly inside: string;
  readonly outside: string;
}

/** Makes a volume in a folder of the nodes for every claim of the host's storage class, which is the default, and removes it when its claim is gone. */
export async function startVolumes(
  host: KubeConfig,
  className: string | undefined,
  { inside: folder, outside }: VolumeFolder,
  log: (line: string) => void,
): Promise<Stop> {
  if (className === undefined) return async () => undefined;
  const core = host.makeApiClient(CoreV1Api);
  const body = storageClass(className);
  await ignoring(isConflict, host.makeApiClient(StorageV1Api).createStorageClass({ body }));
  // As a provisioner that is not part of Kubernetes shows that it works.
  const lease = {
    metadata: { name: provisioner.replaceAll("/", "-") },
    spec: { holderIdentity: "rehearsal" },
  };
  await ignoring(
    isConflict,
    host.makeApiClient(CoordinationV1Api).createNamespacedLease({ namespace: "kube-system", body: lease }),
  );

  const stops = [
    watch<V1PersistentVolumeClaim>(
      host,
      "/api/v1/persistentvolumeclaims",
      {
        async changed(claim) {
          const { spec, metadata } = claim;
          if (spec?.storageClassName !== className || spec.volumeName !== undefined) return;
          if (metadata?.deletionTimestamp !== undefined) return;
          await ignoring(
            isConflict,
            core.createPersistentVolume({ body: volumeFor(claim, className, folder) }),
          );
        },
      },
      log,
    ),
    watch<V1PersistentVolume>(
      host,
      "/api/v1/persistentvolumes",
      {
        async changed({ metadata, status }) {
          if (metadata?.annotations?.[provisionedBy] !== provisioner || status?.phase !== "Released") return;
          const { name = "" } = metadata;
          await removeFolder(join(outside, name));
          await ignoring(isNotFound, core.deletePersistentVolume({ name }));
        },
      },
      log,
    ),
  ];
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

const storageClass = (name: string) => ({
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner,
  reclaimPolicy: "Delete",
  volumeBindingMode: "Immediate",
});

/** A volume that is promised to the claim; the volume controller binds the two. */
export function volumeFor(
  { metadata, spec }: V1PersistentVolumeClaim,
  className: string,
  folder: string,
): V1PersistentVolume {
  const { name = "", namespace = "", uid = "" } = metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `pvc-${uid}`, annotations: { [provisionedBy]: provisioner } },
    spec: {
      accessModes: spec?.accessModes ?? [],
      capacity: { storage: spec?.resources?.requests?.["storage"] ?? "1Gi" },
      ...(spec?.volumeMode === undefined ? {} : { volumeMode: spec.volumeMode }),
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid },
      hostPath: { path: `${folder}/pvc-${uid}`, type: "DirectoryOrCreate" },
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: className,
    },
  };
}

async function ignoring(expected: (error: unknown) => boolean, work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!expected(error)) throw error;
  });
}
