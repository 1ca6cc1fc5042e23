import type { Input } from "@pulumi/pulumi";
import type { ControlPlanePart } from "../versions/version-set.ts";
import type { Exposure } from "./exposure.ts";
import type { Resources } from "./resources.ts";

/** A taint that pods tolerate, as Kubernetes has it in a pod. */
export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: "Exists" | "Equal" | undefined;
  readonly value?: string | undefined;
  readonly effect?: "NoSchedule" | "PreferNoSchedule" | "NoExecute" | undefined;
  readonly tolerationSeconds?: number | undefined;
}

/** Where control planes run, and where they keep their data. */
interface ControlPlane {
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** Whether data is on a volume; else it lives as long as the pod. */
  readonly persistence: boolean;
  /** Class of the volume; default: the host's default class. */
  readonly storageClass?: string | undefined;
  /** Size of the volume, e.g. `5Gi`. */
  readonly storageSize: string;
}

export interface VClusterValuesArgs {
  /** Range of the host's ClusterIPs, e.g. `10.96.0.0/12`. */
  readonly serviceCidr: Input<string>;
  readonly expose: Exposure;
  /** Image of the Kubernetes inside, without registry and tag, e.g. `rancher/k3s`. */
  readonly kubernetesImage: string;
  /** Its tag, e.g. `v1.22.5-k3s1`. */
  readonly kubernetes: string;
  readonly controlPlane: ControlPlane;
  /** Resources that differ from the lab's. */
  readonly resources: Readonly<Partial<Record<ControlPlanePart, Resources | undefined>>>;
  /** Stops the control plane and keeps its data. */
  readonly paused: boolean;
  /** Mirror of all images; default: their own registries. */
  readonly imageRegistry?: string | undefined;
  /** Whether pulling images takes a login. */
  readonly hasPullSecret?: boolean;
}

/** Secret in the namespace of a virtual cluster on the host with logins to registries. */
export const pullSecretName = "mesh-lab-registries";

/** A container of a control plane's pod, as values have it. */
interface ValuedContainer {
  /** The members of the values that have its resources. */
  readonly resources: string;
  /** With its registry, if values name one; undefined: the chart's own. */
  readonly image?: string | undefined;
}

/** What the values of a virtual cluster come to, wherever a chart has it. */
export interface ValuedControlPlane {
  /** What its Service is made of. */
  readonly service: unknown;
  /** How many pods it has. */
  readonly replicas: number;
  readonly volume: ValuedVolume;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly containers: readonly ValuedContainer[];
  /** Registry of its images, and of what it starts inside, as the chart puts it before them; undefined: their own. */
  readonly registry?: string | undefined;
}

/** What values say of the volume of a control plane; Kubernetes refuses to change any of it. */
export interface ValuedVolume {
  readonly persistence?: boolean | undefined;
  readonly storageSize?: string | undefined;
  readonly storageClass?: string | undefined;
}

/** Where vcluster's command line notes on a control plane that it paused it, how many pods it had, and since when. */
export const pauseNotes = {
  paused: "loft.sh/paused",
  replicas: "loft.sh/paused-replicas",
  date: "loft.sh/paused-date",
} as const;

/** How a paused control plane is marked, so that vcluster's command line can also resume what the lab paused. */
export const pausedAnnotations = (replicas: number): Record<string, string> => ({
  [pauseNotes.paused]: "true",
  [pauseNotes.replicas]: String(replicas),
});

/** Name that the chart gives to the ClusterRole of a virtual cluster, and to its binding. */
export const clusterRoleOf = (cluster: string): string =>
  `vc-${cluster}-v-${cluster}`.slice(0, 63).replace(/-$/, "");
