import { describe, expect, it, vi } from "vitest";
import {
  type Cluster,
  type Deployment,
  execute,
  type PendingOperation,
  plan,
  withoutPending,
} from "../../rehearsal/recover.ts";

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

describe("the plan", () => {
  it.each<[string, PendingOperation, object]>([
    [
      "deletes an object that was being created",
      { type: "creating", resource: namespace },
      {
        do: "delete-object",
        access: hostAccess,
        object: { apiVersion: "v1", kind: "Namespace", name: "devcluster1" },
      },
    ],
    [
      "deletes a custom resource in the cluster of its provider",
      { type: "creating", resource: workspace },
      {
        do: "delete-object",
        access: innerAccess,
        object: {
          apiVersion: "admin.gloo.solo.io/v2",
          kind: "Workspace",
          name: "developers",
          namespace: "gloo-mesh",
        },
      },
    ],
    [
      "uninstalls a release that was being installed",
      { type: "creating", resource: release },
      { do: "uninstall-release", access: innerAccess, release: istiod },
    ],
    [
      "rolls back a release that was being upgraded",
      { type: "updating", resource: release },
      { do: "roll-back-release", access: innerAccess, release: istiod },
    ],
    [
      "forgets the update of an object: it is done again",
      { type: "updating", resource: namespace },
      { do: "forget", operation: "updating" },
    ],
    [
      "forgets a deletion: the state still has what was being deleted",
      { type: "deleting", resource: release },
      { do: "forget", operation: "deleting" },
    ],
    ["forgets a step", { type: "creating", resource: command }, { do: "forget", operation: "creating" }],
    [
      "forgets an object that had no name yet",
      { type: "creating", resource: { ...namespace, inputs: { apiVersion: "v1", kind: "Namespace" } } },
      { do: "forget", operation: "creating" },
    ],
  ])("%s", (_title, operation, action) => {
    expect(plan(deployment(operation))).toEqual([{ urn: operation.resource.urn, ...action }]);
  });

  it("undoes what was begun last first", () => {
    const actions = plan(
      deployment({ type: "creating", resource: namespace }, { type: "creating", resource: release }),
    );
    expect(actions.map((action) => action.do)).toEqual(["uninstall-release", "delete-object"]);
  });

  it("uses the ambient kubeconfig for a provider that names none, and for an unknown one", () => {
    const [action] = plan(
      deployment({
        type: "creating",
        resource: { ...namespace, provider: `${urn(providerType, "gone")}::9` },
      }),
    );
    expect(action).toMatchObject({ access: { kubeconfig: undefined, context: undefined } });
  });

  it("is empty where nothing was under way", () => {
    expect(plan(deployment())).toEqual([]);
    expect(plan({ version: 3, deployment: {} })).toEqual([]);
  });
});

describe("carried out", () => {
  async function run(operation: PendingOperation, found: Partial<Cluster>) {
    const cluster = {
      deleteObject: vi.fn<Cluster["deleteObject"]>().mockResolvedValue(true),
      releaseStatus: vi.fn<Cluster["releaseStatus"]>().mockResolvedValue(undefined),
      uninstall: vi.fn<Cluster["uninstall"]>().mockResolvedValue(),
      rollBack: vi.fn<Cluster["rollBack"]>().mockResolvedValue(),
      ...found,
    };
    const lines: string[] = [];
    await execute(
      plan(deployment(operation)),
      async () => cluster,
      (line) => lines.push(line),
    );
    return { cluster, lines };
  }

  it("deletes an object and says so", async () => {
    const { lines } = await run({ type: "creating", resource: workspace }, {});
    expect(lines).toEqual(["ws: Workspace developers may be incomplete; deleted"]);
  });

  it("uninstalls only a release that is there", async () => {
    const there = await run(
      { type: "creating", resource: release },
      { releaseStatus: async () => "pending-install" },
    );
    expect(there.cluster.uninstall).toHaveBeenCalledExactlyOnceWith(istiod);
    expect(there.lines).toEqual(["istiod: release istiod was pending-install; uninstalled"]);

    const absent = await run({ type: "creating", resource: release }, {});
    expect(absent.cluster.uninstall).not.toHaveBeenCalled();
    expect(absent.lines).toEqual(["istiod: release istiod had not been installed yet"]);
  });

  it("rolls back only a release that is stuck", async () => {
    const stuck = await run(
      { type: "updating", resource: release },
      { releaseStatus: async () => "pending-upgrade" },
    );
    expect(stuck.cluster.rollBack).toHaveBeenCalledExactlyOnceWith(istiod);

    const done = await run(
      { type: "updating", resource: release },
      { releaseStatus: async () => "deployed" },
    );
    expect(done.cluster.rollBack).not.toHaveBeenCalled();
    expect(done.lines).toEqual(["istiod: release istiod is deployed; nothing to do"]);
  });

  it("goes on where a cluster does not answer", async () => {
    const lines: string[] = [];
    await execute(
      plan(deployment({ type: "creating", resource: command }, { type: "creating", resource: workspace })),
      () => Promise.reject(new Error("https://127.0.0.1 does not answer")),
      (line) => lines.push(line),
    );
    expect(lines).toEqual([
      "ws: could not be repaired: https://127.0.0.1 does not answer",
      "step: creating was cut off; it is done again",
    ]);
  });
});

it("leaves a deployment that has all but the pending operations", () => {
  const before = deployment({ type: "creating", resource: namespace });
  const after = withoutPending(before);
  expect(after.deployment.pending_operations).toEqual([]);
  expect(after.deployment.resources).toEqual(before.deployment.resources);
});
