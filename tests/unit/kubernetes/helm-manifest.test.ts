import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { namesOf, objectsOf, unionOf } from "../../../kubernetes/helm/manifest.ts";

const deployment = (spec: object, name = "gateway") => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: { template: { spec } },
});
const manifest = (...objects: object[]) => objects.map((object) => `---\n${stringify(object)}`).join("");
const union = (...manifests: string[]) => objectsOf(unionOf(manifests));

describe("the union of manifests", () => {
  it("has every object, each once, by group, kind, namespace and name", () => {
    const role = (apiVersion: string, kind: string, name: string, namespace?: string) => ({
      apiVersion,
      kind,
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    });
    const a = role("rbac.authorization.k8s.io/v1", "Role", "a");
    const found = union(
      manifest(a, role("v1", "Role", "a"), role("rbac.authorization.k8s.io/v1", "Role", "b")),
      manifest(
        { ...a, apiVersion: "rbac.authorization.k8s.io/v1beta1" },
        role("rbac.authorization.k8s.io/v1", "RoleBinding", "a"),
        role("rbac.authorization.k8s.io/v1", "Role", "a", "other"),
      ),
    );
    expect(found.map((object) => [object.apiVersion, object.kind, object.metadata])).toEqual([
      ["rbac.authorization.k8s.io/v1beta1", "Role", { name: "a" }],
      ["v1", "Role", { name: "a" }],
      ["rbac.authorization.k8s.io/v1", "Role", { name: "b" }],
      ["rbac.authorization.k8s.io/v1", "RoleBinding", { name: "a" }],
      ["rbac.authorization.k8s.io/v1", "Role", { name: "a", namespace: "other" }],
    ]);
  });

  it("has every field that one of them gives an object", () => {
    expect(
      union(
        manifest(deployment({ nodeSelector: { pool: "mesh" }, priorityClassName: "high" })),
        manifest(deployment({ nodeSelector: { zone: "a" }, hostNetwork: true })),
        manifest(deployment({ hostNetwork: false })),
      ),
    ).toEqual([
      deployment({
        nodeSelector: { pool: "mesh", zone: "a" },
        priorityClassName: "high",
        hostNetwork: false,
      }),
    ]);
  });

  it.each<[string, object[], object[], object[]]>([
    [
      "containers by name",
      [{ name: "proxy", image: "a", stdin: true }],
      [{ name: "proxy", image: "b" }, { name: "debug" }],
      [{ name: "proxy", image: "b", stdin: true }, { name: "debug" }],
    ],
    [
      "mounts by path, though they have names",
      [{ name: "config", mountPath: "/a" }],
      [
        { name: "config", mountPath: "/b" },
        { name: "other", mountPath: "/a" },
      ],
      [
        { name: "other", mountPath: "/a" },
        { name: "config", mountPath: "/b" },
      ],
    ],
    [
      "ports by number",
      [{ name: "http", containerPort: 80 }],
      [{ name: "http", containerPort: 8080 }],
      [
        { name: "http", containerPort: 80 },
        { name: "http", containerPort: 8080 },
      ],
    ],
    [
      "what has no key as a whole",
      [{ operator: "Exists" }],
      [{ effect: "NoSchedule" }],
      [{ effect: "NoSchedule" }],
    ],
  ])("knows elements of lists again as Kubernetes does: %s", (_title, before, after, both) => {
    expect(union(manifest(deployment({ list: before })), manifest(deployment({ list: after })))).toEqual([
      deployment({ list: both }),
    ]);
  });

  it("says nothing else of one manifest than it does", () => {
    const text = manifest(deployment({ containers: [{ name: "a" }] }), deployment({}, "b"));
    expect(unionOf([unionOf([text]), text])).toBe(unionOf([text]));
  });

  it("reads YAML as Helm does, without what is no object", () => {
    const text =
      "---\n# Source: a\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {on: no, a: 1, a: 2}\n";
    expect(objectsOf(text)).toEqual([
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { true: false, a: 2 } },
    ]);
    expect(objectsOf("")).toEqual([]);
  });
});

describe("what names the objects of a manifest", () => {
  const named = (text: string) =>
    namesOf(text).map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }));

  it.each([
    [
      "in blocks",
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  text: |\n    kind: Secret\n",
    ],
    [
      "with lists and comments that are not indented",
      "kind: Role\nrules:\n- verbs: [get]\n# kind: Pod\nmetadata:\n  name: a\n# to stay\n  namespace: b\napiVersion: v1\n",
    ],
    ["as JSON", '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{}}\n'],
    [
      "behind the line between documents",
      '--- {"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}\n',
    ],
    ["with quoted keys", '"apiVersion": v1\n"kind": Service\nmetadata: { name: a }\n'],
    ["with a key twice", "apiVersion: v1\nkind: Pod\nkind: Service\nmetadata:\n  name: a\n"],
    ["with an alias", "spec: &text same\napiVersion: v1\nkind: Service\nmetadata:\n  name: *text\n"],
    [
      "with another after it",
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n---\n# nothing\n---\nkind: Pod\napiVersion: v1\nmetadata: {name: b}\n",
    ],
  ])("is that of the objects: %s", (_, text) => {
    const all = objectsOf(text).map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }));
    expect(all).not.toEqual([]);
    expect(named(text)).toEqual(all);
  });

  it("is without the rest", () => {
    expect(namesOf(manifest(deployment({ a: 1 })))).toEqual([
      { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "gateway" } },
    ]);
  });
});
