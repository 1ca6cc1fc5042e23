import { describe, expect, it } from "vitest";
import { bookinfoServices } from "../../../values/bookinfo.ts";
import { endpointOf, hostAndPort, httpUrl } from "../../../values/exposure.ts";
import { glooMeshAgentValues, glooMeshMgmtValues } from "../../../values/article/gloo-mesh.ts";
import { gatewayValues, istiodValues as valuesOfIstiod } from "../../../values/article/istio.ts";
import { vclusterValues } from "../../../values/article/vcluster.ts";
import {
  globalSettings,
  rootTrustPolicy,
  routeTable,
  virtualGateway,
  workspace,
  workspaceSettings,
} from "../../../values/gloo-resources.ts";
import { mirrored } from "../../../values/images.ts";
import { istioBuild } from "../../../values/istio.ts";
import { mergeValues } from "../../../values/merge.ts";
import { nextCommands, userInterface } from "../../../plan/outputs.ts";
import type { VClusterValuesArgs } from "../../../values/vcluster.ts";

const istiodValues = (cluster: string, multiCluster = true) =>
  valuesOfIstiod({ cluster, multiCluster, build: istioBuild("1.12.6") });

describe("vcluster", () => {
  const controlPlane = { nodeSelector: {}, tolerations: [], persistence: true, storageSize: "5Gi" };
  const args: VClusterValuesArgs = {
    serviceCidr: "10.43.0.0/16",
    expose: "LoadBalancer",
    kubernetesImage: "rancher/k3s",
    kubernetes: "v1.22.5-k3s1",
    controlPlane,
    resources: {},
    paused: false,
  };

  it("is exposed, on the image and with the range that are given", () => {
    expect(vclusterValues(args)).toEqual({
      serviceCIDR: "10.43.0.0/16",
      service: { type: "LoadBalancer" },
      storage: { persistence: true, size: "5Gi" },
      isolation: {
        enabled: false,
        limitRange: { enabled: false },
        podSecurityStandard: "privileged",
        resourceQuota: { enabled: false },
      },
      rbac: { clusterRole: { create: true } },
      syncer: {
        extraArgs: ["--fake-nodes=false", "--sync-all-nodes"],
        resources: { limits: { cpu: "100m", memory: "1Gi" }, requests: { cpu: "100m", memory: "128Mi" } },
      },
      vcluster: {
        image: "rancher/k3s:v1.22.5-k3s1",
        extraArgs: [
          "--kubelet-arg=allowed-unsafe-sysctls=net.ipv4.*",
          "--kube-apiserver-arg=feature-gates=EphemeralContainers=true",
          "--kube-scheduler-arg=feature-gates=EphemeralContainers=true",
          "--kubelet-arg=feature-gates=EphemeralContainers=true",
        ],
        resources: { limits: { cpu: "200m", memory: "2Gi" }, requests: { cpu: "100m", memory: "256Mi" } },
      },
    });
  });

  it.each<[what: string, changes: Partial<VClusterValuesArgs>, values: Record<string, unknown>]>([
    ["on ports of nodes", { expose: "NodePort" }, { service: { type: "NodePort" } }],
    [
      "paused, as vcluster's command line does it",
      { paused: true },
      { replicas: 0, annotations: { "loft.sh/paused": "true", "loft.sh/paused-replicas": "1" } },
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
      { nodeSelector: { dedicated: "lab" }, tolerations: [{ key: "dedicated", operator: "Exists" }] },
    ],
    [
      "on volumes of a class and size",
      { controlPlane: { ...controlPlane, storageClass: "fast", storageSize: "1Gi" } },
      { storage: { persistence: true, className: "fast", size: "1Gi" } },
    ],
    [
      "without a volume",
      { controlPlane: { ...controlPlane, persistence: false } },
      { storage: { persistence: false } },
    ],
    [
      "with other resources, where these are given",
      { resources: { vcluster: { limits: { cpu: "2" } } } },
      { vcluster: { resources: { limits: { cpu: "2", memory: "2Gi" }, requests: { cpu: "100m" } } } },
    ],
    [
      "with limits as high as what is asked for, where that is more than the lab's own",
      { resources: { syncer: { requests: { cpu: "1" } } } },
      {
        syncer: {
          resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1", memory: "128Mi" } },
        },
      },
    ],
    [
      "asking for no more than its limits, where these are less than the lab's own",
      { resources: { vcluster: { limits: { cpu: "50m", memory: "0.1Gi" } } } },
      {
        vcluster: {
          resources: {
            limits: { cpu: "50m", memory: "0.1Gi" },
            requests: { cpu: "50m", memory: "0.1Gi" },
          },
        },
      },
    ],
    ["from a mirror", { imageRegistry: "mirror.test/all" }, { defaultImageRegistry: "mirror.test/all/" }],
  ])("is %s", (_, changes, values) => {
    expect(vclusterValues({ ...args, ...changes })).toMatchObject(values);
  });

  it("of a newer Kubernetes is given no gate that this refuses", () => {
    const { vcluster } = vclusterValues({ ...args, kubernetes: "v1.27.1-k3s1" }) as {
      vcluster: { extraArgs: string[] };
    };
    expect(vcluster.extraArgs.join(" ")).not.toContain("feature-gates");
  });
});

describe("extra values", () => {
  it("are merged as Helm does it: mappings member by member, all else as a whole", () => {
    const own = { a: { b: 1, c: 2 }, list: [1, 2], gone: 1 };
    expect(
      mergeValues(own, { a: { c: 3, d: 4 }, list: [3], gone: null }, undefined, { a: { b: 5 } }),
    ).toEqual({
      a: { b: 5, c: 3, d: 4 },
      list: [3],
      gone: null,
    });
    expect(own).toEqual({ a: { b: 1, c: 2 }, list: [1, 2], gone: 1 });
  });
});

describe("images", () => {
  it.each([
    ["docker.io/istio/proxyv2:1.12.6", "mirror.test/istio/proxyv2:1.12.6"],
    ["gcr.io/gloo-mesh", "mirror.test/gloo-mesh"],
    ["localhost:5000/a/b", "mirror.test/a/b"],
    ["jimmidyson/configmap-reload", "mirror.test/jimmidyson/configmap-reload"],
  ])("%s comes from a mirror as %s", (image, expected) => {
    expect(mirrored(image, "mirror.test")).toBe(expected);
    expect(mirrored(image, undefined)).toBe(image);
  });

  it("of Istio are upstream's, or of another build", () => {
    expect(istioBuild("1.12.6")).toEqual({ hub: "docker.io/istio", tag: "1.12.6" });
    expect(istioBuild("1.12.6", "registry.test:5000/istio:1.12.6-solo")).toEqual({
      hub: "registry.test:5000/istio",
      tag: "1.12.6-solo",
    });
    expect(istioBuild("1.12.6", undefined, "mirror.test/x")).toEqual({
      hub: "mirror.test/x/istio",
      tag: "1.12.6",
    });
  });

  it("of Gloo Mesh and Bookinfo come from a mirror, all of them", () => {
    const mirror = { imageRegistry: "mirror.test" };
    const gloo = { image: { registry: "mirror.test/gloo-mesh" } };
    expect(
      glooMeshMgmtValues({
        cluster: "mgmt",
        licenseKey: "key",
        licenseKind: "trial",
        expose: "LoadBalancer",
        ...mirror,
      }),
    ).toMatchObject({
      glooMeshMgmtServer: { ...gloo, ports: { healthcheck: 8091 } },
      glooMeshUi: { ...gloo, sidecars: { console: gloo, envoy: gloo } },
      glooMeshRedis: { image: { registry: "mirror.test" } },
      prometheus: {
        server: { image: { repository: "mirror.test/prometheus/prometheus" } },
        configmapReload: { prometheus: { image: { repository: "mirror.test/jimmidyson/configmap-reload" } } },
      },
    });
    expect(glooMeshAgentValues({ cluster: "east", relayAddress: "relay:9900", ...mirror })).toMatchObject({
      glooMeshAgent: gloo,
    });
    const images = bookinfoServices({ reviews: ["v1"], tag: "1.16.2", ...mirror }).flatMap(({ versions }) =>
      versions.map(({ image }) => image),
    );
    for (const image of images) expect(image).toMatch(/^mirror\.test\/istio\/examples-bookinfo-/);
  });
});

describe("Gloo Mesh", () => {
  it("takes its relay token from the lab, and is reached as the lab is", () => {
    expect(
      glooMeshMgmtValues({ cluster: "mgmt", licenseKey: "key", licenseKind: "trial", expose: "NodePort" }),
    ).toMatchObject({
      mgmtClusterName: "mgmt",
      licenseKey: "key",
      glooMeshMgmtServer: { serviceType: "NodePort", relay: { disableTokenGeneration: true } },
    });
  });
});

describe("istiod", () => {
  it("is the cluster by every name that Gloo Mesh knows it by", () => {
    expect(istiodValues("east")).toMatchObject({
      global: { meshID: "mesh1", multiCluster: { clusterName: "east" } },
      meshConfig: {
        accessLogFile: "/dev/stdout",
        trustDomain: "east",
        defaultConfig: {
          holdApplicationUntilProxyStarts: true,
          envoyMetricsService: { address: "gloo-mesh-agent.gloo-mesh:9977" },
          envoyAccessLogService: { address: "gloo-mesh-agent.gloo-mesh:9977" },
          proxyMetadata: {
            ISTIO_META_DNS_CAPTURE: "true",
            ISTIO_META_DNS_AUTO_ALLOCATE: "true",
            GLOO_MESH_CLUSTER_NAME: "east",
          },
        },
      },
      pilot: {
        autoscaleEnabled: false,
        replicaCount: 1,
        env: {
          PILOT_SKIP_VALIDATE_TRUST_DOMAIN: "true",
          PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES: "false",
        },
      },
    });
  });

  it("is set up for other clusters unless they are not to be reached", () => {
    const { env } = istiodValues("east", false)["pilot"] as { env: Record<string, string> };
    expect(env).toEqual({ PILOT_SKIP_VALIDATE_TRUST_DOMAIN: "true" });
  });

  it("renders nothing that Kubernetes 1.25 no longer has", () => {
    expect(istiodValues("east")).toMatchObject({
      global: { defaultPodDisruptionBudget: { enabled: false } },
      pilot: { autoscaleEnabled: false },
    });
  });
});

describe("gateways", () => {
  it.each([
    [
      "ingress",
      "istio-ingressgateway",
      "ingressgateway",
      [
        { name: "http2", port: 80, targetPort: 8080 },
        { name: "https", port: 443, targetPort: 8443 },
      ],
    ],
    [
      "eastWest",
      "istio-eastwestgateway",
      "eastwestgateway",
      [
        { name: "tcp-status-port", port: 15021, targetPort: 15021 },
        { name: "tls", port: 15443, targetPort: 15443 },
      ],
    ],
  ] as const)("%s has its name, label and ports", (gateway, name, label, ports) => {
    expect(gatewayValues({ gateway, replicas: 3, expose: "NodePort", proxies: "1" })).toMatchObject({
      name,
      replicaCount: 3,
      labels: { istio: label },
      service: { type: "NodePort", ports },
      securityContext: { runAsUser: 1337, runAsGroup: 1337, runAsNonRoot: true, fsGroup: 1337 },
    });
  });

  it.each(["istiod", "ingress", "eastWest"] as const)("give %s more than the 10m that starve it", (name) => {
    const values =
      name === "istiod"
        ? (istiodValues("east")["pilot"] as Record<string, unknown>)
        : gatewayValues({ gateway: name, replicas: 1, expose: "LoadBalancer", proxies: "1" });
    const { limits } = values["resources"] as { limits: { cpu: string } };
    expect(Number.parseInt(limits.cpu, 10)).toBeGreaterThanOrEqual(200);
  });
});

describe("Bookinfo", () => {
  it("has one row a service, and the asked versions of reviews", () => {
    const rows = bookinfoServices({ reviews: ["v2", "v3"], tag: "1.16.2" }).map(({ name, versions }) => [
      name,
      versions.map(({ image }) => image),
    ]);
    expect(rows).toEqual([
      ["details", ["docker.io/istio/examples-bookinfo-details-v1:1.16.2"]],
      ["ratings", ["docker.io/istio/examples-bookinfo-ratings-v1:1.16.2"]],
      [
        "reviews",
        [
          "docker.io/istio/examples-bookinfo-reviews-v2:1.16.2",
          "docker.io/istio/examples-bookinfo-reviews-v3:1.16.2",
        ],
      ],
      ["productpage", ["docker.io/istio/examples-bookinfo-productpage-v1:1.16.2"]],
    ]);
  });
});

describe("Gloo Mesh resources", () => {
  it("are those of the article", () => {
    expect(workspace("developers").spec).toEqual({
      workloadClusters: [{ name: "*", namespaces: [{ name: "*" }] }],
    });
    expect(workspaceSettings("developers")).toMatchObject({
      metadata: { name: "developers", namespace: "gloo-mesh" },
      spec: { options: { serviceIsolation: { enabled: false }, federation: { enabled: false } } },
    });
    expect(virtualGateway("north-south-gw", "istio-gateways", "east").spec).toEqual({
      workloads: [{ selector: { labels: { istio: "ingressgateway" }, cluster: "east" } }],
      listeners: [{ http: {}, port: { number: 80 }, allowedRouteTables: [{ host: "*" }] }],
    });
    const gateway = { name: "north-south-gw", namespace: "istio-gateways", cluster: "east" };
    expect(routeTable({ service: "productpage", namespace: "bookinfo", port: 9080, gateway })).toMatchObject({
      metadata: { name: "productpage", namespace: "bookinfo", labels: { expose: "true" } },
      spec: {
        hosts: ["*"],
        virtualGateways: [gateway],
        workloadSelectors: [],
        http: [
          {
            matchers: [{ uri: { prefix: "/" } }],
            forwardTo: {
              destinations: [{ ref: { name: "productpage", namespace: "bookinfo" }, port: { number: 9080 } }],
            },
          },
        ],
      },
    });
  });
});

describe("Gloo Mesh across clusters", () => {
  it("trusts one root, and knows the east-west gateways wherever they are", () => {
    expect(rootTrustPolicy()).toMatchObject({
      metadata: { namespace: "gloo-mesh" },
      spec: { config: { mgmtServerCa: { generated: {} }, autoRestartPods: true } },
    });
    expect(globalSettings()).toMatchObject({
      kind: "WorkspaceSettings",
      metadata: { name: "global", namespace: "gloo-mesh" },
      spec: { options: { eastWestGateways: [{ selector: { labels: { istio: "eastwestgateway" } } }] } },
    });
  });
});

describe("exposed services", () => {
  const ports = [
    { name: "http2", port: 80, nodePort: 30080 },
    { name: "https", port: 443, nodePort: 30443 },
  ];

  it.each([
    ["a load balancer's address", { ip: "10.0.0.1" }, "10.0.0.1:443"],
    ["a load balancer's name", { hostname: "a.elb.test" }, "a.elb.test:443"],
    ["a node, without a load balancer", undefined, "10.0.0.9:30443"],
  ])("are reached at %s", (_, ingress, expected) => {
    const service = { ports, ...(ingress === undefined ? {} : { ingress }) };
    for (const port of ["https", 443])
      expect(hostAndPort(endpointOf(service, port, "10.0.0.9"))).toBe(expected);
  });

  it.each([
    ["80", 80, "http://gateway.test"],
    ["another", 30080, "http://gateway.test:30080"],
  ])("have a URL, on port %s", (_, port, url) => {
    expect(httpUrl({ host: "gateway.test", port })).toBe(url);
  });

  it("need an address and a port", () => {
    expect(() => endpointOf({ ingress: {}, ports }, 80, undefined)).toThrow(
      "a load balancer has neither an IP address nor a host name",
    );
    expect(() => endpointOf({ ports }, "grpc", "node")).toThrow("the Service has no port grpc");
    expect(() => endpointOf({ ports }, 80, undefined)).toThrow("port 80 of the Service is open on no node");
    expect(() => endpointOf({ ports: [{ port: 80 }] }, 80, "node")).toThrow(
      "port 80 of the Service is open on no node",
    );
  });
});

describe("what a user does next", () => {
  it("begins with a kubeconfig that nobody else can read", () => {
    const commands = nextCommands("mgmt", { east: "http://east.test/productpage" });
    expect(commands[0]).toBe(
      "(umask 077 && mkdir -p .lab && pulumi stack output --show-secrets kubeconfig > .lab/kubeconfig)",
    );
    expect(commands.at(-1)).toBe("curl --include http://east.test/productpage");
    expect(userInterface("mgmt")).toEqual({
      command: "kubectl --context mgmt --namespace gloo-mesh port-forward service/gloo-mesh-ui 8090",
      url: "http://localhost:8090",
    });
  });
});
