import { minorOf } from "../../versions/versions.ts";
import type { HelmValues } from "../merge.ts";
import { withChosen } from "../resources.ts";
import {
  pausedAnnotations,
  pullSecretName,
  type Toleration,
  type ValuedControlPlane,
  type VClusterValuesArgs,
} from "../vcluster.ts";

/** Values of chart `vcluster` 0.10.2: the article's, and what its command line adds to them. */
export function vclusterValues(args: VClusterValuesArgs): Record<string, unknown> {
  const {
    serviceCidr,
    expose,
    kubernetesImage,
    kubernetes,
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
      image: `${kubernetesImage}:${kubernetes}`,
      resources: withChosen(
        {
          limits: { cpu: "200m", memory: "2Gi" },
          requests: { cpu: "100m", memory: "256Mi" },
        },
        resources.vcluster,
      ),
      extraArgs: k3sArguments(kubernetes),
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

interface Values {
  readonly service?: unknown;
  readonly replicas?: number;
  readonly storage?: { readonly persistence?: boolean; readonly size?: string; readonly className?: string };
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly Toleration[];
  readonly defaultImageRegistry?: string;
  readonly vcluster?: { readonly image?: string };
}

/** What such values come to. */
export function controlPlaneIn(values: HelmValues): ValuedControlPlane {
  const { service, replicas, storage, nodeSelector, tolerations, ...rest } = values as Values;
  const registry = rest.defaultImageRegistry;
  return {
    service,
    replicas: replicas ?? 1,
    volume: {
      persistence: storage?.persistence,
      storageSize: storage?.size,
      storageClass: storage?.className,
    },
    nodeSelector,
    tolerations,
    containers: [
      { resources: "vcluster.resources", image: `${registry ?? ""}${rest.vcluster?.image ?? ""}` },
      { resources: "syncer.resources" },
    ],
    registry,
  };
}
