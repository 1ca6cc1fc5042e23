import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import {
  type Cluster,
  type Deployment,
  execute,
  type PendingOperation,
  plan,
  settle,
} from "../../recovery/recover.ts";

const urn = (type: string, name: string) => `urn:pulumi:dev::mesh-lab::meshlab:lab:Lab$${type}::${name}`;

const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

const providerType = "pulumi:providers:kubernetes";
const host = { urn: urn(providerType, "host"), type: providerType, id: "1", inputs: { context: "host" } };
const inner = {
  urn: urn(providerType, "inner"),
  type: providerType,
  id: "2",
  inputs: { kubeconfig: secret("apiVersion: v1\n"), clusterIdentifier: "devcluster1" },
};

/** A deployment as `pulumi stack export --show-secrets` gives it. */
function deployment(...pending_operations: PendingOperation[]): Deployment {
  return { version: 3, deployment: { manifest: {}, resources: [host, inner], pending_operations } };
}

const namespace = {
  urn: urn("kubernetes:core/v1:Namespace", "ns"),
  type: "kubernetes:core/v1:Namespace",
  provider: `${host.urn}::1`,
  inputs: { apiVersion: "v1", kind: "Namespace", metadata: { name: "devcluster1" } },
};
const workspace = {
  urn: urn("kubernetes:admin.gloo.solo.io/v2:Workspace", "ws"),
  type: "kubernetes:admin.gloo.solo.io/v2:Workspace",
  provider: `${inner.urn}::2`,
  inputs: {
    apiVersion: "admin.gloo.solo.io/v2",
    kind: "Workspace",
    metadata: { name: "developers", namespace: "gloo-mesh" },
  },
};
const release = {
  urn: urn("kubernetes:helm.sh/v3:Release", "istiod"),
  type: "kubernetes:helm.sh/v3:Release",
  provider: `${inner.urn}::2`,
  inputs: { name: "istiod", namespace: "istio-system", values: secret({ pilot: {} }) },
};
const command = {
  urn: urn("command:local:Command", "step"),
  type: "command:local:Command",
  inputs: { create: "{}" },
};

const hostAccess = { context: "host" };
const innerAccess = { kubeconfig: "apiVersion: v1\n" };
const istiod = { namespace: "istio-system", name: "istiod" };
const devcluster1 = { apiVersion: "v1", kind: "Namespace", name: "devcluster1" };
const developers = {
  apiVersion: "admin.gloo.solo.io/v2",
  kind: "Workspace",
  name: "developers",
  namespace: "gloo-mesh",
};

describe("the plan", () => {
  it.each<[string, PendingOperation, object]>([
    [
      "deletes an object that was being created",
      { type: "creating", resource: namespace },
      { do: "delete-object", access: hostAccess, object: devcluster1 },
    ],
    [
      "deletes a custom resource in the cluster of its provider",
      { type: "creating", resource: workspace },
      { do: "delete-object", access: innerAccess, object: developers },
    ],
    [
      "completes the deletion of an object",
      { type: "deleting", resource: workspace },
      { do: "finish-deletion", access: innerAccess, object: developers },
    ],
    [
      "adopts a release that was being installed",
      { type: "creating", resource: release },
      { do: "adopt-release", access: innerAccess, release: istiod },
    ],
    [
      "unlocks a release that was being upgraded",
      { type: "updating", resource: release },
      { do: "unlock-release", access: innerAccess, release: istiod },
    ],
    [
      "completes the removal of a release",
      { type: "deleting", resource: release },
      { do: "finish-uninstall", access: innerAccess, release: istiod },
    ],
    ["leaves the update of an object", { type: "updating", resource: namespace }, { do: "nothing" }],
    ["leaves a step", { type: "creating", resource: command }, { do: "nothing" }],
    ["leaves what was only read", { type: "reading", resource: namespace }, { do: "nothing" }],
    [
      "leaves an object that had no name yet",
      { type: "creating", resource: { ...namespace, inputs: { apiVersion: "v1", kind: "Namespace" } } },
      { do: "nothing" },
    ],
  ])("%s", (_title, operation, action) => {
    expect(plan(deployment(operation))).toEqual([action]);
  });

  it("uses the ambient kubeconfig for an unknown provider", () => {
    const orphan = { ...namespace, provider: `${urn(providerType, "gone")}::9` };
    const [action] = plan(deployment({ type: "creating", resource: orphan }));
    expect(action).toMatchObject({ access: { kubeconfig: undefined, context: undefined } });
  });

  it("is empty where nothing was under way", () => {
    expect(plan(deployment())).toEqual([]);
    expect(plan({ version: 3, deployment: {} })).toEqual([]);
  });
});

it("is made of what a killed run leaves behind", () => {
  const killed = JSON.parse(
    readFileSync(join(import.meta.dirname, "killed.deployment.json"), "utf8"),
  ) as Deployment;
  const inside = (cluster: string) => ({
    kubeconfig: `# of ${cluster}\napiVersion: v1\nkind: Config\n`,
    context: undefined,
  });
  expect(plan(killed)).toEqual([
    {
      do: "adopt-release",
      access: inside("devmgmt"),
      release: { name: "gloo-mesh-enterprise", namespace: "gloo-mesh" },
    },
    {
      do: "delete-object",
      access: inside("devcluster1"),
      object: { apiVersion: "apps/v1", kind: "Deployment", name: "reviews-v2", namespace: "bookinfo" },
    },
    {
      do: "adopt-release",
      access: inside("devcluster1"),
      release: { name: "istio-ingressgateway", namespace: "istio-gateways" },
    },
  ]);
});

describe("carried out", () => {
  async function run(operation: PendingOperation, found: Partial<Cluster> = {}) {
    const cluster = {
      deleteObject: vi.fn<Cluster["deleteObject"]>().mockResolvedValue(true),
      releaseStatus: vi.fn<Cluster["releaseStatus"]>().mockResolvedValue(undefined),
      markFailed: vi.fn<Cluster["markFailed"]>().mockResolvedValue(),
      uninstall: vi.fn<Cluster["uninstall"]>().mockResolvedValue(),
      ...found,
    };
    const lines: string[] = [];
    const effects = await execute(
      deployment(operation),
      async () => cluster,
      (line) => lines.push(line),
    );
    return { cluster, said: lines.join("\n"), effect: effects.join() };
  }
  const status = (value: string): Partial<Cluster> => ({ releaseStatus: async () => value });

  it("deletes an object, and the engine creates it again", async () => {
    const { cluster, said, effect } = await run({ type: "creating", resource: workspace });
    expect(cluster.deleteObject).toHaveBeenCalledExactlyOnceWith(developers);
    expect([said, effect]).toEqual(["ws: creating was cut off; what it left is deleted", "none"]);
  });

  it("adopts a release, after taking Helm's lock off it", async () => {
    const { cluster, said, effect } = await run(
      { type: "creating", resource: release },
      status("pending-install"),
    );
    expect(cluster.markFailed).toHaveBeenCalledExactlyOnceWith(istiod);
    expect([said, effect]).toEqual([
      "istiod: creating was cut off; the release was pending-install, and is upgraded",
      "adopt",
    ]);
  });

  it("adopts a release that Helm had finished as it is", async () => {
    const { cluster, effect } = await run({ type: "creating", resource: release }, status("deployed"));
    expect(cluster.markFailed).not.toHaveBeenCalled();
    expect(effect).toBe("adopt");
  });

  it("adopts nothing where no release is", async () => {
    const { said, effect } = await run({ type: "creating", resource: release });
    expect([said, effect]).toEqual(["istiod: creating was cut off; it had left nothing", "none"]);
  });

  it("takes Helm's lock off an upgrade", async () => {
    const { cluster, effect } = await run({ type: "updating", resource: release }, status("pending-upgrade"));
    expect(cluster.markFailed).toHaveBeenCalledExactlyOnceWith(istiod);
    expect(effect).toBe("none");
  });

  it("completes deletions, of releases only where there is one", async () => {
    const object = await run({ type: "deleting", resource: workspace });
    expect([object.said, object.effect]).toEqual(["ws: deleting was cut off; it is completed", "drop"]);

    const there = await run({ type: "deleting", resource: release }, status("uninstalling"));
    expect(there.cluster.uninstall).toHaveBeenCalledExactlyOnceWith(istiod);
    const gone = await run({ type: "deleting", resource: release });
    expect(gone.cluster.uninstall).not.toHaveBeenCalled();
    expect([there.effect, gone.effect]).toEqual(["drop", "drop"]);
  });

  it("begins with what was begun last, and goes on where a cluster does not answer", async () => {
    const lines: string[] = [];
    const effects = await execute(
      deployment({ type: "deleting", resource: workspace }, { type: "creating", resource: command }),
      () => Promise.reject(new Error("https://127.0.0.1 does not answer")),
      (line) => lines.push(line),
    );
    expect(lines).toEqual([
      "step: creating was cut off; it is done again",
      "ws: deleting was cut off; could not be repaired: https://127.0.0.1 does not answer",
    ]);
    expect(effects).toEqual(["none", "none"]);
  });
});

describe("the state afterwards", () => {
  const present = { ...workspace, id: "gloo-mesh/developers" };
  const doomed = { ...present, delete: true };

  it("has nothing pending, and all that it had", () => {
    const before = deployment({ type: "creating", resource: namespace });
    expect(settle(before, ["none"]).deployment).toEqual({ ...before.deployment, pending_operations: [] });
  });

  it("has an adopted release as one whose creation failed", () => {
    const { resources } = settle(deployment({ type: "creating", resource: release }), ["adopt"]).deployment;
    expect(resources).toEqual([
      host,
      inner,
      {
        ...release,
        id: "istio-system/istiod",
        outputs: release.inputs,
        initErrors: ["its creation was cut off"],
      },
    ]);
  });

  it("has lost what was deleted, and that alone", () => {
    const before: Deployment = {
      version: 3,
      deployment: {
        resources: [host, inner, present, doomed],
        pending_operations: [{ type: "deleting", resource: doomed }],
      },
    };
    expect(settle(before, ["drop"]).deployment.resources).toEqual([host, inner, present]);
  });
});
