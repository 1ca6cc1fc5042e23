import { describe, expect, it } from "vitest";
import { adoptFields } from "../../rehearsal/plugins/kubernetes/apply.ts";
import { diff, project } from "../../rehearsal/plugins/kubernetes/diff.ts";
import { immutablePaths } from "../../rehearsal/plugins/kubernetes/replace.ts";
import { UNKNOWN } from "../../rehearsal/plugins/provider.ts";

const kinds = (olds: object, news: object, immutable: readonly string[] = []) => {
  const { detailedDiff = {} } = diff({ ...olds }, { ...news }, immutable);
  return Object.fromEntries(Object.entries(detailedDiff).map(([path, { kind }]) => [path, kind]));
};

describe("the paths of a difference", () => {
  it.each([
    [
      "a value deep in a release",
      { values: { a: { b: [1, { c: 2 }] } } },
      { values: { a: { b: [1, { c: 3 }] } } },
      { "values.a.b[1].c": "update" },
    ],
    [
      "a key with dots",
      { labels: {} },
      { labels: { "istio.io/rev": "x" } },
      { 'labels["istio.io/rev"]': "add" },
    ],
    ["a shorter list", { args: ["a", "b"] }, { args: ["a"] }, { "args[1]": "delete" }],
    ["a null that appears", { values: {} }, { values: { a: null } }, { "values.a": "add" }],
    ["another type", { port: 80 }, { port: "80" }, { port: "update" }],
    ["a value not known yet", { data: { a: "1" } }, { data: { a: UNKNOWN } }, { "data.a": "update" }],
    ["nothing", { a: { b: [] } }, { a: { b: [] } }, {}],
  ])("names %s", (_, olds, news, expected) => {
    expect(kinds(olds, news)).toEqual(expected);
    expect(diff(olds, news, []).changed).toBe(Object.keys(expected).length > 0);
  });

  it("says which top-level inputs differ", () => {
    expect(diff({ name: "a", timeout: 1 }, { name: "b", timeout: 1 }, ["name"])).toMatchObject({
      diffs: ["name"],
      replaces: ["name"],
    });
  });
});

describe("what replaces an object", () => {
  const frozen = { Secret: false, ConfigMap: false };
  const cases: readonly (readonly [string, string, object, object, boolean])[] = [
    [
      "apps/v1",
      "Deployment",
      { spec: { selector: { matchLabels: { a: "1" } } } },
      { spec: { selector: { matchLabels: { a: "2" } } } },
      true,
    ],
    ["apps/v1", "Deployment", { spec: { replicas: 1 } }, { spec: { replicas: 2 } }, false],
    [
      "apps/v1",
      "StatefulSet",
      { spec: { volumeClaimTemplates: [{}] } },
      { spec: { volumeClaimTemplates: [] } },
      true,
    ],
    ["apps/v1", "StatefulSet", { spec: { serviceName: "a" } }, { spec: { serviceName: "b" } }, true],
    [
      "batch/v1",
      "Job",
      { spec: { template: { spec: { a: 1 } } } },
      { spec: { template: { spec: { a: 2 } } } },
      true,
    ],
    [
      "rbac.authorization.k8s.io/v1",
      "RoleBinding",
      { roleRef: { name: "a" } },
      { roleRef: { name: "b" } },
      true,
    ],
    ["rbac.authorization.k8s.io/v1", "RoleBinding", { subjects: [] }, { subjects: [{ name: "b" }] }, false],
    ["v1", "Service", { spec: {} }, { spec: { clusterIP: "10.0.0.1" } }, true],
    ["v1", "Service", { spec: { type: "ClusterIP" } }, { spec: { type: "LoadBalancer" } }, false],
    [
      "v1",
      "PersistentVolumeClaim",
      { spec: { storageClassName: "a" } },
      { spec: { storageClassName: "b" } },
      true,
    ],
    [
      "v1",
      "Pod",
      { spec: { containers: [{ image: "a" }] } },
      { spec: { containers: [{ image: "b" }] } },
      true,
    ],
    ["v1", "Pod", { spec: {} }, { spec: { containers: [{ image: "b" }] } }, true],
    ["v1", "ConfigMap", { data: { a: "1" } }, { data: { a: "2" } }, true],
    ["v1", "ConfigMap", { metadata: { labels: { a: "1" } } }, { metadata: { labels: { a: "2" } } }, false],
    ["v1", "Secret", { data: { a: "1" } }, { data: {} }, true],
    ["v1", "Secret", { type: "Opaque" }, { type: "tls" }, true],
    ["v1", "ServiceAccount", { metadata: { namespace: "a" } }, { metadata: { namespace: "b" } }, true],
    ["example.com/v1", "Secret", { data: { a: "1" } }, { data: { a: "2" } }, false],
  ];
  it.each(cases)("%s %s: %j -> %j: %s", (apiVersion, kind, olds, news, replaced) => {
    const object = { apiVersion, kind, ...news };
    const found = Object.values(kinds({ apiVersion, kind, ...olds }, object, immutablePaths(object, frozen)));
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((what) => what.endsWith("-replace"))).toBe(replaced);
  });

  it("leaves secrets and config maps alone where the provider lets them change, unless they are immutable", () => {
    const mutable = { Secret: true, ConfigMap: true };
    const secret = { apiVersion: "v1", kind: "Secret" };
    expect(immutablePaths(secret, mutable)).not.toContain("data");
    expect(immutablePaths({ ...secret, immutable: true }, mutable)).toContain("data");
  });
});

describe("the live object seen through the inputs", () => {
  const inputs = {
    spec: { replicas: 1, args: [], memory: "1024Mi", cpu: "1000m", ports: [{ port: 80 }], note: "x" },
  };

  it("keeps what the server only wrote in its own way or left out", () => {
    const live = {
      spec: { replicas: 1, memory: "1Gi", cpu: "1", ports: [{ port: 80, protocol: "TCP" }], note: "x" },
      status: {},
    };
    expect(project(live, inputs)).toEqual(inputs);
  });

  it("shows what someone else changed, removed or cut short", () => {
    const live = { spec: { replicas: 3, memory: "2Gi", cpu: "1", ports: [], args: [] } };
    expect(project(live, inputs)).toEqual({
      spec: { replicas: 3, args: [], memory: "2Gi", cpu: "1000m", ports: [] },
    });
  });
});

describe("the fields taken over before the first apply", () => {
  const created = {
    manager: "pulumi-kubernetes",
    operation: "Update",
    fieldsV1: { "f:spec": { "f:a": {} } },
  };
  const controller = {
    manager: "kube-controller-manager",
    operation: "Update",
    fieldsV1: { "f:status": {} },
  };

  it("are those of the creation and of kubectl, in one entry", () => {
    const kubectl = {
      manager: "kubectl-client-side-apply",
      operation: "Update",
      fieldsV1: { "f:spec": { "f:b": {} } },
    };
    expect(adoptFields([created, controller, kubectl], "me")).toEqual([
      controller,
      { manager: "me", operation: "Apply", fieldsV1: { "f:spec": { "f:a": {}, "f:b": {} } } },
    ]);
  });

  it("are none once they are applied, nor any of a subresource", () => {
    const status = { ...created, subresource: "status" };
    expect(
      adoptFields([{ ...created, manager: "me", operation: "Apply" }, controller, status], "me"),
    ).toBeUndefined();
  });
});
