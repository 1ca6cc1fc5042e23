import { describe, expect, it } from "vitest";
import {
  glooMeshAddOnsValues,
  glooMeshAgentValues,
  glooMeshMgmtValues,
} from "../../../values/current/gloo-mesh.ts";
import { gatewayValues, istiodValues } from "../../../values/current/istio.ts";
import { vclusterValues } from "../../../values/current/vcluster.ts";
import { istioBuild } from "../../../values/istio.ts";
import { mergeValues } from "../../../values/merge.ts";
import type { VClusterValuesArgs } from "../../../values/vcluster.ts";

const withoutInsights = {
  glooInsightsEngine: { enabled: false },
  glooAnalyzer: { enabled: false },
  telemetryGateway: { enabled: false },
  telemetryCollector: { enabled: false },
};

describe("vcluster", () => {
  const controlPlane = { nodeSelector: {}, tolerations: [], persistence: true, storageSize: "5Gi" };
  const args: VClusterValuesArgs = {
    serviceCidr: "10.43.0.0/16",
    expose: "LoadBalancer",
    kubernetesImage: "loft-sh/kubernetes",
    kubernetes: "v1.35.0",
    controlPlane,
    resources: {},
    paused: false,
  };
  const plain = {
    controlPlane: {
      distro: { k8s: { enabled: true, image: { repository: "loft-sh/kubernetes", tag: "v1.35.0" } } },
      service: { spec: { type: "LoadBalancer" } },
      statefulSet: {
        image: { repository: "loft-sh/vcluster-oss" },
        resources: {
          limits: { cpu: "1", memory: "4Gi" },
          requests: { cpu: "100m", memory: "256Mi" },
        },
        persistence: { volumeClaim: { enabled: true, size: "5Gi" } },
      },
    },
    sync: { fromHost: { nodes: { enabled: true, selector: { all: true } } } },
    telemetry: { enabled: false },
  };
  const withSet = (statefulSet: object): object => ({ controlPlane: { statefulSet } });

  it("is exposed, on the image that is given, and finds out the host's range by itself", () => {
    expect(vclusterValues(args)).toEqual(plain);
  });

  it.each<[what: string, changes: Partial<VClusterValuesArgs>, values: object]>([
    [
      "on ports of nodes",
      { expose: "NodePort" },
      { controlPlane: { service: { spec: { type: "NodePort" } } } },
    ],
    [
      "paused, as vcluster's command line does it",
      { paused: true },
      withSet({
        highAvailability: { replicas: 0 },
        annotations: { "loft.sh/paused": "true", "loft.sh/paused-replicas": "1" },
      }),
    ],
    [
      "on nodes of its own",
      {
        controlPlane: {
          ...controlPlane,
          nodeSelector: { dedicated: "lab" },
          tolerations: [{ key: "dedicated", operator: "Exists" }],
        },
      },
      withSet({
        scheduling: {
          nodeSelector: { dedicated: "lab" },
          tolerations: [{ key: "dedicated", operator: "Exists" }],
        },
      }),
    ],
    [
      "on nodes of a label that any pod may be on",
      { controlPlane: { ...controlPlane, nodeSelector: { dedicated: "lab" } } },
      withSet({ scheduling: { nodeSelector: { dedicated: "lab" } } }),
    ],
    [
      "from a mirror, whose name the chart puts before a slash",
      { imageRegistry: "mirror.test/all" },
      { controlPlane: { advanced: { defaultImageRegistry: "mirror.test/all" } } },
    ],
    [
      "of images that take a login",
      { hasPullSecret: true },
      {
        controlPlane: {
          advanced: { serviceAccount: { imagePullSecrets: [{ name: "mesh-lab-registries" }] } },
        },
      },
    ],
    [
      "on volumes of a class and size",
      { controlPlane: { ...controlPlane, storageClass: "fast", storageSize: "1Gi" } },
      withSet({ persistence: { volumeClaim: { size: "1Gi", storageClass: "fast" } } }),
    ],
    [
      "with other resources, where these are given",
      { resources: { vcluster: { limits: { cpu: "2" }, requests: { memory: "1Gi" } } } },
      withSet({ resources: { limits: { cpu: "2" }, requests: { memory: "1Gi" } } }),
    ],
    [
      "with limits as high as what is asked for, where that is more than the lab's own",
      { resources: { vcluster: { requests: { cpu: "3" } } } },
      withSet({ resources: { limits: { cpu: "3" }, requests: { cpu: "3" } } }),
    ],
    [
      "of one container, whatever else is sized",
      { resources: { syncer: { limits: { cpu: "3" } } } },
      withSet({}),
    ],
  ])("is %s, and all else stays", (_, changes, values) => {
    expect(vclusterValues({ ...args, ...changes })).toEqual(
      mergeValues(plain, values as Record<string, unknown>),
    );
  });

  it("has no volume where it is to have none, and says no size of it", () => {
    const { controlPlane: given } = vclusterValues({
      ...args,
      controlPlane: { ...controlPlane, persistence: false },
    }) as typeof plain;
    expect(given.statefulSet).toEqual({
      ...plain.controlPlane.statefulSet,
      persistence: { volumeClaim: { enabled: false } },
    });
  });
});

describe("Gloo Mesh", () => {
  const args = { cluster: "mgmt", licenseKey: "key", licenseKind: "trial", expose: "LoadBalancer" } as const;
  const plain = {
    common: { cluster: "mgmt" },
    licensing: { glooTrialLicenseKey: "key" },
    glooMgmtServer: {
      enabled: true,
      serviceType: "LoadBalancer",
      ports: { healthcheck: 8091 },
      relay: { disableTokenGeneration: true },
    },
    glooUi: {
      enabled: true,
      serviceType: "ClusterIP",
      sidecars: { envoy: { resources: { requests: { cpu: "50m", memory: "64Mi" } } } },
    },
    redis: { deployment: { enabled: true } },
    prometheus: { enabled: true },
    ...withoutInsights,
  };

  it("has a management plane and no more, with the lab's own token", () => {
    expect(glooMeshMgmtValues(args)).toEqual(plain);
  });

  it.each([
    ["trial", { glooTrialLicenseKey: "key" }],
    ["mesh", { glooMeshLicenseKey: "key" }],
  ] as const)("is given a key of kind %s where it looks for one", (licenseKind, licensing) => {
    expect(glooMeshMgmtValues({ ...args, licenseKind })).toEqual({ ...plain, licensing });
  });

  it("is reached on ports of nodes, the UI never", () => {
    expect(glooMeshMgmtValues({ ...args, expose: "NodePort" })).toEqual({
      ...plain,
      glooMgmtServer: { ...plain.glooMgmtServer, serviceType: "NodePort" },
    });
  });

  it("comes from a mirror, all of it", () => {
    const gloo = { image: { registry: "mirror.test/gloo-mesh" } };
    expect(glooMeshMgmtValues({ ...args, imageRegistry: "mirror.test" })).toEqual(
      mergeValues(plain, {
        glooMgmtServer: gloo,
        glooUi: { ...gloo, sidecars: { console: gloo, envoy: gloo } },
        redis: { deployment: gloo },
        prometheus: {
          server: { image: { repository: "mirror.test/gloo-mesh/prometheus" } },
          configmapReload: {
            prometheus: {
              image: { repository: "mirror.test/prometheus-operator/prometheus-config-reloader" },
            },
          },
        },
      }),
    );
  });

  it.each<[what: string, imageRegistry: string | undefined, image: object]>([
    ["from its own registry", undefined, {}],
    ["from a mirror", "mirror.test", { image: { registry: "mirror.test/gloo-mesh" } }],
  ])("has an agent %s, which knows the relay by its name in the certificate", (_, imageRegistry, image) => {
    expect(glooMeshAgentValues({ cluster: "east", relayAddress: "10.0.0.1:9900", imageRegistry })).toEqual({
      common: { cluster: "east" },
      glooAgent: {
        enabled: true,
        relay: { serverAddress: "10.0.0.1:9900", authority: "gloo-mesh-mgmt-server.gloo-mesh" },
        ...image,
      },
      ...withoutInsights,
    });
  });

  const bare = { common: { cluster: "east" }, glooAgent: { enabled: false }, ...withoutInsights };
  const gloo = { image: { registry: "mirror.test/gloo-mesh" } };
  it.each<[servers: Parameters<typeof glooMeshAddOnsValues>[0]["servers"], own: object, mirrored: object]>([
    [
      ["ext-auth-service"],
      { extAuthService: { enabled: true } },
      { extAuthService: { enabled: true, extAuth: gloo } },
    ],
    [
      ["rate-limiter"],
      { rateLimiter: { enabled: true } },
      { rateLimiter: { enabled: true, rateLimiter: gloo, redis: gloo } },
    ],
    [
      ["ext-auth-service", "rate-limiter"],
      { extAuthService: { enabled: true }, rateLimiter: { enabled: true } },
      {
        extAuthService: { enabled: true, extAuth: gloo },
        rateLimiter: { enabled: true, rateLimiter: gloo, redis: gloo },
      },
    ],
  ])("has servers %j alone, without an agent", (servers, own, mirrored) => {
    expect(glooMeshAddOnsValues({ cluster: "east", servers })).toEqual({ ...bare, ...own });
    expect(glooMeshAddOnsValues({ cluster: "east", servers, imageRegistry: "mirror.test" })).toEqual({
      ...bare,
      ...mirrored,
    });
  });
});

describe("istiod", () => {
  const args = { cluster: "east", multiCluster: true, build: istioBuild("1.30.3") };
  const env = { PILOT_SKIP_VALIDATE_TRUST_DOMAIN: "true", DISABLE_SHADOW_HOST_SUFFIX: "false" };
  const pilot = {
    autoscaleEnabled: false,
    replicaCount: 1,
    env: { ...env, PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES: "false" },
    resources: { requests: { cpu: "10m", memory: "2048Mi" }, limits: { cpu: "500m", memory: "2048Mi" } },
  };
  const plain = {
    global: {
      hub: "docker.io/istio",
      tag: "1.30.3",
      meshID: "mesh1",
      multiCluster: { clusterName: "east" },
      defaultPodDisruptionBudget: { enabled: false },
    },
    meshConfig: {
      accessLogFile: "/dev/stdout",
      trustDomain: "east",
      defaultConfig: {
        holdApplicationUntilProxyStarts: true,
        proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true" },
      },
    },
    pilot,
  };

  it("is the cluster by every name, and its proxies send nothing to an agent that takes nothing", () => {
    expect(istiodValues(args)).toEqual(plain);
  });

  it("keeps services to their cluster where they are not to be reached from others", () => {
    expect(istiodValues({ ...args, multiCluster: false })).toEqual({ ...plain, pilot: { ...pilot, env } });
  });

  it("has another build, and other resources, where they are chosen", () => {
    const build = istioBuild("1.30.3", "solo.test/istio:1.30.3-solo");
    expect(istiodValues({ ...args, build, resources: { limits: { cpu: "2" } } })).toEqual({
      ...plain,
      global: { ...plain.global, hub: "solo.test/istio", tag: "1.30.3-solo" },
      pilot: { ...pilot, resources: { ...pilot.resources, limits: { cpu: "2", memory: "2048Mi" } } },
    });
  });
});

describe("gateways", () => {
  it.each([
    [
      "ingress",
      {
        name: "istio-ingressgateway",
        labels: { istio: "ingressgateway" },
        service: {
          type: "NodePort",
          ports: [
            { name: "http2", port: 80, targetPort: 8080 },
            { name: "https", port: 443, targetPort: 8443 },
          ],
        },
      },
    ],
    [
      "eastWest",
      {
        name: "istio-eastwestgateway",
        labels: { istio: "eastwestgateway" },
        service: {
          type: "NodePort",
          ports: [
            { name: "tcp-status-port", port: 15021, targetPort: 15021 },
            { name: "tls", port: 15443, targetPort: 15443 },
          ],
        },
      },
    ],
  ] as const)("%s has its name, label, ports and room for today's proxy", (gateway, own) => {
    const args = { gateway, replicas: 3, expose: "NodePort", proxies: "1" } as const;
    const plain = {
      ...own,
      replicaCount: 3,
      autoscaling: { enabled: false },
      podAnnotations: { "mesh-lab/proxies": "1" },
      securityContext: { runAsUser: 1337, runAsGroup: 1337, runAsNonRoot: true, fsGroup: 1337 },
      resources: { requests: { cpu: "10m", memory: "128Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
    };
    expect(gatewayValues(args)).toEqual(plain);
    expect(gatewayValues({ ...args, resources: { limits: { memory: "1Gi" } } })).toEqual({
      ...plain,
      resources: { ...plain.resources, limits: { cpu: "500m", memory: "1Gi" } },
    });
  });
});
