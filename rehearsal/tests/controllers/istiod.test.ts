import type { V1ConfigMap, V1Pod } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import {
  inject,
  injectionConfig,
  injectionPatch,
  wantsInjection,
} from "../../controllers/istio/istio-injection.ts";
import { invalidity } from "../../controllers/istio/istio-validation.ts";
import { care, type WebhookConfiguration, webhookPatch } from "../../controllers/istio/istio-webhooks.ts";

/** As the API server sends it: made by a ReplicaSet, not named yet. */
const reviews = {
  metadata: {
    generateName: "reviews-v1-55b668fc65-",
    labels: { app: "reviews", version: "v1", "pod-template-hash": "55b668fc65" },
    ownerReferences: [
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "reviews-v1-55b668fc65",
        uid: "u",
        controller: true,
      },
    ],
  },
  spec: {
    serviceAccountName: "bookinfo-reviews",
    containers: [{ name: "reviews", image: "reviews:1.16.2" }],
  },
} satisfies V1Pod;

const gateway = {
  metadata: {
    generateName: "istio-ingressgateway-7d6f-",
    labels: { app: "istio-ingressgateway", istio: "ingressgateway", "sidecar.istio.io/inject": "true" },
    annotations: { "inject.istio.io/templates": "gateway", "sidecar.istio.io/inject": "true" },
  },
  spec: {
    containers: [
      {
        name: "istio-proxy",
        image: "auto",
        env: [
          { name: "ISTIO_META_ROUTER_MODE", value: "sni-dnat" },
          { name: "ISTIO_META_CLUSTER_ID", value: "own" },
        ],
        ports: [{ containerPort: 15090, protocol: "TCP", name: "http-envoy-prom" }],
        resources: { requests: { cpu: "10m" } },
      },
    ],
  },
} satisfies V1Pod;

const configMap = (data: Record<string, string>): V1ConfigMap => ({ data });
const plain = injectionConfig(undefined, undefined);
const lab = injectionConfig(
  configMap({
    values: JSON.stringify({
      global: {
        hub: "registry.example.com/istio",
        tag: "1.12.9",
        meshID: "mesh1",
        multiCluster: { clusterName: "devcluster1" },
        proxy: { image: "proxyv2", resources: { requests: { cpu: "20m", memory: "64Mi" } } },
        proxy_init: { image: "example.com/init:1" },
      },
    }),
  }),
  configMap({
    mesh: "trustDomain: devcluster1\ndefaultConfig:\n  proxyMetadata:\n    GLOO_MESH_CLUSTER_NAME: devcluster1\n",
  }),
);

const env = (pod: V1Pod, name: string) =>
  pod.spec?.containers
    .find((container) => container.name === "istio-proxy")
    ?.env?.filter((variable) => variable.name === name)
    .map(({ value }) => value);
const names = (containers: readonly { name: string }[] | undefined) => containers?.map(({ name }) => name);

describe("the sidecar template", () => {
  test("adds the proxy after the application, and the init container after all others", () => {
    const before = {
      ...reviews,
      spec: {
        ...reviews.spec,
        initContainers: [{ name: "own" }],
      },
    };
    const after = inject(before, plain);
    expect(names(after.spec?.containers)).toEqual(["reviews", "istio-proxy"]);
    expect(names(after.spec?.initContainers)).toEqual(["own", "istio-init"]);
    expect(after.spec?.containers[1]?.image).toBe("docker.io/istio/proxyv2:1.12.6");
    expect(after.spec?.containers[1]?.resources?.requests).toEqual({ cpu: "100m", memory: "128Mi" });
  });

  test("labels and annotates the pod", () => {
    const { metadata } = inject(reviews, plain);
    expect(metadata?.labels).toEqual({
      ...reviews.metadata.labels,
      "security.istio.io/tlsMode": "istio",
      "service.istio.io/canonical-name": "reviews",
      "service.istio.io/canonical-revision": "v1",
    });
    expect(JSON.parse(metadata?.annotations?.["sidecar.istio.io/status"] ?? "")).toMatchObject({
      initContainers: ["istio-init"],
      containers: ["istio-proxy"],
      revision: "default",
    });
  });

  test("takes what the ConfigMaps say", () => {
    const after = inject(reviews, lab);
    expect(after.spec?.containers[1]?.image).toBe("registry.example.com/istio/proxyv2:1.12.9");
    expect(after.spec?.initContainers?.[0]?.image).toBe("example.com/init:1");
    expect(after.spec?.containers[1]?.resources).toEqual({ requests: { cpu: "20m", memory: "64Mi" } });
    expect(env(after, "ISTIO_META_CLUSTER_ID")).toEqual(["devcluster1"]);
    expect(env(after, "ISTIO_META_MESH_ID")).toEqual(["mesh1"]);
    expect(env(after, "TRUST_DOMAIN")).toEqual(["devcluster1"]);
    expect(env(after, "GLOO_MESH_CLUSTER_NAME")).toEqual(["devcluster1"]);
    expect(env(after, "ISTIO_META_WORKLOAD_NAME")).toEqual(["reviews-v1"]);
    expect(env(after, "ISTIO_META_NETWORK")).toEqual([]);
  });

  test.each([
    ["the mesh", { mesh: "defaultConfig: {holdApplicationUntilProxyStarts: true}" }, {}, true],
    ["the pod", {}, { "proxy.istio.io/config": "holdApplicationUntilProxyStarts: true" }, true],
    [
      "the pod, against the mesh",
      { mesh: "defaultConfig: {holdApplicationUntilProxyStarts: true}" },
      { "proxy.istio.io/config": "holdApplicationUntilProxyStarts: false" },
      false,
    ],
  ])("puts the proxy first if the application is to wait for it: %s", (_, data, annotations, first) => {
    const config = injectionConfig(undefined, configMap(data));
    const after = inject({ ...reviews, metadata: { ...reviews.metadata, annotations } }, config);
    expect(after.spec?.containers[0]?.name === "istio-proxy").toBe(first);
  });
});

describe("the gateway template", () => {
  const after = inject(gateway, lab);

  test("replaces the image auto, and keeps what the pod says itself", () => {
    expect(after.spec?.containers).toHaveLength(1);
    expect(after.spec?.containers[0]?.image).toBe("registry.example.com/istio/proxyv2:1.12.9");
    expect(after.spec?.containers[0]?.resources).toEqual({ requests: { cpu: "10m" } });
    expect(after.spec?.containers[0]?.ports).toHaveLength(1);
    expect(env(after, "ISTIO_META_ROUTER_MODE")).toEqual(["sni-dnat"]);
    expect(env(after, "ISTIO_META_CLUSTER_ID")).toEqual(["own"]);
    expect(env(after, "TRUST_DOMAIN")).toEqual(["devcluster1"]);
  });

  test("adds no init container and no tlsMode", () => {
    expect(after.spec?.initContainers).toEqual([]);
    expect(after.metadata?.labels).toMatchObject({ "istio.io/rev": "default" });
    expect(after.metadata?.labels).not.toHaveProperty("security.istio.io/tlsMode");
  });

  test("an image of the pod's own is kept", () => {
    const own: V1Pod = { ...gateway, spec: { containers: [{ name: "istio-proxy", image: "mine:1" }] } };
    expect(inject(own, lab).spec?.containers[0]?.image).toBe("mine:1");
  });
});

test("a template that does not exist is an error that names those that do", () => {
  const pod = { metadata: { annotations: { "inject.istio.io/templates": "nonsense" } } };
  expect(() => inject(pod, plain)).toThrow('requested template "nonsense" not found; have sidecar, gateway');
});

describe("who is injected", () => {
  const labelled = (value: string): V1Pod => ({ metadata: { labels: { "sidecar.istio.io/inject": value } } });
  test.each<[string, V1Pod, string, boolean]>([
    ["a pod that says nothing", reviews, "bookinfo", true],
    ["opted in by label", labelled("true"), "bookinfo", true],
    ["opted out by label", labelled("false"), "bookinfo", false],
    [
      "opted out by annotation",
      { metadata: { annotations: { "sidecar.istio.io/inject": "false" } } },
      "bookinfo",
      false,
    ],
    [
      "the label wins over the annotation",
      {
        metadata: {
          labels: { "sidecar.istio.io/inject": "true" },
          annotations: { "sidecar.istio.io/inject": "false" },
        },
      },
      "bookinfo",
      true,
    ],
    ["on the host's network", { spec: { hostNetwork: true, containers: [] } }, "bookinfo", false],
    ["in kube-system", reviews, "kube-system", false],
  ])("%s", (_, pod, namespace, expected) => {
    expect(wantsInjection(pod, namespace)).toBe(expected);
  });
});

describe("the patch", () => {
  test("makes the injected pod of the original, part by part", () => {
    const after = inject(reviews, plain);
    const patch = injectionPatch(reviews, after);
    expect(patch.map(({ path }) => path)).toEqual([
      "/metadata/labels",
      "/metadata/annotations",
      "/spec/initContainers",
      "/spec/containers",
    ]);
    expect(patch.find(({ path }) => path === "/spec/containers")?.value).toEqual(after.spec?.containers);
  });

  test("leaves alone what has not changed", () => {
    expect(injectionPatch(gateway, inject(gateway, lab)).map(({ path }) => path)).not.toContain(
      "/spec/initContainers",
    );
    expect(injectionPatch(reviews, reviews)).toEqual([]);
  });
});

describe("istiod's own webhooks", () => {
  const configuration = (webhook: object, labels: Record<string, string> = { "istio.io/rev": "default" }) =>
    ({ metadata: { name: "c", labels }, webhooks: [webhook] }) as unknown as WebhookConfiguration;
  const injector = {
    name: "namespace.sidecar-injector.istio.io",
    clientConfig: { service: {} },
    failurePolicy: "Fail",
  };
  const validator = { name: "validation.istio.io", clientConfig: { service: {} }, failurePolicy: "Ignore" };

  test("the injector's gets the CA only", () => {
    expect(webhookPatch(configuration(injector), "Q0E=", care.mutating)).toEqual([
      { op: "test", path: "/webhooks/0/name", value: injector.name },
      { op: "add", path: "/webhooks/0/clientConfig/caBundle", value: "Q0E=" },
    ]);
  });

  test("the validator's gets the CA and is closed", () => {
    expect(webhookPatch(configuration(validator), "Q0E=", care.validating).slice(1)).toEqual([
      { op: "add", path: "/webhooks/0/clientConfig/caBundle", value: "Q0E=" },
      { op: "add", path: "/webhooks/0/failurePolicy", value: "Fail" },
    ]);
  });

  test("an upgrade that opens the validator again is undone", () => {
    const reset = { ...validator, clientConfig: { caBundle: "Q0E=" } };
    expect(webhookPatch(configuration(reset), "Q0E=", care.validating).slice(1)).toEqual([
      { op: "add", path: "/webhooks/0/failurePolicy", value: "Fail" },
    ]);
  });

  test("nothing is done twice, nor to what belongs to others", () => {
    const done = { ...injector, clientConfig: { caBundle: "Q0E=" } };
    expect(webhookPatch(configuration(done), "Q0E=", care.mutating)).toEqual([]);
    expect(webhookPatch(configuration(injector, {}), "Q0E=", care.mutating)).toEqual([]);
    expect(
      webhookPatch(configuration({ ...injector, name: "x.example.com" }), "Q0E=", care.mutating),
    ).toEqual([]);
  });
});

describe("validation of Istio's objects", () => {
  test.each([
    ["Gateway", { selector: { istio: "ingressgateway" } }, "gateway must have at least one server"],
    ["Gateway", { servers: [] }, "gateway must have at least one server"],
    ["VirtualService", { http: [{}] }, "virtual service must have at least one host"],
    ["VirtualService", { hosts: ["a"] }, "http, tcp or tls must be provided in virtual service"],
    [
      "VirtualService",
      {},
      "virtual service must have at least one host; http, tcp or tls must be provided in virtual service",
    ],
  ])("%s %j is refused", (kind, spec, complaint) => {
    expect(invalidity({ kind, spec })).toBe(`configuration is invalid: ${complaint}`);
  });

  test.each([
    ["Gateway", { servers: [{}] }],
    ["VirtualService", { hosts: ["a"], tls: [{}] }],
    ["PeerAuthentication", {}],
  ])("%s %j is allowed", (kind, spec) => {
    expect(invalidity({ kind, spec })).toBeUndefined();
  });
});
