import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { corednsObjects, registryOf } from "../../controllers/vcluster/coredns.ts";
import { virtualNode } from "../../controllers/vcluster/nodes.ts";
import { kubeconfigSecret } from "../../controllers/vcluster/kubeconfig-secret.ts";
import { dataOf } from "../../controllers/vcluster.ts";

test("Secret vc-NAME is what k3s and the syncer write", () => {
  const tenant = { name: "devmgmt", namespace: "lab", owner: { name: "devmgmt", uid: "service-uid" } };
  const secret = kubeconfigSecret(tenant, { ca: "CA\n", adminCert: "CERT\n", adminKey: "KEY\n" }) as {
    data: Record<string, string>;
  };
  const decoded = Object.fromEntries(
    Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
  );
  const { config = "", ...pems } = decoded;
  expect(secret).toMatchObject({
    type: "Opaque",
    metadata: {
      name: "vc-devmgmt",
      namespace: "lab",
      ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "devmgmt", uid: "service-uid" }],
    },
  });
  expect(pems).toEqual({
    "certificate-authority": "CA\n",
    "client-certificate": "CERT\n",
    "client-key": "KEY\n",
  });
  expect(parse(config)).toEqual({
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    clusters: [
      { name: "local", cluster: { server: "https://localhost:8443", "certificate-authority-data": "Q0EK" } },
    ],
    users: [{ name: "user", user: { "client-certificate-data": "Q0VSVAo=", "client-key-data": "S0VZCg==" } }],
    contexts: [{ name: "Default", context: { cluster: "local", namespace: "default", user: "user" } }],
    "current-context": "Default",
  });
});

describe("a vcluster's data", () => {
  const claim = { metadata: { uid: "claim" } };
  const persistent = {
    metadata: { uid: "pod" },
    spec: {
      containers: [],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data-devmgmt-0" } }],
    },
  };
  const passing = {
    metadata: { uid: "pod" },
    spec: { containers: [], volumes: [{ name: "data", emptyDir: {} }] },
  };

  test("stays with its volume while there is no pod, as in a pause", () => {
    expect(dataOf(persistent, claim)).toBe("/vcluster/claim");
    expect(dataOf(undefined, claim)).toBe("/vcluster/claim");
  });

  test("goes with its pod where it has no volume", () => {
    expect(dataOf(passing, undefined)).toBe("/vcluster/pod");
    expect(dataOf(undefined, undefined)).toBeUndefined();
  });

  test("is not begun before its volume is there", () => {
    expect(dataOf(persistent, undefined)).toBeUndefined();
  });
});

describe("the coredns manifest", () => {
  test("has its variables filled in, document by document", () => {
    const manifest = [
      "kind: ServiceAccount",
      "---",
      "kind: Deployment",
      "image: {{.IMAGE}}",
      "user: {{ .RUN_AS_USER }}",
      "nonRoot: {{.RUN_AS_NON_ROOT}}",
      "---",
    ].join("\n");
    expect(corednsObjects(manifest)).toEqual([
      { kind: "ServiceAccount" },
      { kind: "Deployment", image: "coredns/coredns:1.8.4", user: 1001, nonRoot: true },
    ]);
  });

  test("takes its image from the registry that the syncer is told", () => {
    const pod = {
      spec: { containers: [{ name: "syncer", args: ["--name=a", "--default-image-registry=m.test/"] }] },
    };
    expect(registryOf(pod)).toBe("m.test/");
    expect(registryOf({ spec: { containers: [{ name: "syncer" }] } })).toBe("");
    expect(registryOf(undefined)).toBe("");
    expect(corednsObjects("image: {{.IMAGE}}", "m.test/")).toEqual([
      { image: "m.test/coredns/coredns:1.8.4" },
    ]);
  });

  test("an empty one has no objects", () => {
    expect(corednsObjects("")).toEqual([]);
  });
});

describe("a node", () => {
  test("is copied with a note of the labels that are the host's", () => {
    const node = {
      metadata: {
        name: "a",
        labels: { "kubernetes.io/os": "linux", arch: "amd64" },
        annotations: { note: "x" },
      },
      spec: { taints: [{ key: "dedicated", effect: "NoSchedule" }], podCIDR: "10.0.0.0/24" },
    };
    expect(virtualNode(node)).toEqual({
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name: "a",
        labels: { "kubernetes.io/os": "linux", arch: "amd64" },
        annotations: { note: "x", "vcluster.loft.sh/managed-labels": "arch\nkubernetes.io/os" },
      },
      spec: { taints: [{ key: "dedicated", effect: "NoSchedule" }], unschedulable: false },
    });
  });
});
