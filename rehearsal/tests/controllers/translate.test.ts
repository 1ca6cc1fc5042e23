import type { V1Pod, V1Service } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { hostLabel, hostName, hostPod, hostService } from "../../controllers/kit/translate.ts";

const tenant = { name: "devcluster1", namespace: "lab", owner: { name: "devcluster1", uid: "service-uid" } };

describe("names on the host, as vcluster 0.10.2 makes them", () => {
  test.each([
    ["istio-ingressgateway", "istio-gateways", "istio-ingressgateway-x-istio-gateways-x-devcluster1"],
    [
      "istio-ingressgateway-5f7c9d8b6d-abcde",
      "istio-gateways",
      "istio-ingressgateway-5f7c9d8b6d-abcde-x-istio-gatewa-ec24197a3b",
    ],
  ])("%s in %s", (name, namespace, expected) => {
    expect(hostName(name, namespace, "devcluster1")).toBe(expected);
  });

  test("exactly 63 characters are not cut", () => {
    const name = "a".repeat(63 - "-x-b-x-c".length);
    expect(hostName(name, "b", "c")).toBe(`${name}-x-b-x-c`);
    expect(hostName(`${name}a`, "b", "c")).toHaveLength(63);
    expect(hostName(`${name}a`, "b", "c")).not.toContain("-x-c");
  });

  test("a cut after a dot does not leave a dot before the dash", () => {
    expect(hostName(`${"a".repeat(51)}.${"b".repeat(20)}`, "n", "v")).toMatch(/^a{51}-[0-9a-f]{10}$/);
  });

  test("label keys are hashed", () => {
    expect(hostLabel("app", "devcluster1")).toBe("vcluster.loft.sh/label-devcluster1-x-a172cedcae");
    expect(hostLabel("app", "devcluster1", "ns-label")).toBe(
      "vcluster.loft.sh/ns-label-devcluster1-x-a172cedcae",
    );
  });
});

describe("a pod's copy", () => {
  const pod = {
    metadata: {
      name: "reviews-v1-abc",
      namespace: "bookinfo",
      uid: "pod-uid",
      labels: { app: "reviews" },
      annotations: { b: "2", a: "1" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "reviews-v1", uid: "rs", controller: true },
      ],
    },
    spec: {
      nodeName: "elsewhere",
      priorityClassName: "system-cluster-critical",
      serviceAccountName: "bookinfo-reviews",
      nodeSelector: { zone: "a" },
      tolerations: [{ operator: "Exists" }],
      volumes: [{ name: "token" }],
      initContainers: [{ name: "istio-init", image: "proxyv2" }],
      containers: [
        {
          name: "reviews",
          image: "reviews:1",
          ports: [{ containerPort: 9080 }],
          resources: { requests: { cpu: "100m" } },
          volumeMounts: [{ name: "token", mountPath: "/token" }],
          env: [
            { name: "LITERAL", value: "1" },
            { name: "SECRET", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
          ],
        },
      ],
    },
  } satisfies V1Pod;

  test("carries what scheduling needs and nothing that only exists inside", () => {
    expect(hostPod(tenant, pod, {}).spec).toEqual({
      serviceAccountName: "vc-workload-devcluster1",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      nodeSelector: { zone: "a" },
      tolerations: [{ operator: "Exists" }],
      initContainers: [{ name: "istio-init", image: "proxyv2" }],
      containers: [
        {
          name: "reviews",
          image: "reviews:1",
          ports: [{ containerPort: 9080 }],
          resources: { requests: { cpu: "100m" } },
          env: [{ name: "LITERAL", value: "1" }],
        },
      ],
    });
  });

  test("says where it comes from and to whom it belongs", () => {
    expect(hostPod(tenant, pod, { "istio-injection": "enabled" }).metadata).toEqual({
      name: "reviews-v1-abc-x-bookinfo-x-devcluster1",
      namespace: "lab",
      labels: {
        "vcluster.loft.sh/label-devcluster1-x-a172cedcae": "reviews",
        [hostLabel("istio-injection", "devcluster1", "ns-label")]: "enabled",
        "vcluster.loft.sh/managed-by": "devcluster1",
        "vcluster.loft.sh/namespace": "bookinfo",
      },
      annotations: {
        a: "1",
        b: "2",
        "vcluster.loft.sh/object-name": "reviews-v1-abc",
        "vcluster.loft.sh/object-namespace": "bookinfo",
        "vcluster.loft.sh/managed-annotations": "a\nb",
        "vcluster.loft.sh/name": "reviews-v1-abc",
        "vcluster.loft.sh/namespace": "bookinfo",
        "vcluster.loft.sh/uid": "pod-uid",
        "vcluster.loft.sh/labels": 'app="reviews"',
        "vcluster.loft.sh/service-account-name": "bookinfo-reviews",
        "vcluster.loft.sh/owner-set-kind": "ReplicaSet",
      },
      ownerReferences: [
        { apiVersion: "v1", kind: "Service", name: "devcluster1", uid: "service-uid", controller: true },
      ],
    });
  });

  test("starts held if it is a gloo-mesh agent's", () => {
    const agent = { ...pod, metadata: { ...pod.metadata, labels: { app: "gloo-mesh-agent" } } };
    const hold = (copy: V1Pod) => copy.metadata?.annotations?.["rehearsal.mesh-lab.dev/hold"];
    expect(hold(hostPod(tenant, agent, {}))).toContain("relay");
    expect(hold(hostPod(tenant, pod, {}))).toBeUndefined();
  });
});

describe("a Service's copy", () => {
  const service: V1Service = {
    metadata: { name: "istio-ingressgateway", namespace: "istio-gateways", labels: { app: "gateway" } },
    spec: {
      type: "LoadBalancer",
      clusterIP: "10.96.0.9",
      clusterIPs: ["10.96.0.9"],
      selector: { app: "gateway" },
      ports: [
        { name: "http2", port: 80, targetPort: 8080, protocol: "TCP", nodePort: 31000 },
        { name: "dns", port: 53, protocol: "UDP", nodePort: 31001 },
      ],
    },
  };

  test("selects the copies of its pods, and lets the host choose addresses", () => {
    const copy = hostService(tenant, service, new Map());
    expect(copy.metadata?.name).toBe("istio-ingressgateway-x-istio-gateways-x-devcluster1");
    expect(copy.metadata?.ownerReferences?.[0]?.controller).toBe(false);
    expect(copy.spec).toEqual({
      type: "LoadBalancer",
      selector: {
        "vcluster.loft.sh/label-devcluster1-x-a172cedcae": "gateway",
        "vcluster.loft.sh/managed-by": "devcluster1",
        "vcluster.loft.sh/namespace": "istio-gateways",
      },
      ports: [
        { name: "http2", port: 80, targetPort: 8080, protocol: "TCP" },
        { name: "dns", port: 53, protocol: "UDP" },
      ],
    });
  });

  test("has the node ports that are given, and leaves the others to the host", () => {
    const nodePorts = new Map([
      ["TCP/80", 30080],
      ["TCP/53", 30053],
    ]);
    expect(hostService(tenant, service, nodePorts).spec?.ports).toEqual([
      { name: "http2", port: 80, targetPort: 8080, protocol: "TCP", nodePort: 30080 },
      { name: "dns", port: 53, protocol: "UDP" },
    ]);
  });
});
