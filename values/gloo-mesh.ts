import type { Input } from "@pulumi/pulumi";

export interface GlooMeshMgmtValuesArgs {
  /** Name of the management cluster: under it, resources stored there are known to workspaces. */
  readonly cluster: string;
  /** Solo.io license key; secret. */
  readonly licenseKey: Input<string>;
}

/** Values of chart `gloo-mesh-enterprise` 2.0.9. */
export function glooMeshMgmtValues({ cluster, licenseKey }: GlooMeshMgmtValuesArgs): Record<string, unknown> {
  return {
    licenseKey,
    mgmtClusterName: cluster,
    glooMeshMgmtServer: {
      serviceType: "LoadBalancer",
      // The default, 8090, is also the port of the UI.
      ports: { healthcheck: 8091 },
      // The token is the lab's own, so that it is known before the release and the same on both sides.
      relay: { disableTokenGeneration: true },
    },
    glooMeshUi: {
      serviceType: "ClusterIP",
      // The chart asks for 500m, a sixth of the article's whole machine.
      sidecars: { envoy: { resources: { requests: { cpu: "50m", memory: "64Mi" } } } },
    },
  };
}

export interface GlooMeshAgentValuesArgs {
  /** Name of the workload cluster; must be the name of its KubernetesCluster. */
  readonly cluster: string;
  /** Address of the management server's relay, as `HOST:PORT`. */
  readonly relayAddress: Input<string>;
}

/** Values of chart `gloo-mesh-agent` 2.0.9. */
export function glooMeshAgentValues({
  cluster,
  relayAddress,
}: GlooMeshAgentValuesArgs): Record<string, unknown> {
  return { cluster, relay: { serverAddress: relayAddress } };
}
