import { describe, expect, it } from "vitest";
import { bookinfoServices } from "../../values/bookinfo.ts";
import { glooMeshMgmtValues } from "../../values/gloo-mesh.ts";
import { routeTable, virtualGateway, workspace, workspaceSettings } from "../../values/gloo-resources.ts";
import { gatewayValues, istiodValues } from "../../values/istio.ts";
import { loadBalancerAddress } from "../../values/load-balancer.ts";
import { vclusterValues } from "../../values/vcluster.ts";

describe("vcluster", () => {
  it("is exposed, on the image and with the range that are given", () => {
    expect(vclusterValues({ serviceCidr: "10.43.0.0/16" })).toMatchObject({
      serviceCIDR: "10.43.0.0/16",
      service: { type: "LoadBalancer" },
      isolation: { enabled: false },
      rbac: { clusterRole: { create: true } },
      syncer: { extraArgs: ["--fake-nodes=false", "--sync-all-nodes"] },
      vcluster: { image: "rancher/k3s:v1.22.5-k3s1" },
    });
  });
});

describe("Gloo Mesh", () => {
  it("takes its relay token from the lab", () => {
    expect(glooMeshMgmtValues({ cluster: "mgmt", licenseKey: "key" })).toMatchObject({
      mgmtClusterName: "mgmt",
      licenseKey: "key",
      glooMeshMgmtServer: { relay: { disableTokenGeneration: true } },
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
      "istio-ingressgateway",
      "ingressgateway",
      [
        { name: "http2", port: 80, targetPort: 8080 },
        { name: "https", port: 443, targetPort: 8443 },
      ],
    ],
    [
      "istio-eastwestgateway",
      "eastwestgateway",
      [
        { name: "tcp-status-port", port: 15021, targetPort: 15021 },
        { name: "tls", port: 15443, targetPort: 15443 },
      ],
    ],
  ] as const)("%s has its label and ports", (name, label, ports) => {
    expect(gatewayValues({ name, replicas: 3 })).toMatchObject({
      name,
      replicaCount: 3,
      labels: { istio: label },
      service: { type: "LoadBalancer", ports },
      securityContext: { runAsUser: 1337, runAsGroup: 1337, runAsNonRoot: true, fsGroup: 1337 },
    });
  });

  it.each(["istiod", "istio-ingressgateway", "istio-eastwestgateway"] as const)(
    "give %s more than the 10m that starve it",
    (name) => {
      const values =
        name === "istiod"
          ? (istiodValues("east")["pilot"] as Record<string, unknown>)
          : gatewayValues({ name, replicas: 1 });
      const { limits } = values["resources"] as { limits: { cpu: string } };
      expect(Number.parseInt(limits.cpu, 10)).toBeGreaterThanOrEqual(200);
    },
  );
});

describe("Bookinfo", () => {
  it("has one row a service, and the asked versions of reviews", () => {
    const rows = bookinfoServices(["v2", "v3"]).map(({ name, versions }) => [
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

describe("load balancers", () => {
  it.each([
    [{ ip: "10.0.0.1" }, "10.0.0.1"],
    [{ hostname: "a.elb.test" }, "a.elb.test"],
  ])("%j is reached at %s", (ingress, address) => {
    expect(loadBalancerAddress(ingress)).toBe(address);
  });

  it("need an address", () => {
    expect(() => loadBalancerAddress({})).toThrow(
      "a load balancer has neither an IP address nor a host name",
    );
  });
});
