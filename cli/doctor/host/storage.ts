import {
  CoordinationV1Api,
  CoreV1Api,
  StorageV1Api,
  type V1PersistentVolume,
  type V1StorageClass,
} from "@kubernetes/client-node";
import { numberOf } from "../../../schema/quantity.ts";
import { clustersIn } from "../../stack/lab.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "../check.ts";
import type { Facts } from "../facts.ts";

const isDefault = ({ metadata }: V1StorageClass): boolean =>
  ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"].some(
    (annotation) => metadata?.annotations?.[annotation] === "true",
  );

/** Drivers that took over from what was part of Kubernetes once; its storage classes wait for them. */
const successors: Readonly<Record<string, string>> = {
  "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
  "kubernetes.io/azure-disk": "disk.csi.azure.com",
  "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
};

/** Makes no volumes: there must be some. */
const noProvisioner = "kubernetes.io/no-provisioner";

/** What pods of a provisioner are called, where it is not by its own name. */
const otherNames: Readonly<Record<string, string>> = {
  "k8s.io/minikube-hostpath": "storage-provisioner",
  "docker.io/hostpath": "storage-provisioner",
};

/** What shows which volumes a host can make. */
export interface StorageSigns {
  readonly classes: readonly V1StorageClass[];
  /** Names of CSI drivers. */
  readonly drivers: readonly string[];
  readonly volumes: readonly V1PersistentVolume[];
  /** Names of leases, one of which a provisioner holds as long as it works. */
  readonly leases: readonly string[];
  /** Names and images of what runs on the host. */
  readonly programs: readonly string[];
}

/** The volumes that a lab wants. */
export interface Wanted {
  /** Name of their class; undefined: the default one. */
  readonly name: string | undefined;
  readonly count: number;
  readonly size: string;
}

export const storageCheck: Check<Facts> = {
  name: "storage class",
  look: async ({ settings, host }) => {
    const [lab, { config }] = await Promise.all([settings.needed(), host.needed()]);
    const { persistence, storageClass, storageSize } = lab.controlPlane;
    if (!persistence) return fine("none is needed, controlPlane.persistence is false");
    const [storage, core] = [config.makeApiClient(StorageV1Api), config.makeApiClient(CoreV1Api)];
    const [classes, drivers, volumes, leases, pods] = await Promise.all([
      storage.listStorageClass(),
      storage.listCSIDriver(),
      core.listPersistentVolume(),
      config.makeApiClient(CoordinationV1Api).listLeaseForAllNamespaces(),
      core.listPodForAllNamespaces(),
    ]);
    const running = pods.items.filter(({ status }) => status?.phase === "Running");
    return judgedStorage(
      { name: storageClass, count: clustersIn(lab).length, size: storageSize },
      {
        classes: classes.items,
        drivers: drivers.items.map(({ metadata }) => metadata?.name ?? ""),
        volumes: volumes.items,
        leases: leases.items.map(({ metadata }) => metadata?.name ?? ""),
        programs: running.flatMap(({ metadata, spec }) => [
          metadata?.name ?? "",
          ...(spec?.containers.map(({ image = "" }) => image) ?? []),
        ]),
      },
    );
  },
};

/** The class that Kubernetes takes where none is named: the newest default one, and of several the first by name. */
function defaultOf(classes: readonly V1StorageClass[]): V1StorageClass | undefined {
  const made = ({ metadata }: V1StorageClass) => metadata?.creationTimestamp?.getTime() ?? 0;
  const name = ({ metadata }: V1StorageClass) => metadata?.name ?? "";
  return classes.filter(isDefault).sort((a, b) => made(b) - made(a) || (name(a) < name(b) ? -1 : 1))[0];
}

/** What to make of the storage class that a lab's volumes will have. */
export function judgedStorage(wanted: Wanted, signs: StorageSigns): Finding {
  const { classes } = signs;
  const names = classes.map(({ metadata }) => metadata?.name ?? "").join(", ") || "none";
  const found =
    wanted.name === undefined
      ? defaultOf(classes)
      : classes.find(({ metadata }) => metadata?.name === wanted.name);
  if (found === undefined)
    return wanted.name === undefined
      ? wrong(
          `the host has no default class; it has: ${names}`,
          "Set controlPlane.storageClass, or for a lab of a day controlPlane.persistence to false.",
        )
      : wrong(`the host has no class ${wanted.name}; it has: ${names}`, "Set controlPlane.storageClass.");
  const defaults = classes.filter(isDefault).length;
  const newest =
    wanted.name === undefined && defaults > 1 ? `, the newest of ${defaults} default classes` : "";
  const name = `${found.metadata?.name ?? ""}${newest}`;
  if (found.provisioner === noProvisioner) return judgedVolumes(name, found, wanted, signs.volumes);
  const driver = successors[found.provisioner] ?? found.provisioner;
  if (isSeen(driver, signs)) return fine(name);
  // A CSI driver leaves an object; of others there are but signs.
  return driver.includes(".csi.")
    ? wrong(`class ${name} needs driver ${driver}, which the host does not have`, `Install ${driver}.`)
    : doubtful(
        `class ${name}: nothing on the host shows that its provisioner ${driver} runs`,
        "Make sure that it does, or set controlPlane.storageClass to another class.",
      );
}

const isSeen = (driver: string, { drivers, volumes, leases, programs }: StorageSigns): boolean =>
  drivers.includes(driver) ||
  leases.includes(driver.replaceAll("/", "-")) ||
  volumes.some(
    ({ metadata, spec }) =>
      metadata?.annotations?.["pv.kubernetes.io/provisioned-by"] === driver || spec?.csi?.driver === driver,
  ) ||
  programs.some((program) =>
    program.includes(otherNames[driver] ?? driver.slice(driver.lastIndexOf("/") + 1)),
  );

/** Of a class that makes no volumes. */
function judgedVolumes(
  name: string,
  { metadata }: V1StorageClass,
  { count, size }: Wanted,
  volumes: readonly V1PersistentVolume[],
): Finding {
  const free = volumes.filter(
    ({ spec, status }) =>
      spec?.storageClassName === metadata?.name &&
      status?.phase !== "Released" &&
      numberOf(spec?.capacity?.["storage"]) >= numberOf(size),
  );
  const found = `class ${name} makes no volumes, and has ${free.length} of ${size} for ${count} clusters`;
  return free.length >= count
    ? fine(found)
    : wrong(found, "Make volumes, or set controlPlane.storageClass to a class that makes them.");
}
