import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as resources from "../../values/gloo-resources.ts";
import { mergeValues } from "../../values/merge.ts";
import { glooMeshImages } from "../images/gloo-mesh.ts";
import {
  complaintsAbout,
  type Definition,
  glooKinds,
  glooPlatformKinds,
  type Schema,
} from "../../tests/unit/support/crds.ts";
import { type Case, describeCases } from "./support/chart-cases.ts";
import {
  argsOf,
  chartsDir,
  containersOf,
  decode,
  documents,
  find,
  type Manifest,
  refusal,
  render,
  serviceLine,
  template,
  titleOf,
  type Values,
} from "./support/charts.ts";
import { expectRelayCertificates } from "./support/relay-certificates.ts";

const chart = "gloo-platform";

/** One chart in three roles, each with the values of a lab. */
const cases = parse(
  `
management:
  chart: gloo-platform
  name: gloo-platform
  namespace: gloo-mesh
  values:
    common: { cluster: devmgmt }
    licensing: { glooTrialLicenseKey: key-of-the-test }
    glooMgmtServer: { enabled: true, serviceType: LoadBalancer, ports: { healthcheck: 8091 } }
    glooUi:
      enabled: true
      serviceType: ClusterIP
      sidecars: { envoy: { resources: { requests: { cpu: 50m, memory: 64Mi } } } }
    prometheus: { enabled: true }
    redis: { deployment: { enabled: true } }
    glooInsightsEngine: { enabled: false }
    glooAnalyzer: { enabled: false }
    telemetryGateway: { enabled: false }
    telemetryCollector: { enabled: false }
  objects:
    ServiceAccount: gloo-mesh-mgmt-server gloo-mesh-redis gloo-mesh-ui prometheus-server
    ClusterRole: gloo-mesh-mgmt-server-gloo-mesh gloo-mesh-ui-gloo-mesh prometheus-server
    ClusterRoleBinding: gloo-mesh-mgmt-server-gloo-mesh gloo-mesh-ui-gloo-mesh prometheus-server
    ConfigMap: prometheus-server
    Secret: >-
      license-keys relay-identity-token-secret relay-root-tls-secret relay-server-tls-secret relay-tls-signing-secret
    Service: gloo-mesh-mgmt-server gloo-mesh-redis gloo-mesh-ui prometheus-server
    Deployment: gloo-mesh-mgmt-server gloo-mesh-redis gloo-mesh-ui prometheus-server
  services:
    - "gloo-mesh-mgmt-server: LoadBalancer grpc:9900 healthcheck:8091"
    - "gloo-mesh-redis: ClusterIP redis:6379"
    - "gloo-mesh-ui: ClusterIP console:8090 grpc:10101 healthcheck:8081"
    - "prometheus-server: ClusterIP http:80>9090"
  containers:
    - gloo-mesh-mgmt-server/gloo-mesh-mgmt-server 125m 1Gi
    - gloo-mesh-redis/gloo-mesh-redis 125m 256Mi
    - gloo-mesh-ui/gloo-mesh-ui 125m 256Mi
    - gloo-mesh-ui/console 125m 256Mi
    - gloo-mesh-ui/envoy 50m 64Mi
    - prometheus-server/prometheus-server-configmap-reload - -
    - prometheus-server/prometheus-server - -

agent:
  chart: gloo-platform
  name: gloo-platform
  namespace: gloo-mesh
  values:
    common: { cluster: devcluster1 }
    glooAgent: { enabled: true, relay: { serverAddress: "10.0.0.1:9900" } }
  objects:
    ServiceAccount: gloo-mesh-agent
    ClusterRole: gloo-mesh-agent-gloo-mesh
    ClusterRoleBinding: gloo-mesh-agent-gloo-mesh
    Service: gloo-mesh-agent
    Deployment: gloo-mesh-agent
  services: ["gloo-mesh-agent: ClusterIP http:9988 stats:9091"]
  containers: [gloo-mesh-agent/gloo-mesh-agent 50m 128Mi]

addOns:
  chart: gloo-platform
  name: gloo-platform-addons
  namespace: gloo-mesh-addons
  values:
    common: { cluster: devcluster1 }
    glooAgent: { enabled: false }
    extAuthService: { enabled: true }
    rateLimiter: { enabled: true }
  objects:
    ServiceAccount: ext-auth-service rate-limiter redis
    Service: ext-auth-service rate-limiter redis
    Deployment: ext-auth-service rate-limiter redis
  services: ["ext-auth-service: ClusterIP grpc:8083", "rate-limiter: ClusterIP grpc:8083", "redis: ClusterIP redis:6379"]
  containers: [ext-auth-service/ext-auth-service 125m 256Mi, rate-limiter/rate-limiter 125m 256Mi, redis/redis - -]
`,
) as Record<"management" | "agent" | "addOns", Case>;

const prometheus = { app: "prometheus", component: "server", release: "gloo-platform" };
const rendered = describeCases("a lab's", cases, {
  "Service prometheus-server": prometheus,
  "Deployment prometheus-server": prometheus,
});

describe("the chart of Gloo Platform", () => {
  it("has a version of its own, and so has that of its kinds", () => {
    for (const name of [chart, "gloo-platform-crds"]) {
      const manifest: unknown = parse(readFileSync(join(chartsDir, name, "Chart.yaml"), "utf8"));
      expect(manifest).toMatchObject({ name, version: "2.14.0" });
    }
  });

  it("renders nothing that it is not asked for", async () => {
    await expect(render({ ...cases.agent, values: { common: { cluster: "devmgmt" } } })).resolves.toEqual([]);
  });

  it("makes certificates that verify", () => {
    expectRelayCertificates(rendered.management);
  });

  it("makes a token", () => {
    const { token } = find(rendered.management, "Secret", "relay-identity-token-secret").data ?? {};
    expect(decode(token)).toMatch(/^\w{32}$/);
  });

  it("keeps every license key that it is given", async () => {
    const manifests = await render({
      ...cases.management,
      values: {
        ...cases.management.values,
        licensing: { glooMeshLicenseKey: "mesh", glooGatewayLicenseKey: "gateway" },
      },
    });
    const keysOf = (from: readonly Manifest[]) =>
      Object.entries(find(from, "Secret", "license-keys").data ?? {}).map(([name, key]) => [
        name,
        decode(key),
      ]);
    expect(keysOf(rendered.management)).toEqual([["gloo-trial-license-key", "key-of-the-test"]]);
    expect(keysOf(manifests)).toEqual([
      ["gloo-gateway-license-key", "gateway"],
      ["gloo-mesh-license-key", "mesh"],
    ]);
  });

  it("leaves to the user what the user brings, and lays the user's overrides over", async () => {
    const manifests = await render({
      ...cases.management,
      values: {
        common: { cluster: "devmgmt" },
        licensing: { licenseSecretName: "mine" },
        glooMgmtServer: {
          enabled: true,
          serviceType: "NodePort",
          relay: { disableCaCertGeneration: true, disableTokenGeneration: true },
          serviceOverrides: { metadata: { annotations: { given: "too" } } },
          deploymentOverrides: { spec: { replicas: 2 } },
        },
      },
    });
    expect(manifests.map(titleOf).filter((title) => /^(Secret|Deployment)/.test(title))).toEqual([
      "Deployment gloo-mesh-mgmt-server",
    ]);
    const service = find(manifests, "Service", "gloo-mesh-mgmt-server");
    expect(serviceLine(service)).toBe("gloo-mesh-mgmt-server: NodePort grpc:9900 healthcheck:8090");
    expect(service.metadata).toMatchObject({ annotations: { given: "too" } });
    const server = find(manifests, "Deployment", "gloo-mesh-mgmt-server");
    expect(server.spec).toMatchObject({ replicas: 2 });
    expect(argsOf(server, "gloo-mesh-mgmt-server")).toContain("--license-secret-name=mine");
  });

  it("serves what the management server counts from the pod alone", () => {
    const [server] = containersOf(find(rendered.management, "Deployment", "gloo-mesh-mgmt-server"));
    expect(server?.ports).toContainEqual({ name: "stats", containerPort: 9091 });
  });

  it("tells the agent who it is and where the relay is, and mounts none of its secrets", () => {
    const agent = find(rendered.agent, "Deployment", "gloo-mesh-agent");
    expect(argsOf(agent, "gloo-mesh-agent")).toEqual([
      "--cluster=devcluster1",
      "--relay-address=10.0.0.1:9900",
      "--relay-authority=gloo-mesh-mgmt-server.gloo-mesh",
      "--relay-root-tls-secret=relay-root-tls-secret",
      "--relay-root-tls-namespace=gloo-mesh",
      "--relay-token-secret=relay-identity-token-secret",
      "--relay-token-namespace=gloo-mesh",
      "--relay-token-key=token",
      "--relay-client-tls-secret=relay-client-tls-secret",
      "--relay-client-tls-namespace=gloo-mesh",
      "--http-port=9988",
      "--stats-port=9091",
    ]);
    expect(agent.spec?.template?.spec).not.toHaveProperty("volumes");
  });

  it("runs images that all are known, and knows no others", () => {
    const images = Object.values(rendered)
      .flatMap((manifests) => manifests.flatMap(containersOf))
      .map(({ image }) => image);
    expect([...new Set(images)].sort()).toEqual(glooMeshImages.map(({ image }) => image).sort());
  });

  it("tells the program of each container on which of its ports it is to listen", async () => {
    const manifests = await render({
      ...cases.management,
      values: mergeValues(cases.management.values, {
        glooMgmtServer: { ports: { grpc: 1, healthcheck: 2 }, statsPort: 3 },
        glooUi: { ports: { console: 4, grpc: 5, healthcheck: 6 } },
        redis: { deployment: { ports: { redis: 7 } } },
      }),
    });
    const told = manifests
      .flatMap(containersOf)
      .flatMap(({ name, args = [] }) =>
        args.filter((arg) => /(-port|-address)=/.test(arg)).map((arg) => `${name} ${arg}`),
      );
    expect(told).toEqual([
      "gloo-mesh-mgmt-server --grpc-port=1",
      "gloo-mesh-mgmt-server --healthcheck-port=2",
      "gloo-mesh-mgmt-server --stats-port=3",
      "gloo-mesh-redis --redis-port=7",
      "gloo-mesh-ui --mgmt-server-address=gloo-mesh-mgmt-server:2",
      "gloo-mesh-ui --grpc-port=5",
      "gloo-mesh-ui --healthcheck-port=6",
      "console --apiserver-address=127.0.0.1:5",
      "envoy --console-port=4",
    ]);
  });

  it("asks every container with a port of its own whether it is ready", () => {
    const asked = Object.values(rendered)
      .flatMap((manifests) => manifests.flatMap(containersOf))
      .filter((container) => "readinessProbe" in container)
      .map(({ name }) => name);
    expect(asked.sort()).toEqual([
      "envoy",
      "ext-auth-service",
      "gloo-mesh-agent",
      "gloo-mesh-mgmt-server",
      "gloo-mesh-redis",
      "gloo-mesh-ui",
      "prometheus-server",
      "rate-limiter",
      "redis",
    ]);
  });

  it("brings Redis with either server", async () => {
    const deployments = async (values: Values) =>
      (await render({ ...cases.addOns, values: { common: { cluster: "devcluster1" }, ...values } }))
        .filter(({ kind }) => kind === "Deployment")
        .map(({ metadata }) => metadata.name);
    await expect(deployments({ extAuthService: { enabled: true } })).resolves.toEqual([
      "ext-auth-service",
      "redis",
    ]);
    await expect(deployments({ rateLimiter: { enabled: true } })).resolves.toEqual(["rate-limiter", "redis"]);
  });

  const wanted: readonly [role: keyof typeof cases, without: Values, message: string][] = [
    ["management", { common: {} }, "common.cluster must be set"],
    ["agent", { common: {} }, "common.cluster must be set"],
    ["addOns", { common: {} }, "common.cluster must be set"],
    ["management", { licensing: {} }, "licensing must have a key"],
    ["agent", { glooAgent: { enabled: true } }, "glooAgent.relay.serverAddress must be set"],
  ];
  it.each(wanted)("wants to know what it cannot guess (%s, %j)", async (role, without, message) => {
    const { values } = cases[role];
    await expect(template({ ...cases[role], values: { ...values, ...without } })).rejects.toThrow(message);
  });

  it("pulls every image from a mirror, where there is one", async () => {
    const mirror = parse(`
image: &gloo { registry: mirror.test/all/gloo-mesh }
management:
  glooMgmtServer: { image: *gloo }
  glooUi: { image: *gloo, sidecars: { console: { image: *gloo }, envoy: { image: *gloo } } }
  redis: { deployment: { image: *gloo } }
  prometheus:
    server: { image: { repository: mirror.test/all/gloo-mesh/prometheus } }
    configmapReload:
      prometheus: { image: { repository: mirror.test/all/prometheus-operator/prometheus-config-reloader } }
agent:
  glooAgent: { image: *gloo }
addOns:
  extAuthService: { extAuth: { image: *gloo } }
  rateLimiter: { rateLimiter: { image: *gloo }, redis: { image: *gloo } }
`) as Record<keyof typeof cases, Values>;
    const manifests = await Promise.all(
      (["management", "agent", "addOns"] as const).map((role) =>
        render({ ...cases[role], values: mergeValues(cases[role].values, mirror[role]) }),
      ),
    );
    const images = manifests.flat().flatMap(containersOf);
    expect(images).toHaveLength(11);
    for (const { image } of images) expect(image).toMatch(/^mirror\.test\/all\//);
  });

  // Each wrong key or type, and where the complaint about it must point; the first three are those of 2.0.
  const mistakes = parse(`
- [{ licenseKey: a }, "'licenseKey'"]
- [{ mgmtClusterName: a }, "'mgmtClusterName'"]
- [{ glooMeshMgmtServer: {} }, "'glooMeshMgmtServer'"]
- [{ glooMeshUi: {}, glooMeshRedis: {}, glooMeshAgent: {} }, "'glooMeshAgent'"]
- [{ rate-limiter: {}, ext-auth-service: {} }, "'rate-limiter'"]
- [{ common: { clusterName: a } }, "at '/common': additional properties 'clusterName'"]
- [{ licensing: { licenseKey: a } }, "at '/licensing': additional properties 'licenseKey'"]
- [{ glooMgmtServer: { relay: { disableCA: true } } }, "at '/glooMgmtServer/relay': additional properties 'disableCA'"]
- [{ glooUi: { sidecars: { envoi: {} } } }, "at '/glooUi/sidecars': additional properties 'envoi'"]
- [{ redis: { enabled: true } }, "at '/redis': additional properties 'enabled'"]
- [{ glooAgent: { relay: { cluster: a } } }, "at '/glooAgent/relay': additional properties 'cluster'"]
- [{ extAuthService: { image: {} } }, "at '/extAuthService': additional properties 'image'"]
- [{ rateLimiter: { enabled: "yes" } }, "at '/rateLimiter/enabled': got string, want boolean"]
- [{ telemetryCollector: { enabled: true } }, "at '/telemetryCollector/enabled': value must be false"]
`) as [Values, string][];
  it("refuses what it does not know", async () => {
    const message = await refusal(chart, mergeValues(...mistakes.map(([wrong]) => wrong)));
    for (const [, complaint] of mistakes) expect(message).toContain(complaint);
  });
});

describe("the custom resources of Gloo Platform", () => {
  let kinds: ReadonlyMap<string, Definition>;
  beforeAll(() => {
    kinds = glooPlatformKinds();
  });

  const schemaOf = (kind: string, ...path: readonly string[]): Schema | undefined =>
    path.reduce<Schema | undefined>(
      (schema, key) => (key === "[]" ? schema?.items : schema?.properties?.[key]),
      kinds.get(kind)?.spec.versions[0]?.schema.openAPIV3Schema,
    );
  const rulesOf = (schema: Schema | undefined): readonly string[] =>
    (schema?.["x-kubernetes-validations"] ?? []).map(({ rule }) => rule);

  it("are those of the article, of the same scope, groups and version", () => {
    const told = (all: ReadonlyMap<string, Definition>) =>
      [...all.values()].map(({ metadata: { name }, spec: { group, scope, names, versions } }) => ({
        name,
        group,
        scope,
        names,
        versions: versions.map(({ name, storage }) => ({ name, storage })),
      }));
    expect(told(kinds)).toEqual(told(glooKinds));
  });

  it("are templates, so that an upgrade of the release is one of them", async () => {
    const text = await template({
      chart: "gloo-platform-crds",
      name: "crds",
      namespace: "gloo-mesh",
      values: {},
    });
    const labels = documents(text).map((one) => (one as Manifest).metadata.labels?.["app"]);
    expect(labels).toEqual(Array.from({ length: kinds.size }, () => "gloo-mesh-apis"));
  });

  it("take what the lab writes", () => {
    const gateway = { name: "north-south-gw", namespace: "istio-gateways", cluster: "devcluster1" };
    const lab = [
      resources.kubernetesCluster("devcluster1"),
      resources.workspace("developers"),
      resources.workspaceSettings("developers"),
      resources.globalSettings(),
      resources.rootTrustPolicy(),
      resources.virtualGateway(gateway.name, gateway.namespace, gateway.cluster),
      resources.routeTable({ service: "productpage", namespace: "bookinfo", port: 9080, gateway }),
    ];
    for (const { kind, spec } of lab) expect(complaintsAbout(kind, spec, kinds)).toEqual([]);
  });

  it("have the state of an object under common, but for two that have kept theirs", () => {
    const old: string[] = [];
    for (const kind of kinds.keys()) {
      const state = schemaOf(kind, "status", "common", "State") ?? schemaOf(kind, "status");
      if (schemaOf(kind, "status", "common") === undefined) old.push(kind);
      const approval = state?.properties?.["approval"] ?? state?.properties?.["state"];
      expect(approval?.enum).toContain("UNLICENSED");
      expect(state?.properties?.["observedGeneration"]?.type).toBe("integer");
    }
    expect(old).toEqual(["RootTrustPolicy", "RateLimitServerSettings"]);
  });

  it("let a route table select workloads by labels only", () => {
    const item = schemaOf("RouteTable", "spec", "workloadSelectors", "[]");
    expect(rulesOf(item)).toEqual(["!has(self.kind) || self.kind == 'KUBE'"]);
    expect(rulesOf(item?.properties?.["selector"])).toEqual([
      "!has(self.name) && !has(self.__namespace__) && !has(self.cluster) && !has(self.workspace)",
    ]);
    // What selects gateways still may say where they are.
    expect(rulesOf(schemaOf("VirtualGateway", "spec", "workloads", "[]", "selector"))).toEqual([]);
  });

  it.each([
    ["FaultInjectionPolicy", ["config"], "has(self.delay) || has(self.abort)"],
    ["RetryTimeoutPolicy", ["config"], "has(self.retries) || has(self.requestTimeout)"],
    ["OutlierDetectionPolicy", ["applyToDestinations", "[]"], "has(self.kind) && self.kind != 'SERVICE'"],
    ["VirtualGateway", ["listeners", "[]", "port"], "has(self.number) || has(self.name)"],
  ] as const)("have a rule for %s in %j", (kind, path, rule) => {
    expect(rulesOf(schemaOf(kind, "spec", ...path))).toContain(rule);
  });

  it.each([
    ["VirtualDestination", "{ hosts: [a] }", "ports is missing"],
    ["VirtualDestination", "{ ports: [{ protocol: HTTP }] }", "ports.number is missing"],
    ["VirtualDestination", "{ ports: [{ number: 9080 }] }", "ports.protocol is missing"],
    ["VirtualGateway", "{ listeners: [{ http: {} }] }", "listeners.port is missing"],
    [
      "FaultInjectionPolicy",
      "{ config: { delay: { percentage: 1 } } }",
      "config.delay.fixedDelay is missing",
    ],
    ["RetryTimeoutPolicy", "{ applyToRoutes: [] }", "config is missing"],
    ["RouteTable", "{ http: [{ forwardTo: { hostRewrite: a } }] }", "http.forwardTo.hostRewrite is unknown"],
  ] as const)("refuse in a %s %s", (kind, spec, complaint) => {
    expect(complaintsAbout(kind, parse(spec), kinds)).toEqual([`${kind}.spec.${complaint}`]);
  });

  it("are checked at admission unless that is turned off", async () => {
    const release = { chart: "gloo-platform-crds", name: "crds", namespace: "gloo-mesh" };
    const text = await template({ ...release, values: { disableAdmissionValidation: true } });
    expect(text).not.toContain("x-kubernetes-validations");
  });

  it("are all or none", async () => {
    const message = await refusal("gloo-platform-crds", { installEnterpriseCrds: false, installCrds: true });
    expect(message).toContain("at '/installEnterpriseCrds': value must be true");
    expect(message).toContain("'installCrds'");
  });
});
