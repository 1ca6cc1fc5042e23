import type { Input } from "@pulumi/pulumi";
import { images, minorOf } from "../versions/versions.ts";
import type { Exposure } from "./exposure.ts";
import { type Resources, withChosen } from "./resources.ts";

/** A taint that pods tolerate, as Kubernetes has it in a pod. */
interface Toleration {
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
  /** Tag of the k3s image, e.g. `v1.22.5-k3s1`. */
  readonly k3s: string;
  readonly controlPlane: ControlPlane;
  /** Resources that differ from the article's. */
  readonly resources: { readonly vcluster?: Resources | undefined; readonly syncer?: Resources | undefined };
  /** Stops the control plane and keeps its data. */
  readonly paused: boolean;
  /** Mirror of all images; default: their own registries. */
  readonly imageRegistry?: string | undefined;
  /** Whether pulling images takes a login. */
  readonly hasPullSecret?: boolean;
}

/** Secret in the namespace of a virtual cluster on the host with logins to registries. */
export const pullSecretName = "mesh-lab-registries";

/** Where vcluster's command line notes on a StatefulSet that it paused it, and how many pods it had. */
export const pauseNotes = { paused: "loft.sh/paused", replicas: "loft.sh/paused-replicas" } as const;

/** How a paused StatefulSet is marked, so that vcluster's command line can also resume what the lab paused. */
export const pausedAnnotations = (replicas: number): Record<string, string> => ({
  [pauseNotes.paused]: "true",
  [pauseNotes.replicas]: String(replicas),
});

/** Name that the chart gives to the ClusterRole of a virtual cluster, and to its binding. */
export const clusterRoleOf = (cluster: string): string =>
  `vc-${cluster}-v-${cluster}`.slice(0, 63).replace(/-$/, "");

/** Values of chart `vcluster` 0.10.2: the article's, and what its command line adds to them. */
export function vclusterValues(args: VClusterValuesArgs): Record<string, unknown> {
  const {
    serviceCidr,
    expose,
    k3s,
    controlPlane,
    resources,
    paused,
    imageRegistry,
    hasPullSecret = false,
  } = args;
  const { nodeSelector, tolerations, persistence, storageClass, storageSize } = controlPlane;
  return {
    // Must be given: on hosts of Kubernetes 1.33 and newer 0.10.2 cannot find it out, falls back to 10.96.0.0/12
    // without a word, and its syncer crash-loops where the host's range is another.
    serviceCIDR: serviceCidr,
    // The chart puts it before each image as it is.
    ...(imageRegistry === undefined ? {} : { defaultImageRegistry: `${imageRegistry}/` }),
    ...(paused ? { replicas: 0, annotations: pausedAnnotations(1) } : {}),
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
    service: { type: expose },
    // The accounts of the control plane, and of all pods inside, as they run on the host.
    ...(hasPullSecret ? { serviceAccount: { imagePullSecrets: [{ name: pullSecretName }] } } : {}),
    storage: {
      persistence,
      ...(persistence ? { size: storageSize } : {}),
      ...(storageClass === undefined ? {} : { className: storageClass }),
    },
    isolation: {
      enabled: false,
      limitRange: { enabled: false },
      podSecurityStandard: "privileged",
      resourceQuota: { enabled: false },
    },
    // Lets the syncer see the host's nodes, which `--sync-all-nodes` needs.
    rbac: { clusterRole: { create: true } },
    syncer: {
      resources: withChosen(
        {
          limits: { cpu: "100m", memory: "1Gi" },
          requests: { cpu: "100m", memory: "128Mi" },
        },
        resources.syncer,
      ),
      extraArgs: ["--fake-nodes=false", "--sync-all-nodes"],
    },
    vcluster: {
      // Without a registry, or the chart could not put another one before it.
      image: `${images.k3s}:${k3s}`,
      resources: withChosen(
        {
          limits: { cpu: "200m", memory: "2Gi" },
          requests: { cpu: "100m", memory: "256Mi" },
        },
        resources.vcluster,
      ),
      extraArgs: k3sArguments(k3s),
    },
  };
}

/** The article's arguments; `kubectl debug` works without a gate from Kubernetes 1.25 on, and k3s later refuses it. */
function k3sArguments(tag: string): string[] {
  const gate = "feature-gates=EphemeralContainers=true";
  const isGated = minorOf(tag) < 25;
  return [
    "--kubelet-arg=allowed-unsafe-sysctls=net.ipv4.*",
    ...(isGated
      ? ["kube-apiserver", "kube-scheduler", "kubelet"].map((component) => `--${component}-arg=${gate}`)
      : []),
  ];
}
