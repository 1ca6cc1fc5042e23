import { gunzipSync, gzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { helmRelease } from "../../components/release.ts";
import { labConfig } from "../support/config.ts";
import { type Answer, apiServer, stopApiServers } from "./support/api-server.ts";
import { record } from "./support/record.ts";

const { charts } = labConfig({ workloads: [{ name: "east" }] });
const namespace = "istio-system";
const of = (kind: string) => `/api/v1/namespaces/${namespace}/${kind}`;

afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(stopApiServers);

/** What the release's error hook answers to an error, and what it tells. */
async function afterFailure(errors: string[], answers: Record<string, Answer>) {
  const { kubeconfig, requests, bodies } = await apiServer(answers);
  const registered = await record(
    () => ({}),
    (transformations) => {
      class Part extends pulumi.ComponentResource {}
      const parent = new Part("test:index:Part", "part", {}, { transformations });
      const args = {
        kind: "istiod",
        release: "istiod",
        namespace,
        chart: charts.istiod,
        own: {},
        values: {},
        secretValues: false,
        clusterValues: {},
        timeoutSeconds: 1,
        access: { kubeconfig: pulumi.secret(kubeconfig) },
      } as const;
      helmRelease("istiod", args, { parent });
    },
  );
  const [hook] = registered.get("istiod")?.opts.hooks?.onError ?? [];
  if (!(hook instanceof pulumi.ErrorHook)) throw new Error("the release has no error hook");
  const said: string[] = [];
  for (const level of ["warn", "error"] as const) {
    vi.spyOn(pulumi.log, level).mockImplementation(async (message) => {
      said.push(`${level}: ${message}`);
    });
  }
  const failedWith = async () =>
    hook.callback({ urn: "", id: "", name: "istiod", type: "", failedOperation: "create", errors });
  return { failedWith, said, requests, bodies };
}

/** A revision as Helm keeps it. */
function revision(version: number, status: string) {
  const text = gzipSync(JSON.stringify({ name: "istiod", info: { status } })).toString("base64");
  return {
    kind: "Secret",
    metadata: {
      name: `sh.helm.release.v1.istiod.v${version}`,
      labels: { owner: "helm", name: "istiod", status, version: String(version) },
    },
    data: { release: Buffer.from(text).toString("base64") },
  };
}

const secrets = `GET ${of("secrets")}?labelSelector=owner%3Dhelm%2Cname%3Distiod`;
const list = (...items: object[]) => ({ kind: "List", items });

describe("a release that fails", () => {
  it("is tried again once Helm has forgotten what a killed run installed", async () => {
    const path = `DELETE ${of("secrets")}/sh.helm.release.v1.istiod.v1`;
    const { failedWith, said, requests } = await afterFailure(
      ["creating failed", "cannot re-use a name that is still in use"],
      { [secrets]: list(revision(1, "pending-install")), [path]: { kind: "Status" } },
    );
    expect(await failedWith()).toBe(true);
    expect(requests).toContain(path);
    expect(said).toEqual([
      "warn: istiod in namespace istio-system was left half done by a run that was cut off; it is completed",
    ]);
    // Whatever it is then, it is no leftover.
    expect(await failedWith()).toBe(false);
  });

  it("is tried again once the lock of a killed upgrade is off", async () => {
    const path = `PUT ${of("secrets")}/sh.helm.release.v1.istiod.v10`;
    const { failedWith, bodies } = await afterFailure(
      ["another operation (install/upgrade/rollback) is in progress"],
      {
        [secrets]: list(revision(10, "pending-upgrade"), revision(9, "deployed")),
        [path]: { kind: "Secret" },
      },
    );
    expect(await failedWith()).toBe(true);
    const { metadata, data } = bodies.get(path) as ReturnType<typeof revision>;
    expect(metadata.labels.status).toBe("failed");
    const text = Buffer.from(Buffer.from(data.release, "base64").toString(), "base64");
    expect(JSON.parse(gunzipSync(text).toString())).toEqual({ name: "istiod", info: { status: "failed" } });
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

  it("tells that its cluster does not answer", async () => {
    const { failedWith, said } = await afterFailure(["context deadline exceeded"], {});
    expect(await failedWith()).toBe(false);
    expect(said).toEqual([expect.stringMatching(/^error: .*: Its cluster does not answer: /)]);
  });
});
