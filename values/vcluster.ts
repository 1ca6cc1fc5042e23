import { images } from "../versions.ts";

export interface VClusterValuesArgs {
  /** Range of the host's ClusterIPs, e.g. `10.96.0.0/12`. */
  readonly serviceCidr: string;
}

/** Values of chart `vcluster` 0.10.2: the article's, and what its command line adds to them. */
export function vclusterValues({ serviceCidr }: VClusterValuesArgs): Record<string, unknown> {
  return {
    // Must be given: on hosts of Kubernetes 1.33 and newer 0.10.2 cannot find it out, falls back to 10.96.0.0/12
    // without a word, and its syncer crash-loops where the host's range is another.
    serviceCIDR: serviceCidr,
    service: { type: "LoadBalancer" },
    isolation: {
      enabled: false,
      limitRange: { enabled: false },
      podSecurityStandard: "privileged",
      resourceQuota: { enabled: false },
    },
    // Lets the syncer see the host's nodes, which `--sync-all-nodes` needs.
    rbac: { clusterRole: { create: true } },
    syncer: {
      resources: {
        limits: { cpu: "100m", memory: "1Gi" },
        requests: { cpu: "100m", memory: "128Mi" },
      },
      extraArgs: ["--fake-nodes=false", "--sync-all-nodes"],
    },
    vcluster: {
      image: images.k3s,
      resources: {
        limits: { cpu: "200m", memory: "2Gi" },
        requests: { cpu: "100m", memory: "256Mi" },
      },
      extraArgs: [
        "--kubelet-arg=allowed-unsafe-sysctls=net.ipv4.*",
        "--kube-apiserver-arg=feature-gates=EphemeralContainers=true",
        "--kube-scheduler-arg=feature-gates=EphemeralContainers=true",
        "--kubelet-arg=feature-gates=EphemeralContainers=true",
      ],
    },
  };
}
