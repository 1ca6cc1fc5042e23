import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "../../rehearsal/plugins/kubernetes/cluster.ts";
import { settings } from "../../rehearsal/plugins/kubernetes/config.ts";
import { createHelm, type Helm } from "../../rehearsal/plugins/kubernetes/helm.ts";
import { releases } from "../../rehearsal/plugins/kubernetes/release.ts";
import { PartialFailure, type Props, UNKNOWN } from "../../rehearsal/plugins/provider.ts";

vi.mock("../../rehearsal/plugins/engine.ts", () => ({ log: vi.fn() }));

const type = "kubernetes:helm.sh/v3:Release";
const urn = `urn:pulumi:dev::lab::${type}::istiod`;
const about = { urn, type };

const manifest = `---
apiVersion: v1
kind: Service
metadata:
  name: istiod
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod
  namespace: elsewhere
---
`;

interface Revision {
  readonly version?: number;
  readonly status?: string;
  readonly config?: object;
}

/** A revision in the Secret in which helm keeps it. */
function stored({ version = 1, status = "deployed", config = {} }: Revision): Props {
  const metadata = { name: "istiod", version: "1.12.6", appVersion: "1.12" };
  const revision = {
    name: "istiod",
    namespace: "istio",
    version,
    info: { status },
    chart: { metadata },
    config,
    manifest,
  };
  const packed = gzipSync(JSON.stringify(revision)).toString("base64");
  return {
    metadata: { labels: { version: String(version) } },
    data: { release: Buffer.from(packed).toString("base64") },
  };
}

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "istiod", namespace: "elsewhere" },
  status: {
    conditions: [{ type: "Available", status: "False", reason: "NoPods", message: "no pod is ready" }],
  },
};

type Run = Helm["run"];

/** The operations with a helm that does as told and a cluster that holds the revisions. */
function setUp(run: Run, revisions: Revision[] = []) {
  const ran = vi.fn<Run>(run);
  const cluster: Cluster = {
    ping: async () => {},
    scope: async () => "namespaced",
    send: async (_, { kind }) => (kind === "Deployment" ? deployment : {}),
    list: async ({ kind }) => (kind === "Secret" ? revisions.map(stored) : []),
    follow: async () => {},
  };
  const { signal } = new AbortController();
  const session = { cluster, kubeConfig: undefined, settings: settings({}), unreachable: "", signal };
  const offline = { ...session, cluster: undefined, unreachable: "connection refused" };
  const helm = { run: ran, stop: () => {} };
  return { ran, online: releases(session, helm), offline: releases(offline, helm) };
}

const chart: Run = async () => "name: istiod\nversion: 1.12.6\n";
const inputs: Props = {
  name: "istiod",
  namespace: "istio",
  chart: "charts/istiod",
  values: { a: 1 },
  timeout: 60,
};

describe("checking a release", () => {
  const check = async (news: Props, run = chart, olds: Props = {}) => {
    const { ran, online } = setUp(run);
    return { ran, ...(await online.check({ ...about, olds, news, randomSeed: Buffer.alloc(0) })) };
  };

  it("fills in the name, the namespace, the timeout and the chart's version, and drops what means nothing", async () => {
    const checked = await check({ chart: "charts/istiod", values: {}, compat: "true", lint: false });
    expect(checked).toMatchObject({
      inputs: {
        chart: "charts/istiod",
        values: {},
        name: expect.stringMatching(/^istiod-[0-9a-f]{8}$/) as string,
        namespace: "default",
        timeout: 300,
        version: "1.12.6",
      },
    });
    expect(Object.keys(checked.inputs)).toHaveLength(6);
    const { name } = checked.inputs;
    expect((await check({ chart: "charts/istiod" }, chart, checked.inputs)).inputs["name"]).toBe(name);
  });

  it("looks the chart up where the program says, only when everything is known", async () => {
    const repositoryOpts = { repo: "https://charts.example.com" };
    const { ran } = await check({ ...inputs, chart: "istiod", version: "1.12.x", repositoryOpts });
    expect(ran).toHaveBeenCalledWith([
      "show",
      "chart",
      "istiod",
      "--repo",
      "https://charts.example.com",
      "--version",
      "1.12.x",
    ]);
    const unknown = await check({ ...inputs, values: { a: UNKNOWN } });
    expect(unknown.ran).not.toHaveBeenCalled();
    expect(unknown.inputs).not.toHaveProperty("version");
  });

  it("asks a folder itself, which Helm need not look for", async () => {
    const folder = mkdtempSync(join(tmpdir(), "chart-"));
    writeFileSync(join(folder, "Chart.yaml"), "name: istiod\nversion: 1.12.6\n");
    const { inputs: checked, ran } = await check({ ...inputs, chart: folder, version: "1.12.x" });
    rmSync(folder, { recursive: true });
    expect(checked["version"]).toBe("1.12.6");
    expect(ran).not.toHaveBeenCalled();
  });

  it("fails where the chart cannot be found", async () => {
    const { failures } = await check(inputs, async () => {
      throw new Error('path "charts/istiod" not found');
    });
    expect(failures).toEqual([
      {
        property: "chart",
        reason: 'path "charts/istiod" not found; check the chart name and repository configuration.',
      },
    ]);
  });

  it("refuses what the stand-in does not do, and only if it is asked for", async () => {
    const refused = { valueYamlFiles: ["x"], postrender: "sed", forceUpdate: true, lint: false, keyring: "" };
    const repositoryOpts = { repo: "https://charts.example.com", password: "p" };
    const { failures, ran } = await check({ ...inputs, ...refused, repositoryOpts });
    const properties = failures?.map(({ property }) => property);
    expect(properties).toEqual(["valueYamlFiles", "postrender", "forceUpdate", "repositoryOpts.password"]);
    expect(ran).not.toHaveBeenCalled();
  });
});

describe("comparing releases", () => {
  const { online } = setUp(chart);
  const compare = (news: Props, ignoreChanges: string[] = []) =>
    online.diff({
      ...about,
      id: "istio/istiod",
      oldInputs: inputs,
      olds: { ...inputs, version: "1" },
      news,
      ignoreChanges,
    });

  it("names the very value that changed", async () => {
    const diff = await compare({ ...inputs, values: { a: 2 } });
    expect(diff).toMatchObject({
      changed: true,
      replaces: [],
      detailedDiff: { "values.a": { kind: "update" } },
    });
  });

  it("replaces only for another name or namespace", async () => {
    expect((await compare({ ...inputs, name: "other" })).replaces).toEqual(["name"]);
    expect((await compare({ ...inputs, namespace: "other" })).replaces).toEqual(["namespace"]);
    expect((await compare({ ...inputs, chart: "other", version: "2", timeout: 5 })).replaces).toEqual([]);
  });

  it("leaves the version to the state when told to", async () => {
    const ignored = await compare({ ...inputs, version: "2" }, ["version"]);
    expect(Object.keys(ignored.detailedDiff ?? {})).toEqual(["version"]);
    expect(ignored.detailedDiff).toMatchObject({ version: { kind: "add" } });
  });
});

describe("installing a release", () => {
  const create = (of: ReturnType<typeof setUp>["online"], news = inputs, preview = false) =>
    of.create({ ...about, inputs: news, preview, timeout: 0 }).catch((error: unknown) => error);

  it("runs helm with the values on its input, and gives what was installed", async () => {
    const revisions: Revision[] = [];
    const { ran, online } = setUp(async () => {
      revisions.push({});
      return "";
    }, revisions);
    expect(await create(online)).toMatchObject({
      id: "istio/istiod",
      outputs: {
        values: { a: 1 },
        version: "1.12.6",
        resourceNames: { "Service/v1": ["istiod"], "Deployment.apps/apps/v1": ["elsewhere/istiod"] },
        status: { name: "istiod", namespace: "istio", revision: 1, status: "deployed", appVersion: "1.12" },
      },
    });
    expect(ran).toHaveBeenCalledExactlyOnceWith(
      "install istiod charts/istiod --namespace istio --values - --timeout 60s --wait".split(" "),
      { kubeconfig: "", values: { a: 1 } },
    );
  });

  it("does not wait when told so, and takes the flags of an installation", async () => {
    const { ran, online } = setUp(async () => "");
    await create(online, { ...inputs, skipAwait: true, atomic: true, skipCrds: true, cleanupOnFail: true });
    const args = ran.mock.calls[0]?.[0];
    expect(args).not.toContain("--wait");
    expect(args).toEqual(expect.arrayContaining(["--atomic", "--skip-crds"]));
    expect(args).not.toContain("--cleanup-on-fail");
  });

  const fails =
    (message: string, after: () => void = () => {}): Run =>
    async () => {
      after();
      throw new Error(message);
    };

  it("that is left failed keeps it, with what is not ready", async () => {
    const revisions: Revision[] = [];
    const { online } = setUp(
      fails("context deadline exceeded", () => revisions.push({ status: "failed" })),
      revisions,
    );
    const error = await create(online);
    if (!(error instanceof PartialFailure)) throw new Error(`not a partial failure: ${String(error)}`);
    expect(error).toMatchObject({ id: "istio/istiod", outputs: { status: { status: "failed" } } });
    expect(error.reasons).toEqual([
      'Helm release "istio/istiod" was created, but failed to initialize completely. Use Helm CLI to investigate: failed to become available within allocated timeout. Error: Helm Release istio/istiod: context deadline exceeded',
      "Deployment elsewhere/istiod: [NoPods] no pod is ready",
      "Deployment elsewhere/istiod: Minimum number of live Pods was not attained",
    ]);
  });

  it.each([
    ["undone by atomic", "release istiod failed, and has been uninstalled due to atomic being set", []],
    ["refused because the name is taken", "cannot re-use a name that is still in use", [{}]],
  ])("that is %s keeps nothing", async (_, message, revisions) => {
    const error = await create(setUp(fails(message), revisions).online);
    expect(error).not.toBeInstanceOf(PartialFailure);
    expect(error).toEqual(new Error(message));
  });

  it("needs no cluster in a preview, and a cluster otherwise", async () => {
    const { offline, ran } = setUp(chart);
    const planned = { id: "", outputs: { ...inputs, resourceNames: UNKNOWN, status: UNKNOWN } };
    expect(await create(offline, inputs, true)).toEqual(planned);
    expect(String(await create(offline))).toContain("can't create Helm Release with unreachable cluster");
    expect(ran).not.toHaveBeenCalled();
  });
});

describe("upgrading, reading and removing a release", () => {
  const id = "istio/istiod";
  const update = {
    ...about,
    id,
    oldInputs: inputs,
    olds: inputs,
    news: inputs,
    ignoreChanges: [],
    timeout: 0,
  };

  it("takes the latest revision, and keeps as many as it is told to", async () => {
    const { ran, online } = setUp(
      async () => "",
      [{ version: 9 }, { version: 10, status: "failed" }, { version: 2 }],
    );
    const { outputs } = await online.update({ ...update, preview: false });
    expect(outputs["status"]).toMatchObject({ revision: 10, status: "failed" });
    expect(ran.mock.calls[0]?.[0].join(" ")).toMatch(/^upgrade istiod .* --history-max 0$/);
    expect((await online.update({ ...update, preview: true })).outputs["status"]).toBe(UNKNOWN);
  });

  it("fails plainly when helm did not begin", async () => {
    const message = "another operation (install/upgrade/rollback) is in progress";
    const { online } = setUp(async () => {
      throw new Error(message);
    }, [{ version: 2, status: "pending-upgrade" }]);
    await expect(online.update({ ...update, preview: false })).rejects.toEqual(new Error(message));
  });

  it("reads the values and the version from the record", async () => {
    const { online } = setUp(chart, [{ version: 3, config: { a: 5 } }]);
    const found = await online.read({ ...about, id, inputs, state: inputs });
    expect(found).toMatchObject({
      id,
      inputs: { values: { a: 5 }, version: "1.12.6" },
      outputs: { status: { revision: 3 } },
    });
    expect((await setUp(chart).online.read({ ...about, id, inputs, state: inputs })).id).toBe("");
  });

  it("removes it and waits, unless told not to", async () => {
    const { ran, online, offline } = setUp(async () => "");
    await online.delete({ ...about, id, inputs, state: inputs, timeout: 0 });
    await online.delete({ ...about, id, inputs, state: { ...inputs, skipAwait: true }, timeout: 0 });
    expect(ran.mock.calls.map(([args]) => args.join(" "))).toEqual([
      "uninstall istiod --namespace istio --wait --timeout 60s",
      "uninstall istiod --namespace istio",
    ]);
    const removal = offline.delete({ ...about, id, inputs, state: inputs, timeout: 0 });
    await expect(removal).rejects.toThrow("can't delete Helm Release with unreachable cluster");
  });
});

describe("running helm", () => {
  const scratch = mkdtempSync(join(tmpdir(), "plugin-kubernetes-helm-"));
  /** A helm that is this shell script, with its temporary files in a directory of the test's own. */
  const helmThat = (script: string): Helm => {
    writeFileSync(join(scratch, "helm"), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
    mkdirSync(join(scratch, "tmp"), { recursive: true });
    vi.stubEnv("PATH", `${scratch}:${process.env["PATH"] ?? ""}`);
    vi.stubEnv("TMPDIR", join(scratch, "tmp"));
    return createHelm();
  };
  const leftBehind = () => readdirSync(join(scratch, "tmp"));
  afterEach(() => {
    rmSync(join(scratch, "tmp"), { recursive: true, force: true });
    vi.unstubAllEnvs();
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });

  it("hides the kubeconfig in a file of its own and the values in the input, and leaves no file", async () => {
    const helm = helmThat(
      'shift 2; stat -c %a "$1" "$(dirname "$1")"; cat "$1" -; echo; echo "$HELM_KUBECONTEXT"',
    );
    vi.stubEnv("HELM_KUBECONTEXT", "another cluster");
    const printed = await helm.run(["install"], { kubeconfig: "KUBECONFIG", values: { a: null } });
    expect(printed.split("\n")).toEqual(["600", "700", 'KUBECONFIG{"a":null}', "", ""]);
    expect(leftBehind()).toEqual([]);
  });

  it("gives what helm says went wrong, and only that", async () => {
    const helm = helmThat(
      'echo "WARNING: group-readable" >&2; echo "Error: INSTALLATION FAILED: no" >&2; exit 1',
    );
    await expect(helm.run(["install"], { kubeconfig: "" })).rejects.toEqual(new Error("no"));
    expect(leftBehind()).toEqual([]);
  });

  it("asks helm to end when the user gives up, and lets it reach the cluster until it has", async () => {
    const helm = helmThat(
      'trap \'kill $!; echo "Error: cancelled at $(cat "$3")" >&2; exit 1\' TERM; sleep 9 >/dev/null 2>&1 & echo >"$TMPDIR/up"; wait',
    );
    const ran = expect(helm.run(["install"], { kubeconfig: "KUBECONFIG" })).rejects.toThrow(
      "cancelled at KUBECONFIG",
    );
    await vi.waitUntil(() => leftBehind().includes("up"));
    helm.stop();
    await ran;
    expect(leftBehind()).toEqual(["up"]);
  });

  it("leaves no kubeconfig behind where the plugin ends before helm", async () => {
    const helm = helmThat('echo >"$TMPDIR/up"; exec sleep 9');
    const before = process.listeners("exit");
    const ran = expect(helm.run(["install"], { kubeconfig: "" })).rejects.toThrow();
    await vi.waitUntil(() => leftBehind().includes("up"));
    for (const leave of process.listeners("exit")) if (!before.includes(leave)) leave(0);
    expect(leftBehind()).toEqual(["up"]);
    helm.stop();
    await ran;
  });

  it("names the program that is missing", async () => {
    vi.stubEnv("PATH", "/nonexistent");
    await expect(createHelm().run(["version"])).rejects.toThrow("helm cannot be run");
  });
});
