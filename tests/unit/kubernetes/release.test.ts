import type { ChartSource } from "../../../versions/charts.ts";
import { gzipSync } from "node:zlib";
import type { V1Pod, V1StatefulSet } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { helmRelease } from "../../../components/base/release.ts";
import { objectsOf } from "../../../kubernetes/helm/manifest.ts";
import { decodeRevision } from "../../../kubernetes/helm/release.ts";
import { isStuck } from "../../../kubernetes/helm/stuck-pods.ts";
import type { HelmValues } from "../../../values/merge.ts";
import { labConfig } from "../../support/config.ts";
import { type Answer, apiServer, stopApiServers } from "../support/api-server.ts";
import { record } from "../support/record.ts";

const settings = labConfig({ workloads: [{ name: "east" }] });
const charts = settings.charts as { readonly istiod: ChartSource };
const namespace = "istio-system";
const of = (kind: string) => `/api/v1/namespaces/${namespace}/${kind}`;

afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(stopApiServers);

/** A release in a cluster with these answers: its options, and what is told. */
async function released(
  answers: Record<string, Answer>,
  values: object = {},
  access?: pulumi.Output<string>,
) {
  const api = await apiServer(answers);
  const registered = await record(
    () => ({}),
    (transformations) => {
      class Part extends pulumi.ComponentResource {}
      const parent = new Part("test:index:Part", "part", {}, { transformations });
      const args = {
        release: {
          kind: "istiod",
          release: "istiod",
          namespace,
          cluster: "east",
          chart: charts.istiod,
          values: values as HelmValues,
        },
        settings: { ...settings, timeoutSeconds: 1 },
        namespace,
        access: { kubeconfig: access ?? pulumi.secret(api.kubeconfig) },
        host: { context: "nowhere" },
        cluster: { name: "east", values: {} },
      } as const;
      helmRelease("istiod", args, { parent });
    },
    false,
  );
  const opts = registered.get("istiod")?.opts ?? {};
  const said: string[] = [];
  for (const level of ["info", "warn", "error"] as const) {
    vi.spyOn(pulumi.log, level).mockImplementation(async (message) => {
      said.push(`${level}: ${message}`);
    });
  }
  return { ...api, opts, said };
}

/** What the release's error hook answers to an error, and what it tells. */
async function afterFailure(
  errors: string[],
  answers: Record<string, Answer>,
  access?: pulumi.Output<string>,
) {
  const { opts, ...rest } = await released(answers, {}, access);
  const [hook] = opts.hooks?.onError ?? [];
  if (!(hook instanceof pulumi.ErrorHook)) throw new Error("the release has no error hook");
  const failedWith = async () =>
    hook.callback({ urn: "", id: "", name: "istiod", type: "", failedOperation: "create", errors });
  return { ...rest, failedWith };
}

const noArgs = { urn: "", id: "", name: "istiod", type: "" };

/** Runs the hooks around an upgrade of the release, and `during` between them. */
async function upgraded(
  answers: Record<string, Answer>,
  during: () => Promise<void> = async () => undefined,
) {
  const { opts, ...rest } = await released(answers);
  const [before, after] = [opts.hooks?.beforeUpdate?.[0], opts.hooks?.afterUpdate?.[0]];
  if (typeof before !== "function" || typeof after !== "function")
    throw new Error("the release has no hooks");
  await before(noArgs);
  await during();
  await after(noArgs);
  return rest;
}

/** An object as a manifest has it. */
const configMap = (name: string, data: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

interface Kept {
  readonly status: string;
  readonly objects?: readonly object[];
  readonly values?: object;
  readonly chart?: string;
}

/** A revision as Helm keeps it. */
function revision(version: number, { status, objects = [], values, chart = charts.istiod.version }: Kept) {
  const text = JSON.stringify({
    name: "istiod",
    info: { status },
    manifest: objects.map((object) => `---\n${stringify(object)}`).join(""),
    ...(values === undefined ? {} : { config: values }),
    chart: { metadata: { version: chart } },
  });
  return {
    kind: "Secret",
    metadata: {
      name: nameOf(version),
      namespace,
      labels: { owner: "helm", name: "istiod", status, version: String(version) },
    },
    data: { release: Buffer.from(gzipSync(text).toString("base64")).toString("base64") },
  };
}

const nameOf = (version: number) => `sh.helm.release.v1.istiod.v${version}`;
const secrets = `GET ${of("secrets")}?labelSelector=owner%3Dhelm%2Cname%3Distiod%2Cstatus%21%3Dsuperseded`;
const list = (...items: object[]) => ({ kind: "List", items });

/** Answers of a cluster that keeps these revisions, as they become by what is written. */
function keeping(...revisions: ReturnType<typeof revision>[]): Record<string, Answer> {
  const write = ({ metadata }: ReturnType<typeof revision>) =>
    [`PUT ${of("secrets")}/${metadata.name}`, { kind: "Secret" }] as const;
  return { [secrets]: list(...revisions), ...Object.fromEntries(revisions.map(write)) };
}

/** What was written of revisions, by their numbers: label, status and objects. */
function written(bodies: ReadonlyMap<string, unknown>) {
  const of = [...bodies].flatMap(([key, body]) => {
    const { metadata, data } = body as ReturnType<typeof revision>;
    if (!key.startsWith("PUT ")) return [];
    const { info, manifest } = decodeRevision(data.release) as { info: { status: string }; manifest: string };
    return [
      [metadata.labels.version, { label: metadata.labels.status, ...info, objects: objectsOf(manifest) }],
    ];
  });
  return Object.fromEntries(of) as Record<string, object>;
}

describe("an upgrade", () => {
  const [kept, added, gone] = [
    configMap("kept", { a: "1" }),
    configMap("kept", { b: "2" }),
    configMap("gone"),
  ];
  const both = configMap("kept", { a: "1", b: "2" });

  it("starts from where Helm stands, if that is `deployed`", async () => {
    const { requests } = await upgraded(
      keeping(revision(1, { status: "failed" }), revision(2, { status: "deployed" })),
    );
    expect(requests.filter((request) => !request.startsWith("GET"))).toEqual([]);
  });

  it("starts from all that failed ones left since the last that succeeded", async () => {
    const { bodies, said } = await upgraded(
      keeping(
        revision(1, { status: "failed", objects: [configMap("before")] }),
        revision(2, { status: "deployed", objects: [kept] }),
        revision(3, { status: "failed", objects: [kept, gone] }),
        revision(10, { status: "failed", objects: [added] }),
      ),
    );
    expect(written(bodies)).toEqual({ 2: { label: "deployed", status: "deployed", objects: [both, gone] } });
    expect(said).toEqual(["info: istiod in namespace istio-system was failed: this run completes it"]);
  });

  it.each(["pending-upgrade", "pending-rollback", "uninstalling"])(
    "is not refused by one that was cut off: %s",
    async (status) => {
      const { bodies } = await upgraded(
        keeping(
          revision(9, { status: "deployed", objects: [kept] }),
          revision(10, { status, objects: [added] }),
        ),
      );
      expect(written(bodies)).toEqual({
        9: { label: "deployed", status: "deployed", objects: [both] },
        10: { label: "failed", status: "failed", objects: [added] },
      });
    },
  );

  it("starts from a first installation that was cut off", async () => {
    const { bodies } = await upgraded(
      keeping(
        revision(1, { status: "failed", objects: [gone] }),
        revision(2, { status: "pending-install", objects: [kept] }),
      ),
    );
    expect(written(bodies)).toEqual({ 2: { label: "failed", status: "failed", objects: [gone, kept] } });
  });

  it("starts from nothing where somebody uninstalled the release", async () => {
    const { bodies } = await upgraded({ [secrets]: list(), [`POST ${of("secrets")}`]: { kind: "Secret" } });
    const body = bodies.get(`POST ${of("secrets")}`) as ReturnType<typeof revision>;
    expect(body.metadata).toMatchObject({ name: nameOf(1), labels: { status: "failed", version: "1" } });
    expect(decodeRevision(body.data.release)).toMatchObject({ info: { status: "failed" }, manifest: "" });
  });

  it("is left to Helm where the cluster does not answer", async () => {
    const { said } = await upgraded({});
    expect(said).toEqual([]);
  });

  it("gets past a broken pod with an older template, while Helm waits", async () => {
    const gone = `DELETE ${of("pods")}/db-0`;
    const pods = [pod({ uid: "p", resourceVersion: "7" }), pod({ name: "other-0", ownerReferences: [] })];
    const { requests, bodies, said } = await upgraded(
      {
        ...keeping(revision(1, { status: "deployed" })),
        [`GET /apis/apps/v1/namespaces/${namespace}/statefulsets`]: list(set({}), set({ annotations: {} })),
        [`GET ${of("pods")}`]: () => list(...pods),
        [gone]: () => pods.shift(),
      },
      async () => {
        await vi.waitFor(() => {
          expect(pods).toHaveLength(1);
        });
      },
    );
    expect(requests.filter((request) => request.startsWith("DELETE"))).toEqual([gone]);
    expect(bodies.get(gone)).toEqual({ preconditions: { uid: "p", resourceVersion: "7" } });
    // It is said after it is done.
    await vi.waitFor(() => {
      expect(said).toEqual([
        "info: istiod in namespace istio-system: Pod db-0 is not ready and has an older template; it is deleted",
      ]);
    });
  });

  it.each<[string, Parameters<typeof set>[0], Parameters<typeof pod>[0], boolean]>([
    ["is broken and older", {}, {}, true],
    ["is older and has not been looked at", {}, { conditions: [] }, true],
    ["is ready", {}, { conditions: [{ type: "Ready", status: "True" }] }, false],
    ["has the newest template", {}, { revision: "new" }, false],
    ["is of a set whose controller has not seen the newest template", { observedGeneration: 1 }, {}, false],
    ["goes already", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }, false],
    ["is another set's", {}, { ownerReferences: [{ uid: "other" }] }, false],
    ["is to stay at the older one", { updateStrategy: { rollingUpdate: { partition: 1 } } }, {}, false],
    [
      "is above such a partition",
      { updateStrategy: { rollingUpdate: { partition: 1 } } },
      { name: "db-1" },
      true,
    ],
    ["is left to its user", { updateStrategy: { type: "OnDelete" } }, {}, false],
  ])("a pod that %s", (_title, ofSet, ofPod, stuck) => {
    expect(isStuck(set(ofSet) as V1StatefulSet, pod(ofPod) as unknown as V1Pod)).toBe(stuck);
  });
});

describe("an upgrade that is due", () => {
  /** What becomes of the release's arguments in a run. */
  async function becoming(answers: Record<string, Answer>, values = {}, ignoreChanges?: string[]) {
    const { opts, requests } = await released(answers, values);
    const [transform] = opts.transforms ?? [];
    const args = {
      type: "",
      name: "istiod",
      props: { values },
      custom: true,
      opts: { ...opts, ...(ignoreChanges && { ignoreChanges }) },
    };
    const result = await transform?.(args);
    const { description } = (result?.props ?? {}) as { description?: string };
    return {
      ignored: result === undefined ? opts.ignoreChanges : result.opts.ignoreChanges,
      description,
      requests,
    };
  }
  const deployed = (kept: Partial<Kept>) => ({
    [secrets]: list(revision(4, { status: "deployed", ...kept })),
  });
  const nothing = { ignored: ["timeout", "description"], description: undefined };

  it("is none where the release is as it is wanted: another time-out is no reason", async () => {
    const values = { pilot: { replicas: 2, on: undefined } };
    expect(await becoming(deployed({ values }), values)).toMatchObject(nothing);
    expect(await becoming(deployed({}))).toMatchObject(nothing);
  });

  it.each<[string, Partial<Kept>]>([
    ["values", { values: { b: 1 } }],
    ["another chart", { values: { a: 1 }, chart: "1.0.0" }],
  ])("takes the time-out with it: %s", async (_title, kept) => {
    expect(await becoming(deployed(kept), { a: 1 })).toMatchObject({ ignored: [], description: undefined });
  });

  it.each([
    ["failed", list(revision(4, { status: "failed" })), "Completion of revision 4, which was failed"],
    [
      "pending-upgrade",
      list(revision(4, { status: "pending-upgrade" })),
      "Completion of revision 4, which was pending-upgrade",
    ],
    [
      "not installed",
      { ...list(), metadata: { resourceVersion: "77" } },
      "Installation into the cluster's state 77",
    ],
  ])(
    "comes without a change of the configuration where the release is %s",
    async (_title, revisions, description) => {
      const answers = { [secrets]: revisions, "GET /api/v1/namespaces/istio-system": { metadata: {} } };
      expect(await becoming(answers)).toMatchObject({ ignored: [], description });
    },
  );

  it("is none without a namespace: what took it away is mended elsewhere", async () => {
    expect(await becoming({ [secrets]: list() })).toMatchObject(nothing);
    const ending = { metadata: { deletionTimestamp: "2027-01-15T00:00:00Z" } };
    expect(
      await becoming({ [secrets]: list(), "GET /api/v1/namespaces/istio-system": ending }),
    ).toMatchObject(nothing);
  });

  it("comes where somebody deleted a part of the release", async () => {
    const core = {
      kind: "APIResourceList",
      groupVersion: "v1",
      resources: [{ kind: "ConfigMap", name: "configmaps", namespaced: true, singularName: "", verbs: [] }],
    };
    const objects = [configMap("a"), configMap("b")];
    const there = { "GET /api/v1/namespaces/istio-system/configmaps/a": configMap("a") };
    expect(await becoming({ ...deployed({ objects }), "GET /api/v1": core, ...there })).toMatchObject({
      ignored: [],
      description: "Return of ConfigMap b to revision 4",
    });
  });

  it("is not looked for in a paused cluster, nor found where nobody answers", async () => {
    expect((await becoming(deployed({}), {}, ["*"])).requests).toEqual([]);
    expect(await becoming({})).toMatchObject(nothing);
  });
});

/** A StatefulSet with a newer template than its pod. */
function set({
  annotations = { "meta.helm.sh/release-name": "istiod" },
  observedGeneration = 2,
  updateStrategy = {},
}: {
  annotations?: Record<string, string>;
  observedGeneration?: number;
  updateStrategy?: object;
}): object {
  return {
    metadata: { name: "db", uid: "set", generation: 2, annotations },
    spec: { replicas: 1, updateStrategy },
    status: { observedGeneration, updatedReplicas: 0, updateRevision: "new" },
  };
}

/** A broken pod of it. */
function pod({
  name = "db-0",
  revision: hash = "old",
  conditions = [{ type: "Ready", status: "False" }],
  ownerReferences = [{ uid: "set" }],
  ...more
}: {
  name?: string;
  revision?: string;
  conditions?: object[];
  ownerReferences?: object[];
  uid?: string;
  resourceVersion?: string;
  deletionTimestamp?: string;
}): object {
  const labels = { "controller-revision-hash": hash };
  return { metadata: { name, labels, ownerReferences, ...more }, status: { conditions } };
}

describe("a release that fails", () => {
  const inUse = ["creating failed", "cannot re-use a name that is still in use"];
  const forgotten = `DELETE ${of("secrets")}/${nameOf(1)}`;
  const resources = { resources: [{ name: "configmaps", namespaced: true, kind: "ConfigMap", verbs: [] }] };
  const left = `${of("configmaps")}/a`;

  it("is installed again once what a killed run installed is gone", async () => {
    const asking = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    const webhook = (namespace: string, failurePolicy: string) => ({
      failurePolicy,
      clientConfig: { service: { namespace, name: "istiod" } },
    });
    const base = {
      metadata: { name: "istiod-default-validator" },
      webhooks: [webhook("istio-system", "Fail")],
    };
    const others = { metadata: { name: "others" }, webhooks: [webhook("elsewhere", "Fail")] };
    const { failedWith, said, requests, bodies } = await afterFailure(inUse, {
      [`GET ${asking}`]: { items: [base, others] },
      [`PATCH ${asking}/istiod-default-validator`]: base,
      [secrets]: list(revision(1, { status: "pending-install", objects: [configMap("a")] })),
      "GET /api/v1": resources,
      [`DELETE ${left}?propagationPolicy=Background`]: { kind: "Status" },
      [forgotten]: { kind: "Status" },
    });
    expect(await failedWith()).toBe(true);
    expect(requests.filter((request) => /^DELETE|\/a$/.test(request))).toEqual([
      `DELETE ${left}?propagationPolicy=Background`,
      `GET ${left}`,
      forgotten,
    ]);
    // What asked istiod, and is of another release, would refuse all that comes before istiod is back.
    expect(bodies.get(`PATCH ${asking}/istiod-default-validator`)).toEqual([
      { op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" },
    ]);
    expect(requests.filter((request) => request.startsWith("PATCH "))).toHaveLength(1);
    expect(said).toEqual([
      "warn: istiod in namespace istio-system was left half done by a run that was cut off; it is installed again",
    ]);
    // Whatever it is then, it is no leftover.
    expect(await failedWith()).toBe(false);
  });

  it("adopts what was installed as it is wanted", async () => {
    const { failedWith, requests } = await afterFailure(inUse, {
      [secrets]: list(revision(1, { status: "deployed", objects: [configMap("a")], values: {} })),
      [forgotten]: { kind: "Status" },
    });
    expect(await failedWith()).toBe(true);
    expect(requests.filter((request) => request.startsWith("DELETE"))).toEqual([forgotten]);
  });

  it("tells what stands in its way, and is not tried again", async () => {
    const notCopied = "?labelSelector=%21vcluster.loft.sh%2Fmanaged-by";
    const pod = {
      metadata: { name: "istiod-1" },
      spec: { containers: [], nodeName: "node-1" },
      status: {
        containerStatuses: [
          { name: "discovery", ready: false, state: { waiting: { reason: "ErrImagePull" } } },
        ],
      },
    };
    const { failedWith, said } = await afterFailure(["context deadline exceeded"], {
      [`GET ${of("pods")}${notCopied}`]: list(pod),
    });
    expect(await failedWith()).toBe(false);
    expect(said).toEqual([
      "error: istiod in namespace istio-system: Pod istiod-1: container discovery is in ErrImagePull",
    ]);
  });

  it("is left alone where this run does not know its cluster", async () => {
    const unknown = pulumi.runtime.deserializeProperty(pulumi.runtime.unknownValue, true) as string;
    const { failedWith, said } = await afterFailure(inUse, {}, pulumi.output(unknown));
    expect(await failedWith()).toBe(false);
    expect(said).toEqual([]);
  });

  it("tells that nothing can be seen of it", async () => {
    const { failedWith, said } = await afterFailure(["context deadline exceeded"], {});
    expect(await failedWith()).toBe(false);
    expect(said).toEqual([
      expect.stringMatching(/^error: .*: Nothing of it can be seen: the API server answered 404\.$/),
    ]);
  });
});
