import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configFailures, settings } from "../../rehearsal/plugins/kubernetes/config.ts";
import { diffConfig, loadKubeConfig } from "../../rehearsal/plugins/kubernetes/kube-config.ts";
import { openSession } from "../../rehearsal/plugins/kubernetes/session.ts";
import { UNKNOWN } from "../../rehearsal/plugins/provider.ts";

interface Kubeconfig {
  server?: string;
  ca?: string;
  token?: string;
  namespace?: string;
}

/** A kubeconfig with the contexts `one`, which is current and which the options describe, and `two`. */
const kubeconfig = ({
  server = "https://127.0.0.1:1",
  ca = "Y2E=",
  token = "t",
  namespace,
}: Kubeconfig = {}) =>
  JSON.stringify({
    "current-context": "one",
    clusters: [
      { name: "one", cluster: { server, "certificate-authority-data": ca, "tls-server-name": "localhost" } },
      { name: "two", cluster: { server: "https://127.0.0.1:2" } },
    ],
    users: [{ name: "user", user: { token } }],
    contexts: [
      { name: "one", context: { cluster: "one", user: "user", namespace } },
      { name: "two", context: { cluster: "two", user: "user" } },
    ],
  });

const scratch = mkdtempSync(join(tmpdir(), "plugin-kubernetes-config-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

describe("a changed configuration", () => {
  const was = { kubeconfig: kubeconfig() };
  const moved = { kubeconfig: kubeconfig({ server: "https://127.0.0.2:443" }) };
  const identified = { clusterIdentifier: "devmgmt" };
  const cases: readonly (readonly [string, object, object, readonly string[]])[] = [
    ["another server", was, moved, ["kubeconfig"]],
    ["another CA", was, { kubeconfig: kubeconfig({ ca: "b3RoZXI=" }) }, ["kubeconfig"]],
    ["another context", was, { ...was, context: "two" }, ["context"]],
    ["the same context, named", was, { ...was, context: "one" }, []],
    ["another user", was, { kubeconfig: kubeconfig({ token: "u" }) }, []],
    ["another setting", was, { ...was, namespace: "x" }, []],
    ["a kubeconfig not known yet", was, { kubeconfig: UNKNOWN }, ["kubeconfig"]],
    ["another server of the identified cluster", { ...was, ...identified }, { ...moved, ...identified }, []],
    [
      "an identified cluster not known yet",
      { ...was, ...identified },
      { kubeconfig: UNKNOWN, ...identified },
      [],
    ],
    [
      "another identifier",
      { ...was, ...identified },
      { ...was, clusterIdentifier: "b" },
      ["clusterIdentifier"],
    ],
    ["an identifier for the first time", was, { ...was, ...identified }, []],
    [
      "an identifier for the first time, and another server",
      was,
      { ...moved, ...identified },
      ["kubeconfig"],
    ],
    ["a kubeconfig where there was none", {}, was, []],
  ];
  it.each(cases)("%s", (_, olds, news, replaces) => {
    const diff = diffConfig({ ...olds }, { ...news });
    expect(diff.changed).toBe(true);
    expect(diff.replaces ?? []).toEqual(replaces);
  });

  it("is none when nothing changed", () => {
    expect(diffConfig({ ...was }, { ...was })).toEqual({ changed: false });
  });
});

describe("the kubeconfig", () => {
  it("is content, an object or a path, with the context and the cluster asked for", () => {
    const path = join(scratch, "kubeconfig");
    writeFileSync(path, kubeconfig());
    const sources = [kubeconfig(), JSON.parse(kubeconfig()) as object, path];
    for (const source of sources) {
      expect(loadKubeConfig({ kubeconfig: source }).getCurrentCluster()?.server).toBe("https://127.0.0.1:1");
      const two = loadKubeConfig({ kubeconfig: source, context: "two" });
      expect(two.getCurrentCluster()?.server).toBe("https://127.0.0.1:2");
      const mixed = loadKubeConfig({ kubeconfig: source, cluster: "two" });
      expect(mixed.getCurrentCluster()?.server).toBe("https://127.0.0.1:2");
    }
  });

  it("gives the default namespace, unless the provider has one", () => {
    const source = kubeconfig({ namespace: "from-context" });
    const loaded = loadKubeConfig({ kubeconfig: source });
    expect(settings({}, loaded).namespace).toBe("from-context");
    expect(settings({ namespace: "mine" }, loaded).namespace).toBe("mine");
    expect(settings({}, loadKubeConfig({ kubeconfig: kubeconfig() })).namespace).toBe("default");
  });
});

describe("a cluster that cannot be used", () => {
  const { signal } = new AbortController();
  it.each([
    ["an unreadable kubeconfig", { kubeconfig: "{" }, "failed to parse kubeconfig data"],
    ["a missing context", { kubeconfig: kubeconfig(), context: "three" }, 'no usable context "three"'],
    [
      "a server that does not answer",
      { kubeconfig: kubeconfig() },
      "unable to load schema information from the API server",
    ],
  ])("because of %s, is told when it is used", async (_, args, reason) => {
    const session = await openSession(args, signal);
    expect(session.cluster).toBeUndefined();
    expect(session.unreachable).toContain(reason);
  });
});

describe("settings", () => {
  it("come as the SDK writes them, as JSON text", () => {
    expect(settings({ enableSecretMutable: "true", deleteUnreachable: "false" })).toMatchObject({
      mutable: { Secret: true, ConfigMap: false },
      deleteUnreachable: false,
    });
  });

  it("that the stand-in does not have are refused", () => {
    const news = {
      enableServerSideApply: "false",
      renderYamlToDirectory: "out",
      upsertExistingObjects: UNKNOWN,
    };
    const properties = configFailures(news).map(({ property }) => property);
    expect(properties).toEqual(["enableServerSideApply", "renderYamlToDirectory"]);
    expect(configFailures({ enableServerSideApply: "true", upsertExistingObjects: "false" })).toEqual([]);
  });
});
