import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { hostProblems } from "../../../cli/clusters/host-objects.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";
import { objectsIn, restored, undeletable } from "../../../kubernetes/helm/release-objects.ts";
import { type Answer, apiServer, stopApiServers } from "../support/api-server.ts";

afterAll(stopApiServers);

const manifest = `---
# Source: vcluster/templates/rbac.yaml
apiVersion: v1
kind: ServiceAccount
metadata:
  name: vc-east
---
# Nothing is on.
---
apiVersion: v1
kind: Service
metadata:
  name: east
  namespace: east
  labels: { app: vcluster }
spec:
  ports: [{ port: 443 }]
`;
const release = { name: "east", namespace: "east" };

/** A host with the release, and what else it has. */
async function hostWith(found: Readonly<Record<string, Answer>>) {
  const packed = gzipSync(JSON.stringify({ manifest })).toString("base64");
  const revision = {
    metadata: { name: "sh.helm.release.v1.east.v1", labels: { version: "1", status: "deployed" } },
    data: { release: Buffer.from(packed).toString("base64") },
  };
  const resource = (kind: string, name: string) => ({
    kind,
    name,
    namespaced: true,
    singularName: "",
    verbs: [],
  });
  const server = await apiServer({
    "GET /api/v1": {
      kind: "APIResourceList",
      groupVersion: "v1",
      resources: [resource("Service", "services"), resource("ServiceAccount", "serviceaccounts")],
    },
    "GET /api/v1/namespaces/east/secrets?labelSelector=owner%3Dhelm%2Cname%3Deast%2Cstatus%21%3Dsuperseded": {
      items: [revision],
    },
    ...found,
  });
  return { ...server, host: kubeConfigOf({ kubeconfig: server.kubeconfig }) };
}

const at = (kind: string, name: string): string => `/api/v1/namespaces/east/${kind}/${name}`;
const service = { [`GET ${at("services", "east")}`]: { kind: "Service", metadata: { uid: "now" } } };
const account = { [`GET ${at("serviceaccounts", "vc-east")}`]: { kind: "ServiceAccount", metadata: {} } };
const secretOf = (uid: string) => ({
  [`GET ${at("secrets", "vc-east")}`]: {
    kind: "Secret",
    metadata: { ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "east", uid }] },
  },
});

describe("what a virtual cluster has on the host", () => {
  const ofRelease = (what: string) =>
    `${what}, part of its Helm release, is not on the host: npm run lab -- resume east makes it again.`;
  const ofSyncer =
    "Secret vc-east, which its syncer writes for Service east, is not on the host: npm run lab -- resume east makes it again.";

  it.each<[what: string, found: Readonly<Record<string, Answer>>, runs: boolean, problems: string[]]>([
    ["is all there", { ...service, ...account, ...secretOf("now") }, true, []],
    ["lacks its Service", { ...account }, true, [ofRelease("Service east")]],
    [
      "lacks all",
      {},
      true,
      [
        "ServiceAccount vc-east, Service east, parts of its Helm release, are not on the host: npm run lab -- resume east makes them again.",
      ],
    ],
    ["lacks what its syncer writes", { ...service, ...account }, true, [ofSyncer]],
    [
      "has that of a Service from before",
      { ...service, ...account, ...secretOf("before") },
      true,
      [ofSyncer],
    ],
    ["has yet to start", { ...service, ...account }, false, []],
  ])("%s", async (_, found, runs, problems) => {
    const { host } = await hostWith(found);
    expect(await hostProblems(host, "east", runs)).toEqual(problems);
  });

  it("is not missed where there is no release", async () => {
    const { host } = await hostWith({
      "GET /api/v1/namespaces/east/secrets?labelSelector=owner%3Dhelm%2Cname%3Deast%2Cstatus%21%3Dsuperseded":
        { items: [] },
    });
    expect(await hostProblems(host, "east", false)).toEqual([]);
  });

  it("is made again where it is missing, as Helm makes it, and left alone where it is there", async () => {
    const { host, requests, bodies } = await hostWith({
      ...account,
      "POST /api/v1/namespaces/east/services": { kind: "Service" },
    });
    expect(await restored(host, release)).toEqual(["Service east"]);
    expect(requests.filter((request) => !request.startsWith("GET "))).toEqual([
      "POST /api/v1/namespaces/east/services",
    ]);
    expect(bodies.get("POST /api/v1/namespaces/east/services")).toEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "east",
        namespace: "east",
        labels: { app: "vcluster", "app.kubernetes.io/managed-by": "Helm" },
        annotations: { "meta.helm.sh/release-name": "east", "meta.helm.sh/release-namespace": "east" },
      },
      spec: { ports: [{ port: 443 }] },
    });
  });

  it("is not let go where an admission refuses it: told with its words, by requests that delete nothing", async () => {
    const refusal =
      'services "east" is forbidden: ValidatingAdmissionPolicy "keep" denied request: it is kept';
    const { host, requests } = await hostWith({
      [`DELETE ${at("services", "east")}?dryRun=All`]: { refusal: 422, message: refusal },
      [`DELETE ${at("serviceaccounts", "vc-east")}?dryRun=All`]: { kind: "Status", status: "Success" },
    });
    expect(await undeletable(host, release)).toEqual([
      expect.stringMatching(/^Service east: .*it is kept/) as string,
    ]);
    expect(
      requests.filter((request) => request.startsWith("DELETE ") && !request.includes("dryRun=All")),
    ).toEqual([]);
  });

  it("is in the namespace of its release unless it says another", () => {
    expect(
      objectsIn(manifest, { ...release, namespace: "n" }).map(({ metadata }) => metadata.namespace),
    ).toEqual(["n", "east"]);
  });
});
