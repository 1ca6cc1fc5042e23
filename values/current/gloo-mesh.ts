import { mirrored } from "../images.ts";
import {
  type GlooMeshAddOnsValuesArgs,
  type GlooMeshAgentValuesArgs,
  type GlooMeshMgmtValuesArgs,
  glooImages,
} from "../gloo-mesh.ts";
import { glooMeshNamespace } from "../gloo-resources.ts";
import { mergeValues } from "../merge.ts";

/** Under which key chart `gloo-platform` wants each kind of license key. */
const licenses = { trial: "glooTrialLicenseKey", mesh: "glooMeshLicenseKey" } as const;

/** What the chart would add to each cluster, and the lab does without, to stay small. */
const withoutInsights = {
  glooInsightsEngine: { enabled: false },
  glooAnalyzer: { enabled: false },
  telemetryGateway: { enabled: false },
  telemetryCollector: { enabled: false },
};

/** Values of chart `gloo-platform` 2.14.0 for the management cluster. */
export function glooMeshMgmtValues(args: GlooMeshMgmtValuesArgs): Record<string, unknown> {
  const { cluster, licenseKey, licenseKind, expose, imageRegistry } = args;
  const own = {
    common: { cluster },
    licensing: { [licenses[licenseKind]]: licenseKey },
    glooMgmtServer: {
      enabled: true,
      serviceType: expose,
      // The default, 8090, is also the port of the UI.
      ports: { healthcheck: 8091 },
      // The token is the lab's own, so that it is known before the release and the same on both sides.
      relay: { disableTokenGeneration: true },
    },
    glooUi: {
      enabled: true,
      serviceType: "ClusterIP",
      // The chart asks for 500m, a sixth of the article's whole machine.
      sidecars: { envoy: { resources: { requests: { cpu: "50m", memory: "64Mi" } } } },
    },
    redis: { deployment: { enabled: true } },
    prometheus: { enabled: true },
    ...withoutInsights,
  };
  return imageRegistry === undefined ? own : mergeValues(own, mgmtImages(imageRegistry));
}

function mgmtImages(mirror: string): Record<string, unknown> {
  const gloo = { image: { registry: mirrored(glooImages, mirror) } };
  return {
    glooMgmtServer: gloo,
    glooUi: { ...gloo, sidecars: { console: gloo, envoy: gloo } },
    redis: { deployment: gloo },
    prometheus: {
      server: { image: { repository: mirrored(`${glooImages}/prometheus`, mirror) } },
      configmapReload: {
        prometheus: {
          image: { repository: mirrored("quay.io/prometheus-operator/prometheus-config-reloader", mirror) },
        },
      },
    },
  };
}

/** Values of chart `gloo-platform` 2.14.0 for a workload cluster. */
export function glooMeshAgentValues(args: GlooMeshAgentValuesArgs): Record<string, unknown> {
  const { cluster, relayAddress, imageRegistry } = args;
  return {
    common: { cluster },
    glooAgent: {
      enabled: true,
      relay: {
        serverAddress: relayAddress,
        // The name in the management server's certificate, whatever its address is.
        authority: `gloo-mesh-mgmt-server.${glooMeshNamespace}`,
      },
      ...(imageRegistry === undefined ? {} : { image: { registry: mirrored(glooImages, imageRegistry) } }),
    },
    ...withoutInsights,
  };
}

/** Values of chart `gloo-platform` 2.14.0 for a release that has no agent, and these servers, with their Redis. */
export function glooMeshAddOnsValues(args: GlooMeshAddOnsValuesArgs): Record<string, unknown> {
  const { cluster, servers, imageRegistry } = args;
  const has = (server: (typeof servers)[number]): boolean => servers.includes(server);
  const own = {
    common: { cluster },
    glooAgent: { enabled: false },
    ...(has("ext-auth-service") ? { extAuthService: { enabled: true } } : {}),
    ...(has("rate-limiter") ? { rateLimiter: { enabled: true } } : {}),
    ...withoutInsights,
  };
  if (imageRegistry === undefined) return own;
  const gloo = { image: { registry: mirrored(glooImages, imageRegistry) } };
  return mergeValues(
    own,
    has("ext-auth-service") ? { extAuthService: { extAuth: gloo } } : {},
    has("rate-limiter") ? { rateLimiter: { rateLimiter: gloo, redis: gloo } } : {},
  );
}
