import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  ApiError,
  type Call,
  type Cluster,
  NoMatchError,
  type Ref,
} from "../../rehearsal/plugins/kubernetes/cluster.ts";
import { settings } from "../../rehearsal/plugins/kubernetes/config.ts";
import { rawObjects } from "../../rehearsal/plugins/kubernetes/raw.ts";
import type { Session } from "../../rehearsal/plugins/kubernetes/session.ts";
import { PartialFailure, type Props, plain, secret, UNKNOWN } from "../../rehearsal/plugins/provider.ts";

vi.mock("../../rehearsal/plugins/engine.ts", () => ({ log: vi.fn() }));
vi.mock("node:timers/promises", () => ({ setTimeout: vi.fn(async () => {}) }));

interface Sent extends Ref, Call {
  readonly method: string;
}

type Answer = (sent: Sent) => Props | Error;
type Changed = Parameters<Cluster["follow"]>[1];

/** A cluster that answers as told, remembers what it was sent and lets the test play the changes of objects. */
function fakeCluster(answer: Answer, kinds: Record<string, "namespaced" | "cluster"> = {}) {
  const sent: Sent[] = [];
  const followers = new Map<string, Changed>();
  const cluster: Cluster = {
    ping: async () => {},
    scope: async (_, kind) => kinds[kind],
    send: async (method, ref, call) => {
      sent.push({ method, ...ref, ...call });
      const given = answer({ method, ...ref, ...call });
      if (given instanceof Error) throw given;
      return given;
    },
    list: async () => [],
    follow: async ({ kind }, changed) => {
      followers.set(kind, changed);
    },
  };
  return { cluster, sent, change: (kind: string, o?: Props) => followers.get(kind)?.(o) };
}

const session = (
  cluster: Cluster | undefined,
  args: Props = {},
  signal = new AbortController().signal,
): Session => ({
  cluster,
  kubeConfig: undefined,
  settings: settings(args),
  unreachable: cluster === undefined ? "connection refused" : "",
  signal,
});

const refusal = (code: number, reason: string, kind = "pods"): ApiError =>
  new ApiError(code, { message: `${kind} "x" refused`, reason, details: { kind } });

const seed = Buffer.from("seed");
const type = "kubernetes:core/v1:ConfigMap";
const urn = `urn:pulumi:dev::lab::${type}::settings`;
const configMap: Props = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings", namespace: "shop" },
  data: { a: "1" },
};
const named = (name: string, o: Props): Props => ({ ...o, metadata: { name, namespace: "shop" } });

describe("checking", () => {
  const kinds = { ConfigMap: "namespaced", Mesh: "cluster" } as const;
  const check = async (news: Props, olds: Props = {}, token = type) => {
    const { cluster } = fakeCluster(() => ({}), kinds);
    const checked = await rawObjects(session(cluster)).check({
      urn,
      type: token,
      olds,
      news,
      randomSeed: seed,
    });
    return { ...checked, inputs: plain(checked.inputs) as Props };
  };

  it("gives a nameless object a name that lasts, and a namespace", async () => {
    const nameless = { ...configMap, metadata: {} };
    const { inputs } = await check(nameless);
    expect(inputs["metadata"]).toEqual({
      name: expect.stringMatching(/^settings-[0-9a-f]{8}$/) as string,
      namespace: "default",
      annotations: { "pulumi.com/autonamed": "true" },
    });
    expect((await check(nameless)).inputs).toEqual(inputs);
    const annotations = { "pulumi.com/autonamed": "true" };
    const before = { metadata: { name: "settings-0", annotations } };
    expect((await check(nameless, before)).inputs["metadata"]).toMatchObject({ name: "settings-0" });
    // A name that the program gave and took away is not kept.
    const given = await check(nameless, { metadata: { name: "mine" } });
    expect(given.inputs).toEqual(inputs);
  });

  it.each([
    ["v1", "Namespace", undefined],
    ["apiextensions.k8s.io/v1", "CustomResourceDefinition", undefined],
    ["example.com/v1", "Mesh", undefined],
    ["example.com/v1", "NotThereYet", "default"],
    ["v1", "ConfigMap", "default"],
  ])("puts %s %s into the namespace %s", async (apiVersion, kind, namespace) => {
    const { inputs } = await check({ apiVersion, kind, metadata: { name: "a" } });
    expect(inputs["metadata"]).toEqual({ name: "a", ...(namespace && { namespace }) });
  });

  it("turns the text of a Secret into data, and keeps it secret", async () => {
    const news = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace: "n" },
      stringData: { a: "1" },
    };
    const { cluster } = fakeCluster(() => ({}));
    const c = { urn, type: "kubernetes:core/v1:Secret", olds: {}, randomSeed: seed };
    const known = await rawObjects(session(cluster)).check({ ...c, news });
    expect(known.inputs["data"]).toEqual(secret({ a: "MQ==" }));
    expect(known.inputs).not.toHaveProperty("stringData");
    const unknown = await rawObjects(session(cluster)).check({
      ...c,
      news: { ...news, stringData: { a: UNKNOWN } },
    });
    expect(unknown.inputs["stringData"]).toEqual(secret({ a: UNKNOWN }));
  });

  it.each<[string, Props, string]>([
    ["apiVersion", { kind: "ConfigMap" }, type],
    ["kind", { apiVersion: "v1" }, type],
    ["kind", { apiVersion: "v1", kind: "ConfigMap" }, "kubernetes:core/v1:ConfigMapPatch"],
    ["kind", { apiVersion: "v1", kind: "ConfigMapList" }, "kubernetes:core/v1:ConfigMapList"],
    [
      "metadata",
      { ...configMap, metadata: { annotations: { "pulumi.com/waitFor": "condition=Ready" } } },
      type,
    ],
    ["metadata", { ...configMap, metadata: { generateName: "a-" } }, type],
  ])("refuses what it cannot do: %s of %j", async (property, news, token) => {
    expect((await check(news, {}, token)).failures?.map((f) => f.property)).toContain(property);
  });
});

describe("comparing", () => {
  const raw = rawObjects(session(undefined));
  const state: Props = { ...configMap, metadata: { name: "settings", namespace: "shop", uid: "1" } };
  const compare = async (news: Props, olds = state) =>
    raw.diff({ urn, type, id: "shop/settings", oldInputs: configMap, olds, news, ignoreChanges: [] });

  it("sees no difference in what the server added", async () => {
    expect(await compare(configMap)).toMatchObject({ changed: false, deleteBeforeReplace: false });
  });

  it("sees what someone else changed", async () => {
    const diff = await compare(configMap, { ...state, data: { a: "2" } });
    expect(diff.detailedDiff).toMatchObject({ "data.a": { kind: "update-replace" } });
  });

  it("deletes before it replaces what keeps its name", async () => {
    const changed = { ...configMap, data: { a: "2" } };
    expect((await compare(changed)).deleteBeforeReplace).toBe(true);
    expect((await compare(named("other", changed))).deleteBeforeReplace).toBe(false);
    const annotations = { "pulumi.com/autonamed": "true" };
    const autonamed = { ...changed, metadata: { name: "settings", namespace: "shop", annotations } };
    expect((await compare(autonamed)).deleteBeforeReplace).toBe(false);
  });
});

describe("creating", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.mocked(sleep).mockClear();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const create = (cluster: Cluster | undefined, inputs = configMap, preview = false, signal?: AbortSignal) =>
    rawObjects(session(cluster, {}, signal)).create({ urn, type, inputs, preview, timeout: 0 });
  const kinds = { ConfigMap: "namespaced", Service: "namespaced" } as const;
  const created = (sent: Sent): Props => ({ ...(sent.body as Props), status: {} });

  it("posts the object under the provider's name", async () => {
    const { cluster, sent } = fakeCluster(created, kinds);
    expect((await create(cluster)).id).toBe("shop/settings");
    expect(sent).toMatchObject([
      { method: "POST", kind: "ConfigMap", namespace: "shop", query: { fieldManager: "pulumi-kubernetes" } },
    ]);
    expect(sent[0]).not.toHaveProperty("name");
  });

  it.each([
    ["a namespace", refusal(404, "NotFound", "namespaces")],
    ["a CRD", new NoMatchError("example.com/v1", "Mesh")],
  ])("tries again for 31 seconds while %s is missing", async (_, missing) => {
    const { cluster, sent } = fakeCluster(() => missing, kinds);
    await expect(create(cluster)).rejects.toThrow(missing.message);
    expect(sent).toHaveLength(6);
    expect(vi.mocked(sleep).mock.calls.map(([ms]) => ms)).toEqual([1000, 2000, 4000, 8000, 16_000]);
  });

  it.each([
    [refusal(409, "AlreadyExists"), "already exists in the cluster"],
    [refusal(500, "InternalError"), "was not successfully created by the Kubernetes API server"],
  ])("does not try again after %s", async (error, text) => {
    const { cluster, sent } = fakeCluster(() => error, kinds);
    await expect(create(cluster)).rejects.toThrow(text);
    expect(sent).toHaveLength(1);
  });

  it("is tried on the server in a preview, and returned as given where it cannot be tried", async () => {
    const { cluster, sent } = fakeCluster(created, kinds);
    const tried = await create(cluster, configMap, true);
    expect(sent).toMatchObject([{ query: { dryRun: "All" } }]);
    expect(tried).toEqual({ id: "", outputs: configMap });

    const asGiven = async (of: Cluster | undefined, inputs = configMap) => {
      expect(await create(of, inputs, true)).toEqual({ id: "", outputs: inputs });
    };
    await asGiven(undefined);
    await asGiven(cluster, { ...configMap, data: { a: UNKNOWN } });
    await asGiven(cluster, { ...configMap, kind: "NotThereYet" });
    for (const error of [
      refusal(404, "NotFound", "namespaces"),
      refusal(403, "Forbidden"),
      refusal(409, "AlreadyExists"),
    ]) {
      await asGiven(fakeCluster(() => error, kinds).cluster);
    }
    const invalid = fakeCluster(() => refusal(422, "Invalid"), kinds);
    await expect(create(invalid.cluster, configMap, true)).rejects.toThrow("was not successfully created");
  });

  it("fails without a cluster", async () => {
    await expect(create(undefined)).rejects.toThrow(
      "configured Kubernetes cluster is unreachable: connection refused",
    );
  });

  const service: Props = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { selector: { app: "web" } },
  };
  const endpoints = (version: string, subset: Props): Props => ({
    metadata: { resourceVersion: version },
    subsets: [subset],
  });

  it("takes ten seconds for a Service, counted from the change of its endpoints", async () => {
    const { cluster, change } = fakeCluster(created, kinds);
    const done = vi.fn();
    const creation = create(cluster, service).then(done);
    await vi.advanceTimersByTimeAsync(3000);
    change("Endpoints", endpoints("1", { addresses: [{}] }));
    // The same list again, as after a lost connection, is no change.
    await vi.advanceTimersByTimeAsync(5000);
    change("Endpoints", endpoints("1", { addresses: [{}] }));
    await vi.advanceTimersByTimeAsync(4900);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(100);
    await creation;
    expect(done).toHaveBeenCalledOnce();
  });

  it("does not take ten seconds for a Service that says so", async () => {
    const annotations = { "pulumi.com/skipAwait": "true" };
    const { cluster } = fakeCluster(created, kinds);
    const inputs = { ...service, metadata: { name: "web", namespace: "shop", annotations } };
    expect((await create(cluster, inputs)).id).toBe("shop/web");
  });

  it("keeps the object when the user gives up, with what was missing", async () => {
    const stop = new AbortController();
    const { cluster, change } = fakeCluster(created, kinds);
    const failure = create(cluster, service, false, stop.signal).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(0);
    change("Endpoints", endpoints("1", { notReadyAddresses: [{}] }));
    stop.abort();
    const error = await failure;
    if (!(error instanceof PartialFailure)) throw new Error(`not a partial failure: ${String(error)}`);
    expect(error.id).toBe("shop/web");
    expect(error.outputs).toMatchObject(service);
    expect(error.reasons).toHaveLength(2);
    expect(error.reasons[0]).toContain('Resource operation was cancelled for "web"');
    expect(error.reasons[1]).toContain("Service does not target any Pods");
  });
});

describe("updating", () => {
  const created = { manager: "pulumi-kubernetes", operation: "Update", fieldsV1: { "f:data": {} } };
  const live = {
    ...configMap,
    metadata: { name: "settings", namespace: "shop", managedFields: [created], resourceVersion: "7" },
  };
  const update = async (answer: Answer, preview = false) => {
    const { cluster, sent } = fakeCluster(answer, { ConfigMap: "namespaced" });
    const c = {
      urn,
      type,
      id: "shop/settings",
      oldInputs: configMap,
      olds: live,
      timeout: 0,
      ignoreChanges: [],
    };
    const done = rawObjects(session(cluster)).update({
      ...c,
      news: { ...configMap, data: { a: "2" } },
      preview,
    });
    return { sent, result: await done.catch((error: unknown) => error) };
  };

  it("takes the fields over, then applies without force under a name of its own", async () => {
    const { sent } = await update(() => live);
    expect(sent.map(({ method, contentType }) => [method, contentType])).toEqual([
      ["GET", undefined],
      ["PATCH", "application/json-patch+json"],
      ["PATCH", "application/apply-patch+yaml"],
    ]);
    expect(sent[2]?.query).toEqual({
      fieldManager: expect.stringMatching(/^pulumi-kubernetes-[0-9a-f]{8}$/) as string,
      force: "false",
    });
  });

  it("only tries in a preview", async () => {
    const { sent } = await update(() => live, true);
    expect(sent.map(({ method }) => method)).toEqual(["GET", "PATCH"]);
    expect(sent[1]?.query).toMatchObject({ dryRun: "All", force: "true" });
  });

  it("fails on a conflict and keeps the object as it is", async () => {
    const { result } = await update(({ contentType }) =>
      contentType === "application/apply-patch+yaml" ? refusal(409, "Conflict") : live,
    );
    expect(result).toBeInstanceOf(PartialFailure);
    expect(String(result)).toContain("server-side apply field conflict detected");
  });

  it("fails plainly when the object is gone", async () => {
    const { result } = await update(() => refusal(404, "NotFound"));
    expect(result).not.toBeInstanceOf(PartialFailure);
    expect(String(result)).toContain(`update of resource "${urn}" failed`);
  });
});

describe("reading", () => {
  const read = (cluster: Cluster | undefined, c: { inputs?: Props; state?: Props } = {}, args: Props = {}) =>
    rawObjects(session(cluster, args)).read({ urn, type, id: "shop/settings", inputs: {}, state: {}, ...c });

  it("finds the drift of the inputs, and nothing else", async () => {
    const live = { ...configMap, data: { a: "2", b: "3" } };
    const { cluster } = fakeCluster(() => live);
    expect(await read(cluster, { inputs: configMap, state: configMap })).toEqual({
      id: "shop/settings",
      inputs: { ...configMap, data: { a: "2" } },
      outputs: live,
    });
  });

  it("looks up someone else's object by the type and the id, without waiting", async () => {
    const { cluster, sent } = fakeCluster(() => ({ ...configMap, kind: "Secret" }));
    const found = await read(cluster);
    expect(sent).toMatchObject([
      { method: "GET", apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "settings" },
    ]);
    expect(found.outputs["data"]).toEqual(secret({ a: "1" }));
  });

  it("knows when the object or its kind is gone", async () => {
    for (const error of [refusal(404, "NotFound"), new NoMatchError("v1", "ConfigMap")]) {
      expect((await read(fakeCluster(() => error).cluster)).id).toBe("");
    }
  });

  it("fails without a cluster, unless it may forget or keep what it cannot reach", async () => {
    await expect(read(undefined)).rejects.toThrow("PULUMI_K8S_DELETE_UNREACHABLE");
    expect((await read(undefined, {}, { deleteUnreachable: "true" })).id).toBe("");
    const kept = await read(
      undefined,
      { inputs: configMap, state: configMap },
      { skipUpdateUnreachable: "true" },
    );
    expect(kept).toEqual({ id: "shop/settings", inputs: configMap, outputs: configMap });
  });
});

describe("deleting", () => {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", uid: "1" } };
  const remove = (cluster: Cluster | undefined, inputs: Props = namespace, args: Props = {}, timeout = 600) =>
    rawObjects(session(cluster, args)).delete({ urn, type, id: "shop", inputs, state: namespace, timeout });

  it("waits until the object is gone, or another one has its name", async () => {
    for (const next of [undefined, { ...namespace, metadata: { name: "shop", uid: "2" } }]) {
      const { cluster, sent, change } = fakeCluster(() => ({}));
      const done = vi.fn();
      const deletion = remove(cluster).then(done);
      await vi.waitFor(() => {
        expect(sent).toMatchObject([{ method: "DELETE", body: { propagationPolicy: "Foreground" } }]);
      });
      change("Namespace", namespace);
      await Promise.resolve();
      expect(done).not.toHaveBeenCalled();
      change("Namespace", next);
      await deletion;
    }
  });

  it("tells what is left when the time is up", async () => {
    const { cluster, sent, change } = fakeCluster(() => ({}));
    const deletion = remove(cluster, namespace, {}, 0.05);
    await vi.waitFor(() => {
      expect(sent).toHaveLength(1);
    });
    const left = {
      type: "NamespaceContentRemaining",
      status: "True",
      message: "pods. has 1 resource instances",
    };
    change("Namespace", {
      ...namespace,
      spec: { finalizers: ["kubernetes"] },
      status: { conditions: [left] },
    });
    await expect(deletion).rejects.toThrow(
      'Namespace "shop" is still there; finalizers might be preventing deletion (kubernetes); NamespaceContentRemaining: pods. has 1 resource instances',
    );
  });

  it("is done at once when the object or its kind is gone, or need not be waited for", async () => {
    await remove(fakeCluster(() => refusal(404, "NotFound")).cluster);
    await remove(fakeCluster(() => new NoMatchError("v1", "Namespace")).cluster);
    await remove(fakeCluster(() => ({})).cluster, {
      ...namespace,
      metadata: { name: "shop", annotations: { "pulumi.com/skipAwait": "true" } },
    });
  });

  it("fails without a cluster, unless it may forget what it cannot reach", async () => {
    await expect(remove(undefined)).rejects.toThrow("PULUMI_K8S_DELETE_UNREACHABLE");
    await remove(undefined, namespace, { deleteUnreachable: "true" });
  });
});
