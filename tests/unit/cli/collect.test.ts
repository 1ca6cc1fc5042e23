import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { checkPlace, writeArchive } from "../../../cli/collect/archive.ts";
import { collectCluster } from "../../../cli/collect/cluster.ts";
import { releasesIn } from "../../../cli/collect/releases.ts";
import {
  blank,
  createScrub,
  readable,
  secretsInObject,
  secretsInState,
  withoutSecretValues,
} from "../../../cli/collect/secrets.ts";
import { nameFor } from "../../../cli/commands/collect.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";
import { apiServer, stopApiServers } from "../support/api-server.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("what is known to be secret", () => {
  it("is taken out of every text, the longest first", () => {
    const scrub = createScrub(["opensesame", "opensesame-and-more", "short", "  padded-secret\n"]);
    expect(scrub("a opensesame-and-more b opensesame c short d padded-secret e")).toBe(
      `a ${blank} b ${blank} c short d ${blank} e`,
    );
  });

  it("includes what looks like a key or a token", () => {
    const key = "-----BEGIN RSA PRIVATE KEY-----\n  abc\n  -----END RSA PRIVATE KEY-----";
    expect(createScrub([])(`key: |\n  ${key}\ntoken: abcdefghijklmnop`)).toBe(
      `key: |\n  ${blank}\ntoken: ${blank}`,
    );
  });

  it("is in Secrets, but for the place that one is in", () => {
    const data = { token: base64("the-token"), namespace: base64("istio-system") };
    expect(secretsInObject({ data })).toEqual([base64("the-token"), "the-token"]);
    expect(secretsInObject({})).toEqual([]);
  });

  it("is marked in a state, apart from values that are secret for one among them", () => {
    const secret = (value: unknown) => ({
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      plaintext: JSON.stringify(value),
    });
    const state = {
      resources: [
        { outputs: { result: secret("random"), length: 32 } },
        { inputs: { environment: secret({ TOKEN: "deep" }) } },
        { inputs: { values: secret({ hub: "docker.io/istio" }) } },
      ],
    };
    expect(secretsInState(state)).toEqual(['"random"', "random", '{"TOKEN":"deep"}', "deep"]);
  });

  it("is what its name says", () => {
    const values = {
      licenseKey: "a",
      global: { hub: "b", imagePullSecrets: ["c"] },
      relay: { tokenSecret: { name: "d" } },
      list: [{ password: "" }, { apiKey: "e" }],
    };
    expect(withoutSecretValues(values)).toEqual({
      licenseKey: blank,
      global: { hub: "b", imagePullSecrets: [blank] },
      relay: { tokenSecret: { name: "d" } },
      list: [{ password: "" }, { apiKey: blank }],
    });
  });

  it("is not read in an object, nor what its server keeps for itself", () => {
    const pod = {
      metadata: {
        name: "p",
        creationTimestamp: new Date(0),
        managedFields: [{ manager: "m" }],
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", other: "kept" },
      },
      spec: {
        containers: [
          {
            name: "main",
            env: [
              { name: "DB_PASSWORD", value: "opensesame" },
              { name: "COLOUR", value: "red" },
              { name: "API_TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
            ],
          },
        ],
      },
    };
    expect(readable(pod)).toEqual({
      metadata: { name: "p", creationTimestamp: new Date(0), annotations: { other: "kept" } },
      spec: {
        containers: [
          {
            name: "main",
            env: [
              { name: "DB_PASSWORD", value: blank },
              { name: "COLOUR", value: "red" },
              { name: "API_TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
            ],
          },
        ],
      },
    });
  });
});

/** A revision as Helm keeps it. */
function revision(version: number, status: string, config: object = {}) {
  const chart = { metadata: { name: "istiod", version: "1.12.6" } };
  const record = { name: "istiod", namespace: "istio-system", version, info: { status }, chart, config };
  const text = gzipSync(JSON.stringify(record)).toString("base64");
  return {
    metadata: { name: `sh.helm.release.v1.istiod.v${version}`, namespace: "istio-system" },
    type: "helm.sh/release.v1",
    data: { release: base64(text) },
  };
}

describe("a release", () => {
  it("is its last revision, without secrets among its values", () => {
    const secrets = [
      revision(10, "pending-upgrade", { pilot: { token: "t" }, replicas: 2 }),
      revision(9, "deployed"),
      { type: "Opaque", data: { a: "YQ==" } },
    ];
    expect(releasesIn(secrets)).toMatchObject([
      {
        release: "istiod",
        namespace: "istio-system",
        revision: 10,
        status: "pending-upgrade",
        chart: "istiod",
        version: "1.12.6",
        values: { pilot: { token: blank }, replicas: 2 },
      },
    ]);
  });
});

describe("a cluster", () => {
  afterEach(stopApiServers);
  const list = (...items: object[]) => ({ items });
  const pod = {
    metadata: { namespace: "web", name: "front" },
    spec: { nodeName: "n", containers: [{ name: "main" }] },
    status: {
      phase: "Pending",
      containerStatuses: [
        {
          ...{ name: "main", ready: false, restartCount: 3, image: "i", imageID: "" },
          state: { waiting: { reason: "CrashLoopBackOff", message: "back-off" } },
          lastState: { terminated: { exitCode: 2, message: "no such file" } },
        },
      ],
    },
  };

  it("tells what does not run, the ends of its logs, and what could not be listed", async () => {
    const log = "/api/v1/namespaces/web/pods/front/log?container=main";
    const { kubeconfig } = await apiServer({
      "GET /version": { gitVersion: "v1.30.1", major: "1", minor: "30" },
      "GET /api/v1/pods": list(pod, { metadata: { namespace: "other", name: "hidden" } }),
      "GET /api/v1/services": list(),
      "GET /api/v1/persistentvolumeclaims": list(),
      "GET /api/v1/secrets": list(revision(1, "failed"), {
        metadata: { namespace: "web", name: "s" },
        type: "Opaque",
        data: { key: base64("opensesame") },
      }),
      "GET /api/v1/events": { refusal: 403, message: "no" },
      "GET /apis/apps/v1/deployments": list(),
      "GET /apis/apps/v1/statefulsets": list(),
      "GET /api/v1/nodes": list(),
      [`GET ${log}&previous=false&tailLines=500`]: Object("it starts") as object,
    });
    const found = await collectCluster("east", kubeConfigOf({ kubeconfig }), ["web", "istio-system"]);
    expect(found.problems).toEqual([
      "events could not be listed: the API server answered 403: no",
      "web: Pod front: container main is in CrashLoopBackOff: back-off; it ended before with exit code 2; no such file",
    ]);
    expect(found.secrets).toEqual([base64("opensesame"), "opensesame"]);
    expect(found.files["pods.txt"]).toMatch(/web +front +0\/1 +Pending +3 +n/);
    expect(found.files["pods.txt"]).not.toContain("hidden");
    expect(found.files["unready-pods.yaml"]).toContain("CrashLoopBackOff");
    expect(found.files["releases.yaml"]).toContain("status: failed");
    expect(found.files["secrets.txt"]).toMatch(/web +s +Opaque +key/);
    expect(found.files["logs/web/front/main.log"]).toContain("it starts");
    expect(found.files["logs/web/front/main.previous.log"]).toBe(
      "there is no log: the API server answered 404\n",
    );
  });

  it("that does not answer is not looked at", async () => {
    const { kubeconfig } = await apiServer({});
    stopApiServers();
    await expect(collectCluster("east", kubeConfigOf({ kubeconfig }))).rejects.toThrow();
  });
});

describe("an archive", () => {
  const place = mkdtempSync(join(tmpdir(), "archive-"));
  afterAll(() => {
    rmSync(place, { recursive: true });
  });

  it("is named after its stack and its time, without what a file system could refuse", () => {
    expect(nameFor("team/mesh-lab/dev", new Date("2026-01-02T03:04:05.678Z"))).toBe(
      "mesh-lab-team-mesh-lab-dev-2026-01-02T03-04-05.tgz",
    );
  });

  it("is for its owner alone, and in a folder of its own", async () => {
    const file = join(place, "one.tgz");
    await writeArchive(file, { "a.txt": "text of a", "b/c.txt": "text of c" });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const tar = gunzipSync(readFileSync(file)).toString();
    for (const part of ["one/a.txt", "text of a", "one/b/c.txt", "text of c"]) expect(tar).toContain(part);
  });

  it("is never written over another, and leaves nothing where it fails", async () => {
    const file = join(place, "two.tgz");
    writeFileSync(file, "mine");
    await expect(writeArchive(file, {})).rejects.toThrow("two.tgz is there already, and stays as it is.");
    expect(readFileSync(file, "utf8")).toBe("mine");
    await expect(writeArchive(join(place, "nowhere", "three.tgz"), {})).rejects.toThrow(
      /could not be written/,
    );
    expect(readdirSync(place).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("needs a directory to be in", async () => {
    await expect(checkPlace(join(place, "x.tgz"))).resolves.toBeUndefined();
    await expect(checkPlace(join(place, "nowhere", "x.tgz"))).rejects.toThrow(/no directory .*nowhere/);
    const file = join(place, "file");
    writeFileSync(file, "");
    await expect(checkPlace(join(file, "x.tgz"))).rejects.toThrow(/no directory .*file/);
  });
});
