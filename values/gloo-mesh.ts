import type { Input } from "@pulumi/pulumi";
import type { Exposure } from "./exposure.ts";
import { mirrored } from "./images.ts";
import { mergeValues } from "./merge.ts";

/** Where Solo.io's images are. */
const glooImages = "gcr.io/gloo-mesh";

export interface GlooMeshMgmtValuesArgs {
  /** Name of the management cluster: under it, resources stored there are known to workspaces. */
  readonly cluster: string;
  /** Solo.io license key; secret. */
  readonly licenseKey: Input<string>;
  readonly expose: Exposure;
  /** Mirror of all images; default: their own registries. */
  readonly imageRegistry?: string | undefined;
}

/** Values of chart `gloo-mesh-enterprise` 2.0.9. */
export function glooMeshMgmtValues(args: GlooMeshMgmtValuesArgs): Record<string, unknown> {
  const { cluster, licenseKey, expose, imageRegistry } = args;
  const own = {
    licenseKey,
    mgmtClusterName: cluster,
    glooMeshMgmtServer: {
      serviceType: expose,
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
  return imageRegistry === undefined ? own : mergeValues(own, mgmtImages(imageRegistry));
}

function mgmtImages(mirror: string): Record<string, unknown> {
  const gloo = { image: { registry: mirrored(glooImages, mirror) } };
  return {
    glooMeshMgmtServer: gloo,
    glooMeshUi: { ...gloo, sidecars: { console: gloo, envoy: gloo } },
    glooMeshRedis: { image: { registry: mirror } },
    prometheus: {
      server: { image: { repository: mirrored("quay.io/prometheus/prometheus", mirror) } },
      configmapReload: {
        prometheus: { image: { repository: mirrored("jimmidyson/configmap-reload", mirror) } },
      },
    },
  };
}

export interface GlooMeshAgentValuesArgs {
  /** Name of the workload cluster; must be the name of its KubernetesCluster. */
  readonly cluster: string;
  /** Address of the management server's relay, as `HOST:PORT`. */
  readonly relayAddress: Input<string>;
  /** Mirror of all images; default: their own registries. */
  readonly imageRegistry?: string | undefined;
}

/** Values of chart `gloo-mesh-agent` 2.0.9. */
export function glooMeshAgentValues({
  cluster,
  relayAddress,
  imageRegistry,
}: GlooMeshAgentValuesArgs): Record<string, unknown> {
  return {
    cluster,
    relay: { serverAddress: relayAddress },
    ...(imageRegistry === undefined
      ? {}
      : { glooMeshAgent: { image: { registry: mirrored(glooImages, imageRegistry) } } }),
  };
}

/** Namespace of the servers that some policies need. */
export const addOnsNamespace = "gloo-mesh-addons";

/** Values of chart `gloo-mesh-agent` 2.0.9 for a release that has no agent, and these servers, with their Redis. */
export function glooMeshAddOnsValues(servers: readonly string[]): Record<string, unknown> {
  return {
    glooMeshAgent: { enabled: false },
    ...Object.fromEntries(servers.map((server) => [server, { enabled: true }])),
  };
}
