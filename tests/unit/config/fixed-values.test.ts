import { describe, expect, it } from "vitest";
import { checkSettings } from "../../../config/check.ts";
import { ingressPort, workloadReleases } from "../../../plan/releases.ts";
import type { CheckedSettings } from "../../../config/settings.ts";
import { labConfig } from "../../support/config.ts";
import { recordLab } from "../support/lab.ts";

const workload = { name: "east", bookinfo: {} };
const mistakesOf = (more: object) =>
  checkSettings({ licenseKey: "key", workloads: [workload], ...more }).mistakes.map(
    ({ path, message }) => `${path}: ${message}`,
  );
/** Values under a path, e.g. `{ service: { type: "NodePort" } }` for `service.type`. */
const at = (path: string, value: unknown): object =>
  path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;

const http = { name: "http2", port: 8080, targetPort: 8080 };

describe("Helm values that other parts of the lab go by", () => {
  it.each([
    ["vcluster", "service.type", "NodePort", "set expose"],
    ["vcluster", "serviceCIDR", "10.0.0.0/8", "set serviceCidr"],
    ["vcluster", "replicas", 0, "set paused of the cluster; a control plane has one pod"],
    ["vcluster", "storage.size", "1Gi", "set controlPlane.storageSize"],
    ["istiod", "meshConfig.trustDomain", "lab", "Gloo Mesh takes it for the cluster's name: leave it out"],
    ["istiod", "global.imagePullSecrets", ["login"], "it would reach istiod only: set imagePullSecret"],
    ["istiod", "global.tag", "1.13.0", "set versions.istio, or istioImage"],
    ["istiod", "revision", "canary", "namespaces are labelled for Istio's default revision: leave it out"],
    ["ingress", "labels.istio", "gateway", "gateways are known by this label: leave it out"],
    ["ingress", "imagePullSecrets", [{ name: "login" }], "set imagePullSecret"],
    ["eastWest", "name", "gateway", "gateways are known by their names: leave it out"],
    ["eastWest", "service.type", "ClusterIP", "set expose"],
    ["glooMeshEnterprise", "licenseKey", "key", "set licenseKey"],
    [
      "glooMeshAgent",
      "relay.serverAddress",
      "here:9900",
      "it is the address of the management server: leave it out",
    ],
    ["glooMeshAddOns", "rate-limiter.enabled", false, "capabilities turn it on and off: leave it out"],
  ])("are refused by name in the article's set: %s %s", (release, path, value, instead) => {
    expect(mistakesOf({ versionSet: "article", values: { [release]: at(path, value) } })).toEqual([
      `values.${release}.${path}: ${instead}`,
    ]);
  });

  it.each([
    ["vcluster", "controlPlane.service.spec.type", "NodePort", "set expose"],
    ["vcluster", "serviceCIDR", "10.0.0.0/8", "vcluster finds it out: leave it out"],
    [
      "vcluster",
      "controlPlane.statefulSet.highAvailability",
      { replicas: 3 },
      "set paused of the cluster; a control plane has one pod",
    ],
    [
      "vcluster",
      "controlPlane.distro",
      { k3s: {} },
      "set versions.kubernetes, or imageRegistry for a mirror",
    ],
    [
      "vcluster",
      "controlPlane.statefulSet.persistence.volumeClaim.size",
      "1Gi",
      "set controlPlane.storageSize",
    ],
    ["vcluster", "sync.fromHost.nodes.enabled", false, "without it no node is seen inside: leave it out"],
    ["istiod", "global.tag", "1.31.0", "set versions.istio, or istioImage"],
    ["eastWest", "service.type", "ClusterIP", "set expose"],
    ["glooMeshEnterprise", "licensing", { licenseSecretName: "key" }, "set licenseKey, and licenseKind"],
    ["glooMeshEnterprise", "glooAgent.enabled", true, "the agent has a release of its own: leave it out"],
    [
      "glooMeshAgent",
      "glooAgent.relay.serverAddress",
      "here:9900",
      "it is the address of the management server: leave it out",
    ],
    ["glooMeshAddOns", "rateLimiter.enabled", false, "capabilities turn it on and off: leave it out"],
  ])("are refused by name in the current set: %s %s", (release, path, value, instead) => {
    expect(mistakesOf({ values: { [release]: at(path, value) } })).toEqual([
      `values.${release}.${path}: ${instead}`,
    ]);
  });

  it("are refused for one cluster, too, and all at once", () => {
    const values = { istiod: { revision: "canary" }, ingress: { name: "gateway" } };
    expect(
      mistakesOf({
        management: { values: { vcluster: { serviceCIDR: "10.0.0.0/8" } } },
        workloads: [workload, { name: "west", values }],
      }),
    ).toEqual([
      "management.values.vcluster.serviceCIDR: vcluster finds it out: leave it out",
      "workloads[1].values.istiod.revision: namespaces are labelled for Istio's default revision: leave it out",
      "workloads[1].values.ingress.name: gateways are known by their names: leave it out",
    ]);
  });

  it.each([
    [
      "ingress",
      [{ name: "http", port: 80 }],
      "http2 with its number, for the VirtualGateway and the product page's URL",
    ],
    ["ingress", [], "http2 with its number, for the VirtualGateway and the product page's URL"],
    [
      "ingress",
      [{ name: "http2" }],
      "http2 with its number, for the VirtualGateway and the product page's URL",
    ],
    ["eastWest", [http], "tls with its number, for requests from other clusters"],
  ])("have the ports that are needed: %s %j", (gateway, ports, expected) => {
    expect(mistakesOf({ values: { [gateway]: { service: { ports } } } })).toEqual([
      `values.${gateway}.service.ports: expected a port called ${expected}`,
    ]);
  });

  it("keep the arguments of the syncer that are needed", () => {
    const chosen = (extraArgs: unknown) => mistakesOf({ values: { vcluster: { syncer: { extraArgs } } } });
    expect(chosen(["--sync-all-nodes", "--v=2"])).toEqual([
      "values.vcluster.syncer.extraArgs: it takes the place of the lab's arguments, and lacks --fake-nodes=false",
    ]);
    expect(chosen(["--fake-nodes=false", "--sync-all-nodes", "--v=2"])).toEqual([]);
  });

  it("are no others: what nobody else goes by is taken", () => {
    expect(
      mistakesOf({
        values: {
          vcluster: { priorityClassName: "high" },
          istiod: { meshConfig: { accessLogEncoding: "JSON" }, pilot: { env: { A: "b" } } },
          ingress: { service: { ports: [http] }, podAnnotations: { a: "b" } },
          eastWest: { service: { ports: [{ name: "tls", port: 15443, targetPort: 15443 }] } },
        },
      }),
    ).toEqual([]);
  });
});

describe("the port of the ingress gateway", () => {
  const west = { ...workload, values: { ingress: { service: { ports: [{ ...http, port: 8888 }] } } } };
  const lab = labConfig({
    workloads: [workload, { ...west, name: "west" }],
    values: { ingress: { service: { ports: [http] } } },
  });

  const known = { serviceCidr: "", relayAddress: "", proxies: "" };
  const portsOf = (settings: CheckedSettings) =>
    settings.workloads.map((one) => {
      const { ingress } = workloadReleases(settings, one, known);
      return ingress && ingressPort(ingress);
    });

  it("is that of its values, the cluster's own last", () => {
    expect(portsOf(lab)).toEqual([8080, 8888]);
    const plain = labConfig({ workloads: [workload] });
    expect(portsOf(plain)).toEqual([80]);
  });

  it("is the one that the VirtualGateway listens on", async () => {
    const recorded = await recordLab({
      hostContext: "kind",
      workloads: [workload],
      values: { ingress: { service: { ports: [http] } } },
    });
    expect(recorded.get("lab-workspace-gateway").inputs["spec"]).toMatchObject({
      listeners: [{ port: { number: 8080 } }],
    });
  });
});

describe("logins to registries", () => {
  const logins = JSON.stringify({ auths: { "registry.test": { auth: "cmVhZGVyOmh1c2g=" } } });
  const expected =
    'imagePullSecret: expected JSON with logins in "auths", as docker login writes it: pulumi config set --secret imagePullSecret < ~/.docker/config.json';

  it.each([
    ["no JSON", "registry.test reader hush", expected],
    ["nothing", "{}", expected],
    ["a list", "[]", expected],
    ["no login", JSON.stringify({ auths: {} }), expected],
    ["another type", 5, "imagePullSecret: expected text"],
  ])("are refused where they are %s", (_, imagePullSecret, message) => {
    expect(mistakesOf({ imagePullSecret })).toEqual([message]);
  });

  it("are refused where a store of Docker's has them, and never shown", () => {
    const auths = { "registry.test": {}, "other.test": { auth: "cmVhZGVyOmh1c2g=" } };
    const [message = "", ...more] = mistakesOf({
      imagePullSecret: JSON.stringify({ auths, credsStore: "desktop" }),
    });
    expect(message).toContain(
      "imagePullSecret: expected a login to registry.test, which only a credential store of Docker has",
    );
    expect(message).not.toContain("cmVhZGVyOmh1c2g=");
    expect(more).toEqual([]);
  });

  it.each([
    { auth: "cmVhZGVyOmh1c2g=" },
    { username: "reader", password: "hush" },
    { identitytoken: "token" },
  ])("may be %j", (login) => {
    expect(mistakesOf({ imagePullSecret: JSON.stringify({ auths: { "registry.test": login } }) })).toEqual(
      [],
    );
  });

  it("are a Secret beside each control plane, of the accounts of all pods of the lab", async () => {
    const recorded = await recordLab({ hostContext: "kind", workloads: [workload], imagePullSecret: logins });
    for (const name of ["lab-devmgmt-vcluster", "lab-east-vcluster"]) {
      const secret = recorded.get(`${name}-registries`);
      expect(secret.inputs).toMatchObject({
        metadata: { name: "mesh-lab-registries", namespace: name.split("-")[1] },
        type: "kubernetes.io/dockerconfigjson",
      });
      const release = recorded.get(`${name}-release`);
      expect(release.inputs["values"]).toMatchObject({
        serviceAccount: { imagePullSecrets: [{ name: "mesh-lab-registries" }] },
      });
    }
  });

  it("leave everything as it is where there are none", async () => {
    const recorded = await recordLab({ hostContext: "kind", workloads: [workload] });
    expect(recorded.get("lab-east-vcluster-release").inputs["values"]).not.toHaveProperty("serviceAccount");
    expect(recorded.all("kubernetes:core/v1:Secret").map(({ name }) => name)).not.toContain(
      "lab-east-vcluster-registries",
    );
  });
});
