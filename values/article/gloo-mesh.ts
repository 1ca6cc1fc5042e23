import { mirrored } from "../images.ts";
import {
  type GlooMeshAddOnsValuesArgs,
  type GlooMeshAgentValuesArgs,
  type GlooMeshMgmtValuesArgs,
  glooImages,
} from "../gloo-mesh.ts";
import { mergeValues } from "../merge.ts";

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

/** Values of chart `gloo-mesh-agent` 2.0.9 for a release that has no agent, and these servers, with their Redis. */
export function glooMeshAddOnsValues({ servers }: GlooMeshAddOnsValuesArgs): Record<string, unknown> {
  return {
    glooMeshAgent: { enabled: false },
    ...Object.fromEntries(servers.map((server) => [server, { enabled: true }])),
  };
}
