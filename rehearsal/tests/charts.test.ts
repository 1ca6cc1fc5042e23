import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { chartPins } from "../../versions/charts.ts";
import {
  glooMeshAddOnsValues,
  glooMeshAgentValues,
  glooMeshMgmtValues,
} from "../../values/article/gloo-mesh.ts";
import { gatewayValues, istiodValues } from "../../values/article/istio.ts";
import { vclusterValues } from "../../values/article/vcluster.ts";
import * as resources from "../../values/gloo-resources.ts";
import { istioBuild } from "../../values/istio.ts";
import { versionSets } from "../../versions/versions.ts";
import { complaintsAbout, glooKinds } from "../../tests/unit/support/crds.ts";
import { type Case, describeCases } from "./support/chart-cases.ts";
import {
  argsOf,
  chartsDir,
  containersOf,
  decode,
  documents,
  type Expression,
  find,
  folderOf,
  type Labels,
  type Manifest,
  refusal,
  type Release,
  render,
  serviceLine,
  template,
  titleOf,
  type Values,
} from "./support/charts.ts";
import { expectRelayCertificates } from "./support/relay-certificates.ts";

type CaseName = "vcluster" | "management" | "agent" | "addOns" | "base" | "istiod" | "ingress" | "eastWest";

const cases = parse(
  `
vcluster:
  chart: vcluster
  name: devmgmt
  namespace: devmgmt
  values:
    serviceCIDR: 10.96.0.0/16
    service: { type: LoadBalancer }
    isolation:
      enabled: false
      limitRange: { enabled: false }
      podSecurityStandard: privileged
      resourceQuota: { enabled: false }
    rbac: { clusterRole: { create: true } }
    syncer:
      resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { cpu: 100m, memory: 1Gi } }
      extraArgs: [--fake-nodes=false, --sync-all-nodes]
    vcluster:
      image: rancher/k3s:v1.22.5-k3s1
      resources: { requests: { cpu: 100m, memory: 256Mi }, limits: { cpu: 200m, memory: 2Gi } }
      extraArgs: ["--kubelet-arg=allowed-unsafe-sysctls=net.ipv4.*"]
  objects:
    ServiceAccount: vc-devmgmt vc-workload-devmgmt
    Role: devmgmt
    RoleBinding: devmgmt
    ClusterRole: vc-devmgmt-v-devmgmt
    ClusterRoleBinding: vc-devmgmt-v-devmgmt
    ConfigMap: devmgmt-coredns devmgmt-init-manifests
    Service: devmgmt devmgmt-headless
    StatefulSet: devmgmt
  services: ["devmgmt: LoadBalancer https:443>8443", "devmgmt-headless: ClusterIP https:443>8443"]
  containers: [devmgmt/vcluster 100m 256Mi, devmgmt/syncer 100m 128Mi]

management:
  chart: gloo-mesh-enterprise
  name: gloo-mesh-enterprise
  namespace: gloo-mesh
  values: { licenseKey: key-of-the-test, mgmtClusterName: devmgmt }
  objects:
    ServiceAccount: gloo-mesh-mgmt-server gloo-mesh-redis gloo-mesh-ui prometheus-server
    ClusterRole: gloo-mesh-mgmt-server-gloo-mesh gloo-mesh-ui-gloo-mesh prometheus-server
    ClusterRoleBinding: gloo-mesh-mgmt-server-gloo-mesh gloo-mesh-ui-gloo-mesh prometheus-server
    ConfigMap: prometheus-server
    Secret: >-
      gloo-mesh-enterprise-license relay-identity-token-secret relay-root-tls-secret relay-server-tls-secret
      relay-tls-signing-secret
    Service: gloo-mesh-mgmt-server gloo-mesh-redis gloo-mesh-ui prometheus-server
    Deployment: gloo-mesh-mgmt-server gloo-mesh-redis gloo-mesh-ui prometheus-server
  services:
    - "gloo-mesh-mgmt-server: LoadBalancer grpc:9900 healthcheck:8090 stats:9091"
    - "gloo-mesh-redis: ClusterIP redis:6379"
    - "gloo-mesh-ui: ClusterIP console:8090 grpc:10101 healthcheck:8081"
    - "prometheus-server: ClusterIP http:80>9090"
  containers:
    - gloo-mesh-mgmt-server/gloo-mesh-mgmt-server 125m 256Mi
    - gloo-mesh-redis/gloo-mesh-redis 125m 256Mi
    - gloo-mesh-ui/gloo-mesh-ui 125m 256Mi
    - gloo-mesh-ui/console 125m 256Mi
    - gloo-mesh-ui/envoy 500m 256Mi
    - prometheus-server/prometheus-server-configmap-reload - -
    - prometheus-server/prometheus-server - -

agent:
  chart: gloo-mesh-agent
  name: gloo-mesh-agent
  namespace: gloo-mesh
  values: { cluster: devcluster1, relay: { serverAddress: "10.0.0.1:9900" } }
  objects:
    ServiceAccount: gloo-mesh-agent
    ClusterRole: gloo-mesh-agent-gloo-mesh
    ClusterRoleBinding: gloo-mesh-agent-gloo-mesh
    Service: gloo-mesh-agent
    Deployment: gloo-mesh-agent
  services: ["gloo-mesh-agent: ClusterIP grpc:9977 http:9988 stats:9091"]
  containers: [gloo-mesh-agent/gloo-mesh-agent 50m 128Mi]

addOns:
  chart: gloo-mesh-agent
  name: gloo-mesh-agent-addons
  namespace: gloo-mesh-addons
  values: { glooMeshAgent: { enabled: false }, rate-limiter: { enabled: true }, ext-auth-service: { enabled: true } }
  objects:
    ServiceAccount: ext-auth-service rate-limiter redis
    Service: ext-auth-service rate-limiter redis
    Deployment: ext-auth-service rate-limiter redis
  services: ["ext-auth-service: ClusterIP grpc:8083", "rate-limiter: ClusterIP grpc:8083", "redis: ClusterIP redis:6379"]
  containers: [ext-auth-service/ext-auth-service - -, rate-limiter/rate-limiter - -, redis/redis - -]

base:
  chart: base
  name: istio-base
  namespace: istio-system
  values: {}
  objects:
    ServiceAccount: istio-reader-service-account istiod-service-account
    ClusterRole: istio-reader-istio-system istiod-istio-system
    ClusterRoleBinding: istio-reader-istio-system istiod-istio-system
    Role: istiod-istio-system
    RoleBinding: istiod-istio-system
    ValidatingWebhookConfiguration: istiod-default-validator

istiod:
  chart: istiod
  name: istiod
  namespace: istio-system
  values:
    global: { meshID: mesh1, multiCluster: { clusterName: devcluster1 } }
    meshConfig:
      accessLogFile: /dev/stdout
      trustDomain: devcluster1
      defaultConfig:
        holdApplicationUntilProxyStarts: true
        envoyMetricsService: { address: "gloo-mesh-agent.gloo-mesh:9977" }
        envoyAccessLogService: { address: "gloo-mesh-agent.gloo-mesh:9977" }
        proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true", GLOO_MESH_CLUSTER_NAME: devcluster1 }
    pilot:
      autoscaleEnabled: false
      replicaCount: 1
      env: { PILOT_SKIP_VALIDATE_TRUST_DOMAIN: "true" }
      resources: { requests: { cpu: 10m, memory: 2048Mi }, limits: { cpu: 10m, memory: 2048Mi } }
  objects:
    ServiceAccount: istiod
    ClusterRole: &roles >-
      istio-reader-clusterrole-istio-system istiod-clusterrole-istio-system istiod-gateway-controller-istio-system
    ClusterRoleBinding: *roles
    Role: istiod
    RoleBinding: istiod
    ConfigMap: istio istio-sidecar-injector
    PodDisruptionBudget: istiod
    Service: istiod
    Deployment: istiod
    MutatingWebhookConfiguration: istio-sidecar-injector
    EnvoyFilter: >-
      stats-filter-1.10 stats-filter-1.11 stats-filter-1.12
      tcp-stats-filter-1.10 tcp-stats-filter-1.11 tcp-stats-filter-1.12
  services: ["istiod: ClusterIP grpc-xds:15010 http-monitoring:15014 https-dns:15012 https-webhook:443>15017"]
  containers: [istiod/discovery 10m 2048Mi]

ingress:
  chart: gateway
  name: istio-ingressgateway
  namespace: istio-gateways
  values:
    <<: &gateway
      replicaCount: 1
      autoscaling: { enabled: false }
      securityContext: { runAsUser: 1337, runAsGroup: 1337, runAsNonRoot: true, fsGroup: 1337 }
      resources: { requests: { cpu: 10m, memory: 128Mi }, limits: { cpu: 10m, memory: 128Mi } }
    name: istio-ingressgateway
    labels: { istio: ingressgateway }
    service:
      type: LoadBalancer
      ports: [{ port: 80, targetPort: 8080, name: http2 }, { port: 443, targetPort: 8443, name: https }]
  objects:
    ServiceAccount: istio-ingressgateway
    Role: istio-ingressgateway
    RoleBinding: istio-ingressgateway
    Service: istio-ingressgateway
    Deployment: istio-ingressgateway
  services: ["istio-ingressgateway: LoadBalancer http2:80>8080 https:443>8443"]
  containers: [istio-ingressgateway/istio-proxy 10m 128Mi]

eastWest:
  chart: gateway
  name: istio-eastwestgateway
  namespace: istio-gateways
  values:
    <<: *gateway
    name: istio-eastwestgateway
    labels: { istio: eastwestgateway }
    service:
      type: LoadBalancer
      ports: [{ name: tcp-status-port, port: 15021, targetPort: 15021 }, { name: tls, port: 15443, targetPort: 15443 }]
  objects:
    ServiceAccount: istio-eastwestgateway
    Role: istio-eastwestgateway
    RoleBinding: istio-eastwestgateway
    Service: istio-eastwestgateway
    Deployment: istio-eastwestgateway
  services: ["istio-eastwestgateway: LoadBalancer tcp-status-port:15021 tls:15443"]
  containers: [istio-eastwestgateway/istio-proxy 10m 128Mi]
`,
  { merge: true },
) as Record<CaseName, Case>;

/** Selector of each Service and workload, where it is not just `app=NAME`. */
const expectedSelectors: Record<string, Labels> = {
  "Service devmgmt": { app: "vcluster", release: "devmgmt" },
  "Service devmgmt-headless": { app: "vcluster", release: "devmgmt" },
  "StatefulSet devmgmt": { app: "vcluster", release: "devmgmt" },
  "Service prometheus-server": { app: "prometheus", component: "server", release: "gloo-mesh-enterprise" },
  "Deployment prometheus-server": { app: "prometheus", component: "server", release: "gloo-mesh-enterprise" },
  "Service istiod": { app: "istiod", istio: "pilot" },
  "Deployment istiod": { istio: "pilot" },
  "Service istio-ingressgateway": { app: "istio-ingressgateway", istio: "ingressgateway" },
  "Deployment istio-ingressgateway": { app: "istio-ingressgateway", istio: "ingressgateway" },
  "Service istio-eastwestgateway": { app: "istio-eastwestgateway", istio: "eastwestgateway" },
  "Deployment istio-eastwestgateway": { app: "istio-eastwestgateway", istio: "eastwestgateway" },
};

const rendered = describeCases("the article's", cases, expectedSelectors);

describe("every chart", () => {
  it.each(Object.values(chartPins(versionSets.article)))(
    "$chart is the version that the lab installs",
    ({ chart, version }) => {
      const file = readFileSync(join(folderOf(chart), "Chart.yaml"), "utf8");
      expect(parse(file)).toMatchObject({ name: chart, version });
    },
  );

  /** The lab's releases with what the lab gives them; with a mirror, all images come from there. */
  const labReleases = (imageRegistry?: string): readonly Release[] => {
    const expose = "LoadBalancer";
    const { istio, kubernetes } = versionSets.article.versions;
    const build = istioBuild(istio, undefined, imageRegistry);
    const controlPlane = { nodeSelector: {}, tolerations: [], persistence: true, storageSize: "5Gi" };
    const proxies = "1";
    return [
      {
        ...cases.vcluster,
        values: vclusterValues({
          serviceCidr: "10.96.0.0/16",
          expose,
          kubernetesImage: versionSets.article.kubernetesImage,
          kubernetes,
          controlPlane,
          resources: {},
          paused: false,
          imageRegistry,
        }),
      },
      {
        ...cases.management,
        values: glooMeshMgmtValues({
          cluster: "devmgmt",
          licenseKey: "key",
          licenseKind: "trial",
          expose,
          imageRegistry,
        }),
      },
      {
        ...cases.agent,
        values: glooMeshAgentValues({ cluster: "devcluster1", relayAddress: "relay:9900", imageRegistry }),
      },
      { ...cases.istiod, values: istiodValues({ cluster: "devcluster1", build, multiCluster: true }) },
      { ...cases.ingress, values: gatewayValues({ gateway: "ingress", replicas: 2, expose, proxies }) },
      { ...cases.eastWest, values: gatewayValues({ gateway: "eastWest", replicas: 1, expose, proxies }) },
      // Where the chart takes their images from is not known, so that no mirror is asked for.
      ...(imageRegistry === undefined
        ? [
            {
              ...cases.addOns,
              values: glooMeshAddOnsValues({
                cluster: "devcluster1",
                servers: ["ext-auth-service", "rate-limiter"],
              }),
            },
          ]
        : []),
    ];
  };
  it("takes what the lab gives it", { timeout: 60_000 }, async () => {
    const manifests = await Promise.all(labReleases().map(render));
    expect(manifests.map((list) => list.length)).toEqual([11, 23, 5, 20, 5, 5, 9]);
  });

  it("pulls every image from a mirror, where there is one", { timeout: 60_000 }, async () => {
    const manifests = (await Promise.all(labReleases("mirror.test/all").map(render))).flat();
    const images = manifests.flatMap(containersOf).map(({ image }) => image);
    expect(images.length).toBeGreaterThan(8);
    for (const image of images) expect(image).toMatch(/^(mirror\.test\/all\/|auto$)/);
  });

  // Each wrong key or type, and where the complaint about it must point.
  const mistakes = parse(`
gloo-mesh-enterprise:
  - [{ license: a }, "'license'"]
  - [{ glooMeshMgmtServer: { relay: { disableCA: true } } }, "at '/glooMeshMgmtServer/relay': additional properties 'disableCA'"]
  - [{ glooMeshUi: { sidecars: { envoi: {} } } }, "at '/glooMeshUi/sidecars': additional properties 'envoi'"]
gloo-mesh-agent:
  - [{ clusterName: a }, "'clusterName'"]
  - [{ relay: { cluster: a } }, "at '/relay': additional properties 'cluster'"]
  - [{ rate-limiter: { enable: true } }, "at '/rate-limiter': additional properties 'enable'"]
gateway:
  - [{ imagePullSecrets: [] }, "'imagePullSecrets'"]
  - [{ service: { ports: [{ port: "80" }] } }, "at '/service/ports/0/port': got string, want integer"]
  - [{ resources: { requests: { cpu: 1 } } }, "at '/resources/requests/cpu': got number, want string"]
`) as Record<string, [Values, string][]>;
  it.each(Object.entries(mistakes))(
    "%s refuses what it does not know",
    { timeout: 60_000 },
    async (chart, list) => {
      const values = Object.assign({}, ...list.map(([wrong]) => wrong)) as Values;
      const message = await refusal(chart, values);
      for (const [, complaint] of list) expect(message).toContain(complaint);
    },
  );

  const copies = (file: string, ...charts: readonly string[]) =>
    ["gloo-mesh-enterprise", ...charts].map((chart) => `${chart}/templates/${file}`);
  // Helm takes nothing from outside of a chart, but by links, and reports each of them wherever it loads the chart.
  it.each([
    [
      "gloo-mesh-enterprise/crds/gloo-mesh.yaml",
      "gloo-mesh-agent/crds/gloo-mesh.yaml",
      "gloo-platform-crds/files/gloo-mesh.yaml",
    ],
    copies("_component.tpl", "gloo-mesh-agent", "gloo-platform"),
    copies("_rules.tpl", "gloo-mesh-agent", "gloo-platform"),
    copies("_relay.tpl", "gloo-platform"),
    copies("prometheus.yaml", "gloo-platform"),
  ])("of Gloo Mesh shares %s with the others", (file, ...others) => {
    const read = (path: string) => readFileSync(join(chartsDir, path), "utf8");
    for (const copy of others) expect(read(copy), `${copy} must be the same as ${file}`).toBe(read(file));
  });
});

describe("the chart of vcluster", () => {
  const k3s = (manifests: readonly Manifest[]) =>
    find(manifests, "StatefulSet", "devmgmt").spec?.template?.spec.containers[0];

  it("starts k3s as one command of a shell", () => {
    const container = k3s(rendered.vcluster);
    expect(container?.image).toBe("rancher/k3s:v1.22.5-k3s1");
    expect(container?.env ?? []).toEqual([]);
    expect(container?.args?.[0]).toBe("-c");
    expect(container?.args?.[1]?.split(" ")).toEqual([
      "/bin/k3s",
      "server",
      "--write-kubeconfig=/data/k3s-config/kube-config.yaml",
      "--data-dir=/data",
      "--disable=traefik,servicelb,metrics-server,local-storage,coredns",
      "--disable-network-policy",
      "--disable-agent",
      "--disable-cloud-controller",
      "--flannel-backend=none",
      "--disable-scheduler",
      "--kube-controller-manager-arg=controllers=*,-nodeipam,-nodelifecycle,-persistentvolume-binder," +
        "-attachdetach,-persistentvolume-expander,-cloud-node-lifecycle",
      "--kube-apiserver-arg=endpoint-reconciler-type=none",
      "--service-cidr=10.96.0.0/16",
      "--kubelet-arg=allowed-unsafe-sysctls=net.ipv4.*",
      "&&",
      "true",
    ]);
  });

  it("leaves the service range to the syncer, and isolates, when told so", { timeout: 60_000 }, async () => {
    const manifests = await render({
      ...cases.vcluster,
      values: {
        replicas: 0,
        annotations: { "loft.sh/paused": "true" },
        isolation: { enabled: true },
        sync: { nodes: { enabled: true }, pods: { enabled: false } },
      },
    });
    expect(k3s(manifests)?.args?.[1]).toContain("--service-cidr=$(SERVICE_CIDR)");
    expect(k3s(manifests)?.env).toEqual([
      { name: "SERVICE_CIDR", valueFrom: { configMapKeyRef: { name: "vc-cidr-devmgmt", key: "cidr" } } },
    ]);
    expect(argsOf(find(manifests, "StatefulSet", "devmgmt"), "syncer")).toEqual([
      "--name=devmgmt",
      "--service-account=vc-workload-devmgmt",
      "--enforce-pod-security-standard=baseline",
      "--sync=nodes",
      "--sync=-pods",
    ]);
    expect(find(manifests, "StatefulSet", "devmgmt")).toMatchObject({
      metadata: { annotations: { "loft.sh/paused": "true" } },
      spec: { replicas: 0 },
    });
    const isolation = /^(ResourceQuota|LimitRange|NetworkPolicy)/;
    expect(manifests.map(titleOf).filter((title) => isolation.test(title))).toEqual([
      "NetworkPolicy devmgmt-control-plane",
      "LimitRange devmgmt-limit-range",
      "ResourceQuota devmgmt-quota",
      "NetworkPolicy devmgmt-workloads",
    ]);
  });

  it("brings CoreDNS as a manifest that the syncer fills in and applies inside", () => {
    const manifest = find(rendered.vcluster, "ConfigMap", "devmgmt-coredns").data?.["coredns.yaml"] ?? "";
    expect(new Set(manifest.match(/\{\{\.\w+\}\}/g))).toEqual(
      new Set(["{{.LOG_IN_DEBUG}}", "{{.IMAGE}}", "{{.RUN_AS_USER}}", "{{.RUN_AS_NON_ROOT}}"]),
    );
    const inside = documents(manifest.replaceAll(/\{\{\.\w+\}\}/g, "1")) as Manifest[];
    expect(inside.map(titleOf)).toEqual([
      "ServiceAccount coredns",
      "ClusterRole system:coredns",
      "ClusterRoleBinding system:coredns",
      "ConfigMap coredns",
      "Deployment coredns",
      "Service kube-dns",
    ]);
  });
});

describe("the charts of Gloo Mesh", () => {
  const secret = (name: string) => find(rendered.management, "Secret", name).data ?? {};

  it("make certificates that verify", () => {
    expectRelayCertificates(rendered.management);
  });

  it("keep the license and a token", () => {
    expect(decode(secret("gloo-mesh-enterprise-license")["key"])).toBe("key-of-the-test");
    expect(decode(secret("relay-identity-token-secret")["token"])).toMatch(/^\w{32}$/);
  });

  it(
    "leave to the user what the user brings, and lay the user's overrides over",
    {
      timeout: 60_000,
    },
    async () => {
      const manifests = await render({
        ...cases.management,
        values: {
          licenseKey: "key",
          prometheus: { enabled: false },
          glooMeshMgmtServer: {
            serviceType: "NodePort",
            ports: { healthcheck: 8091 },
            relay: { disableCaCertGeneration: true, disableTokenGeneration: true },
            serviceOverrides: { metadata: { annotations: { given: "too" } } },
            deploymentOverrides: { spec: { replicas: 2 } },
          },
        },
      });
      const titles = manifests.map(titleOf);
      expect(titles.filter((title) => title.startsWith("Secret"))).toEqual([
        "Secret gloo-mesh-enterprise-license",
      ]);
      expect(titles.filter((title) => title.includes("prometheus"))).toEqual([]);
      const service = find(manifests, "Service", "gloo-mesh-mgmt-server");
      expect(serviceLine(service)).toBe(
        "gloo-mesh-mgmt-server: NodePort grpc:9900 healthcheck:8091 stats:9091",
      );
      expect(service.metadata).toMatchObject({ annotations: { given: "too" } });
      expect(find(manifests, "Deployment", "gloo-mesh-mgmt-server").spec).toMatchObject({ replicas: 2 });
    },
  );

  it.each([
    ["management", {}, "licenseKey must be set"],
    ["agent", { relay: { serverAddress: "relay:9900" } }, "cluster must be set"],
    ["agent", { cluster: "devcluster1" }, "relay.serverAddress must be set"],
  ] as const)(
    "want to know what they cannot guess (%s, %j)",
    { timeout: 60_000 },
    async (name, values, message) => {
      await expect(template({ ...cases[name], values })).rejects.toThrow(message);
    },
  );

  it("tell the agent who it is and where the relay is, and mount none of its secrets", () => {
    const agent = find(rendered.agent, "Deployment", "gloo-mesh-agent");
    expect(argsOf(agent, "gloo-mesh-agent")).toEqual([
      "--cluster=devcluster1",
      "--relay-address=10.0.0.1:9900",
      "--relay-authority=gloo-mesh-mgmt-server.gloo-mesh",
    ]);
    expect(agent.spec?.template?.spec).not.toHaveProperty("volumes");
  });
});

describe("the charts of Istio", () => {
  it("lay the user's mesh configuration over their own", () => {
    const mesh: unknown = parse(find(rendered.istiod, "ConfigMap", "istio").data?.["mesh"] ?? "");
    expect(mesh).toEqual({
      accessLogFile: "/dev/stdout",
      enablePrometheusMerge: true,
      rootNamespace: null,
      trustDomain: "devcluster1",
      defaultConfig: {
        discoveryAddress: "istiod.istio-system.svc:15012",
        meshId: "mesh1",
        tracing: { zipkin: { address: "zipkin.istio-system:9411" } },
        holdApplicationUntilProxyStarts: true,
        envoyMetricsService: { address: "gloo-mesh-agent.gloo-mesh:9977" },
        envoyAccessLogService: { address: "gloo-mesh-agent.gloo-mesh:9977" },
        proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true", GLOO_MESH_CLUSTER_NAME: "devcluster1" },
      },
    });
  });

  it("tell istiod its cluster and its settings", () => {
    const istiod = find(rendered.istiod, "Deployment", "istiod").spec?.template?.spec.containers[0];
    expect(istiod?.image).toBe("docker.io/istio/pilot:1.12.6");
    expect(istiod?.env).toContainEqual({ name: "CLUSTER_ID", value: "devcluster1" });
    expect(istiod?.env).toContainEqual({ name: "PILOT_SKIP_VALIDATE_TRUST_DOMAIN", value: "true" });
  });

  it("use API versions that are gone where the real ones do", { timeout: 60_000 }, async () => {
    const [istiod, ingress] = await Promise.all(
      [cases.istiod, cases.ingress].map((release) => render({ ...release, values: {} })),
    );
    const versions = [...(istiod ?? []), ...(ingress ?? [])]
      .filter(({ kind }) => /^(Pod|Horizontal)/.test(kind))
      .map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
    expect(versions.sort()).toEqual([
      "autoscaling/v2beta1 HorizontalPodAutoscaler",
      "autoscaling/v2beta2 HorizontalPodAutoscaler",
      "policy/v1beta1 PodDisruptionBudget",
    ]);
  });

  it("validate with an open webhook, which istiod closes", () => {
    const { metadata, webhooks } = find(
      rendered.base,
      "ValidatingWebhookConfiguration",
      "istiod-default-validator",
    );
    expect(metadata.labels).toEqual({
      app: "istiod",
      istio: "istiod",
      "istio.io/rev": "default",
      release: "istio-base",
    });
    expect(webhooks).toHaveLength(1);
    expect(webhooks?.[0]).toMatchObject({
      failurePolicy: "Ignore",
      clientConfig: { service: { name: "istiod", namespace: "istio-system", path: "/validate" } },
    });
  });

  const inject = "sidecar.istio.io/inject";
  const revision = "istio.io/rev";
  const injected: readonly [title: string, namespace: Labels, pod: Labels, webhook: string | undefined][] = [
    ["a labelled namespace", { "istio-injection": "enabled" }, {}, "namespace"],
    ["a pod that refuses", { "istio-injection": "enabled" }, { [inject]: "false" }, undefined],
    ["a namespace that refuses", { "istio-injection": "disabled" }, { [inject]: "true" }, undefined],
    ["a plain namespace", {}, {}, undefined],
    ["a pod that asks, as gateways do", {}, { [inject]: "true" }, "object"],
    ["a namespace of the revision", { [revision]: "default" }, {}, "rev.namespace"],
    ["a namespace of another revision", { [revision]: "canary" }, { [inject]: "true" }, undefined],
    ["a pod of the revision", {}, { [revision]: "default" }, "rev.object"],
  ];
  it.each(injected)("inject into %s only where they should", (_title, namespace, pod, webhook) => {
    const { webhooks = [] } = find(rendered.istiod, "MutatingWebhookConfiguration", "istio-sidecar-injector");
    const called = webhooks.filter(
      ({ namespaceSelector, objectSelector }) =>
        selects(namespaceSelector?.matchExpressions ?? [], namespace) &&
        selects(objectSelector?.matchExpressions ?? [], pod),
    );
    expect(called.map(({ name }) => name)).toEqual(
      webhook === undefined ? [] : [`${webhook}.sidecar-injector.istio.io`],
    );
  });

  it("inject through istiod or not at all", () => {
    const { webhooks = [] } = find(rendered.istiod, "MutatingWebhookConfiguration", "istio-sidecar-injector");
    expect(webhooks).toHaveLength(4);
    for (const { failurePolicy, clientConfig } of webhooks) {
      expect([failurePolicy, clientConfig]).toEqual([
        "Fail",
        { service: { name: "istiod", namespace: "istio-system", path: "/inject", port: 443 }, caBundle: "" },
      ]);
    }
  });

  it("leave a gateway's image to the injection", () => {
    const template = find(rendered.ingress, "Deployment", "istio-ingressgateway").spec?.template;
    expect(template?.spec.containers.map(({ image }) => image)).toEqual(["auto"]);
    expect(template?.metadata.labels[inject]).toBe("true");
    expect(template?.metadata.annotations).toMatchObject({ "inject.istio.io/templates": "gateway" });
    expect(template?.spec.securityContext).toEqual({
      runAsUser: 1337,
      runAsGroup: 1337,
      runAsNonRoot: true,
      fsGroup: 1337,
    });
  });

  it("keep other labels off a gateway's pods", { timeout: 60_000 }, async () => {
    const manifests = await render({
      ...cases.eastWest,
      kubernetes: "1.22.5",
      values: {
        autoscaling: { enabled: false },
        labels: { "topology.istio.io/network": "network1" },
        env: { ISTIO_META_ROUTER_MODE: "sni-dnat" },
      },
    });
    const { metadata, spec } = find(manifests, "Deployment", "istio-eastwestgateway");
    expect(metadata.labels?.["topology.istio.io/network"]).toBe("network1");
    expect(spec?.template?.metadata.labels).toEqual({
      app: "istio-eastwestgateway",
      istio: "eastwestgateway",
      [inject]: "true",
    });
    expect(spec?.template?.spec).toMatchObject({
      securityContext: { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] },
      containers: [{ env: [{ name: "ISTIO_META_ROUTER_MODE", value: "sni-dnat" }] }],
    });
  });
});

/** Whether labels meet every expression of a label selector. */
function selects(expressions: readonly Expression[], labels: Labels): boolean {
  return expressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === "DoesNotExist") return value === undefined;
    if (operator === "NotIn") return value === undefined || !values.includes(value);
    return operator === "In" && value !== undefined && values.includes(value);
  });
}

describe("the custom resources of Gloo Mesh", () => {
  const byKind = glooKinds;

  it("are namespaced, of version v2, and in their groups", () => {
    const groups: Record<string, string> = {};
    for (const { metadata, spec } of byKind.values()) {
      expect(metadata.name).toBe(`${spec.names.plural}.${spec.group}`);
      expect([spec.scope, ...spec.versions.map(({ name }) => name)]).toEqual(["Namespaced", "v2"]);
      groups[spec.group] = `${groups[spec.group] ?? ""} ${spec.names.plural}`.trim();
    }
    expect(groups).toEqual(
      parse(`
admin.gloo.solo.io: >-
  kubernetesclusters workspaces workspacesettings roottrustpolicies
  extauthservers ratelimitserversettings ratelimitserverconfigs
networking.gloo.solo.io: virtualgateways routetables virtualdestinations externalservices externalendpoints
resilience.policy.gloo.solo.io: failoverpolicies outlierdetectionpolicies faultinjectionpolicies retrytimeoutpolicies
trafficcontrol.policy.gloo.solo.io: >-
  mirrorpolicies ratelimitpolicies ratelimitclientconfigs headermanipulationpolicies transformationpolicies
security.policy.gloo.solo.io: accesspolicies extauthpolicies wafpolicies corspolicies jwtpolicies
`),
    );
  });

  it("take the resources of the lab", () => {
    const lab = [
      resources.kubernetesCluster("devcluster1"),
      resources.workspace("developers"),
      resources.workspaceSettings("developers"),
      resources.virtualGateway("north-south-gw", "istio-gateways", "devcluster1"),
      resources.routeTable({
        service: "productpage",
        namespace: "bookinfo",
        port: 9080,
        gateway: { name: "north-south-gw", namespace: "istio-gateways", cluster: "devcluster1" },
      }),
    ];
    for (const { apiVersion, kind, spec } of lab) {
      const definition = byKind.get(kind);
      expect(apiVersion).toBe(`${definition?.spec.group ?? "no group"}/v2`);
      expect(complaintsAbout(kind, spec)).toEqual([]);
    }
  });

  // One of each kind, with the fields that its capability needs.
  const { examples } = parse(
    `
parts:
  - &labels { app: reviews }
  - &ref { name: reviews, namespace: bookinfo, cluster: devcluster2 }
  - &destination { ref: *ref, port: { number: 9080 }, subset: { version: v3 }, weight: 20 }
  - &server { ref: *ref, kind: SERVICE, port: { name: grpc } }
  - &routes [{ route: { labels: *labels } }, { withDestinations: { selector: { labels: *labels } } }]
  - &destinations [{ kind: VIRTUAL_DESTINATION, selector: { labels: *labels, workspace: developers } }]
  - &shares
    - workspaces: [{ name: gateways }, { selector: *labels }]
      resources: [{ kind: ALL, labels: *labels }]
examples:
  KubernetesCluster: { clusterDomain: cluster.local }
  Workspace: { workloadClusters: [{ name: devcluster1, namespaces: [{ name: bookinfo }] }] }
  WorkspaceSettings:
    importFrom: *shares
    exportTo: *shares
    options:
      eastWestGateways: [{ selector: { labels: { istio: eastwestgateway } } }]
      federation: { enabled: true, hostSuffix: global, serviceSelector: [{ workspace: bookinfo, labels: *labels }] }
      serviceIsolation: { enabled: true, trimProxyConfig: true }
  RootTrustPolicy: { config: { mgmtServerCa: { generated: {} }, autoRestartPods: true } }
  ExtAuthServer: { destinationServer: *server, requestTimeout: 1s }
  RateLimitServerSettings: { destinationServer: *server }
  RateLimitServerConfig:
    destinationServers: [*server]
    raw: { setDescriptors: [{ simpleDescriptors: [{ key: a }], rateLimit: { unit: MINUTE } }] }
  VirtualGateway:
    workloads: [{ selector: { labels: *labels, cluster: devcluster1 } }]
    listeners:
      - http: {}
        port: { number: 443 }
        tls: { mode: SIMPLE, secretName: tls }
        allowedRouteTables: [{ host: "*" }]
  RouteTable:
    hosts: ["*"]
    virtualGateways: [*ref]
    workloadSelectors: [{ selector: { labels: *labels } }]
    http:
      - name: reviews
        labels: { mirror: "true" }
        matchers: [{ uri: { exact: /reviews } }, { uri: { prefix: / } }]
        forwardTo: { destinations: [*destination, { <<: *destination, kind: VIRTUAL_DESTINATION }] }
  VirtualDestination:
    hosts: [reviews.global]
    services: [{ namespace: bookinfo, labels: *labels }]
    ports: [{ number: 9080, protocol: HTTP }]
  ExternalService:
    hosts: [keycloak]
    selector: { host: keycloak }
    ports: [{ name: https, number: 443, protocol: HTTPS, clientsideTls: {} }]
  ExternalEndpoint: { address: 10.0.0.1, ports: [{ name: http, number: 8080 }] }
  FailoverPolicy:
    applyToDestinations: *destinations
    config: { localityMappings: [{ from: { region: east }, to: [{ region: west }] }] }
  OutlierDetectionPolicy:
    applyToDestinations: *destinations
    config: { consecutiveErrors: 2, interval: 5s, baseEjectionTime: 30s, maxEjectionPercent: 100 }
  FaultInjectionPolicy:
    applyToRoutes: *routes
    config: { delay: { fixedDelay: 2s, percentage: 100 }, abort: { httpStatus: 500, percentage: 1.5 } }
  RetryTimeoutPolicy:
    applyToRoutes: *routes
    config:
      requestTimeout: 0.5s
      retries: { attempts: 2, perTryTimeout: 1s, retryOn: 5xx, retryRemoteLocalities: true }
  MirrorPolicy: { applyToRoutes: *routes, config: { destination: *destination, percentage: 50 } }
  RateLimitPolicy:
    applyToRoutes: *routes
    config:
      serverSettings: *ref
      ratelimitClientConfig: *ref
      ratelimitServerConfig: *ref
      phase: { postAuthz: { priority: 3 } }
  RateLimitClientConfig:
    raw:
      rateLimits:
        - setActions: [{ requestHeaders: { descriptorKey: a, headerName: X-A } }]
        - actions: [{ genericKey: { descriptorValue: counter } }]
  HeaderManipulationPolicy:
    applyToRoutes: *routes
    config:
      appendRequestHeaders: { x-a: "1" }
      appendResponseHeaders: { x-a: "1" }
      removeRequestHeaders: [x-b]
      removeResponseHeaders: [x-b]
  TransformationPolicy:
    applyToRoutes: *routes
    config:
      phase: { preAuthz: { priority: 0 } }
      request:
        injaTemplate:
          extractors: { organization: { header: X-Email, regex: ".*@(.*)$", subgroup: 1 } }
          headers: { x-organization: { text: "{{ organization }}" } }
      response: { injaTemplate: { body: { text: "{{ body() }}" }, parseBodyBehavior: DontParse } }
  AccessPolicy:
    applyToDestinations: *destinations
    config:
      authn: { tlsMode: STRICT }
      authz:
        allowedClients: [{ serviceAccountSelector: { name: bookinfo-reviews } }]
        allowedPaths: ["/ratings*"]
        allowedMethods: [GET]
  ExtAuthPolicy:
    applyToRoutes: *routes
    config: { server: *ref, glooAuth: { configs: [{ opaAuth: { query: data.test.allow == true } }] } }
  WAFPolicy:
    applyToRoutes: *routes
    config:
      disableCoreRuleSet: true
      customInterventionMessage: malicious payload
      customRuleSets: [{ ruleStr: SecRuleEngine On }]
  CORSPolicy:
    applyToRoutes: *routes
    config: { allowOrigins: [{ exact: "https://example.com" }], allowMethods: [GET], maxAge: 1d }
  JWTPolicy:
    applyToRoutes: *routes
    config:
      phase: { postAuthz: { priority: 1 } }
      providers:
        keycloak:
          issuer: http://keycloak/realms/master
          tokenSource: { headers: [{ name: jwt }] }
          remote: { url: "http://keycloak/certs", destinationRef: { <<: *server, kind: EXTERNAL_SERVICE } }
          claimsToHeaders: [{ claim: email, header: X-Email }]
`,
    { merge: true, maxAliasCount: -1 },
  ) as { examples: Record<string, object> };

  it("each have an example here", () => {
    expect(Object.keys(examples).sort()).toEqual([...byKind.keys()].sort());
  });

  it.each(Object.entries(examples))("know every field of %s", (kind, spec) => {
    expect(complaintsAbout(kind, spec)).toEqual([]);
  });

  // The first six came with 2.1.
  it.each([
    [
      "Workspace",
      "{ workloadClusters: [{ configEnabled: true }] }",
      "workloadClusters.configEnabled is unknown",
    ],
    [
      "WorkspaceSettings",
      "{ options: { virtualDestClientMode: {} } }",
      "options.virtualDestClientMode is unknown",
    ],
    ["ExternalService", "{ addresses: [] }", "addresses is unknown"],
    ["RouteTable", "{ http: [{ forwardTo: { hostRewrite: a } }] }", "http.forwardTo.hostRewrite is unknown"],
    ["HeaderManipulationPolicy", "{ applyToRouteDestinations: [] }", "applyToRouteDestinations is unknown"],
    [
      "JWTPolicy",
      "{ config: { providers: { a: { keepToken: true } } } }",
      "config.providers.a.keepToken is unknown",
    ],
    ["OutlierDetectionPolicy", "{ applyToRoutes: [] }", "applyToRoutes is unknown"],
    ["MirrorPolicy", "{ config: { percentage: '50' } }", "config.percentage is not a number"],
    [
      "AccessPolicy",
      "{ config: { authn: { tlsMode: ON } } }",
      "config.authn.tlsMode is not one of DISABLE, PERMISSIVE, STRICT",
    ],
  ] as const)("refuse in a %s %s", (kind, spec, complaint) => {
    expect(complaintsAbout(kind, parse(spec))).toEqual([`${kind}.spec.${complaint}`]);
  });
});
