import type { HelmValues } from "../merge.ts";
import { withChosen } from "../resources.ts";
import {
  pausedAnnotations,
  pullSecretName,
  type Toleration,
  type ValuedControlPlane,
  type VClusterValuesArgs,
} from "../vcluster.ts";

/** Values of chart `vcluster` 0.36.1, whose schema refuses every key that it does not know. */
export function vclusterValues(args: VClusterValuesArgs): Record<string, unknown> {
  const { expose, kubernetesImage, kubernetes, controlPlane, resources, paused, imageRegistry } = args;
  const { nodeSelector, tolerations, persistence, storageClass, storageSize } = controlPlane;
  const scheduling = {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
  };
  const advanced = {
    // No slash at its end: the chart writes one.
    ...(imageRegistry === undefined ? {} : { defaultImageRegistry: imageRegistry }),
    // The accounts of the control plane, and of all pods inside, as they run on the host.
    ...(args.hasPullSecret === true
      ? { serviceAccount: { imagePullSecrets: [{ name: pullSecretName }] } }
      : {}),
  };
  return {
    controlPlane: {
      // The range of the host's ClusterIPs is left out: vcluster finds it out.
      distro: { k8s: { enabled: true, image: { repository: kubernetesImage, tag: kubernetes } } },
      service: { spec: { type: expose } },
      ...(Object.keys(advanced).length === 0 ? {} : { advanced }),
      statefulSet: {
        // The chart's own has what takes a license, too.
        image: { repository: "loft-sh/vcluster-oss" },
        ...(paused ? { highAvailability: { replicas: 0 }, annotations: pausedAnnotations(1) } : {}),
        resources: withChosen(
          {
            limits: { cpu: "1", memory: "4Gi" },
            requests: { cpu: "100m", memory: "256Mi" },
          },
          resources.vcluster,
        ),
        persistence: {
          volumeClaim: {
            enabled: persistence,
            ...(persistence ? { size: storageSize } : {}),
            ...(storageClass === undefined ? {} : { storageClass }),
          },
        },
        ...(Object.keys(scheduling).length === 0 ? {} : { scheduling }),
      },
    },
    // Istio takes the places of endpoints from nodes, and looks at their versions.
    sync: { fromHost: { nodes: { enabled: true, selector: { all: true } } } },
    telemetry: { enabled: false },
  };
}

interface Values {
  readonly controlPlane?: {
    readonly advanced?: { readonly defaultImageRegistry?: string };
    readonly distro?: { readonly k8s?: { readonly image?: Image } };
    readonly service?: unknown;
    readonly statefulSet?: {
      readonly image?: Image;
      readonly highAvailability?: { readonly replicas?: number };
      readonly persistence?: { readonly volumeClaim?: VolumeClaim };
      readonly scheduling?: {
        readonly nodeSelector?: Readonly<Record<string, string>>;
        readonly tolerations?: readonly Toleration[];
      };
    };
  };
}

interface Image {
  readonly registry?: string;
  readonly repository?: string;
  readonly tag?: string;
}

interface VolumeClaim {
  readonly enabled?: boolean;
  readonly size?: string;
  readonly storageClass?: string;
}

/** What such values come to. */
export function controlPlaneIn(values: HelmValues): ValuedControlPlane {
  const { advanced, service, statefulSet = {} } = (values as Values).controlPlane ?? {};
  const { highAvailability, persistence, scheduling } = statefulSet;
  const { enabled, size, storageClass } = persistence?.volumeClaim ?? {};
  const registry = advanced?.defaultImageRegistry;
  return {
    service,
    replicas: highAvailability?.replicas ?? 1,
    volume: { persistence: enabled, storageSize: size, storageClass },
    nodeSelector: scheduling?.nodeSelector,
    tolerations: scheduling?.tolerations,
    containers: [{ resources: "controlPlane.statefulSet.resources" }],
    registry: registry === undefined ? undefined : `${registry}/`,
  };
}
