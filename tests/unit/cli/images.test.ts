import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { versionSets } from "../../../versions/versions.ts";
import { corednsImage, corednsObjects } from "../../../cli/rendered/coredns.ts";
import { helm, NoHelm } from "../../../cli/rendered/helm.ts";
import { merged } from "../../../cli/rendered/images.ts";
import { podsOf } from "../../../cli/rendered/pods.ts";
import { proxyOf } from "../../../cli/rendered/proxy.ts";
import { isLocal, objectsIn, type RenderedRelease, renderLabs } from "../../../cli/rendered/render.ts";
import { labConfig } from "../../support/config.ts";
import { allCharts } from "../support/charts.ts";

describe("CoreDNS of a virtual cluster", () => {
  it.each([
    ["article", "v1.22.5-k3s1", undefined, "coredns/coredns:1.8.4"],
    ["article", "v1.24.1-k3s1", "mirror.test/all/", "mirror.test/all/coredns/coredns:1.8.7"],
    // The syncer does not know these.
    ["article", "v1.25.3-k3s1", undefined, "coredns/coredns"],
    ["current", "v1.35.0", undefined, "docker.io/coredns/coredns:1.14.1"],
    ["current", "v1.33.4", "mirror.test/all/", "mirror.test/all/coredns/coredns:1.12.0"],
    ["current", "v1.40.0", undefined, "docker.io/coredns/coredns:1.14.2"],
  ] as const)("of set %s inside of %s with registry '%s' is %s", (set, kubernetes, registry, image) => {
    expect(corednsImage(versionSets[set].controlPlane, kubernetes, registry)).toBe(image);
  });

  it("comes with the manifest that the chart has, with its blanks filled in", () => {
    const manifest = [
      "kind: Deployment",
      "spec: { image: '{{.IMAGE}}', user: {{ .RUN_AS_USER }} }",
      "---",
      "kind: Service",
    ].join("\n");
    expect(corednsObjects({ data: { "coredns.yaml": manifest } }, "dns:1")).toEqual([
      { kind: "Deployment", spec: { image: "dns:1", user: 0 } },
      { kind: "Service" },
    ]);
    expect(corednsObjects(undefined, "dns:1")).toEqual([]);
  });
});

const injector = (global: object, name = "istio-sidecar-injector") => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { values: JSON.stringify({ global }) },
});
const global = {
  hub: "hub.test/istio",
  tag: "1.2.3",
  proxy: { image: "proxyv2", resources: { requests: { cpu: "100m" } } },
  proxy_init: { image: "elsewhere.test/init:4" },
};

describe("the proxy that istiod injects", () => {
  it.each(["istio-sidecar-injector", "istio-sidecar-injector-canary"])("is what %s says", (name) => {
    expect(proxyOf([injector(global, name)])).toEqual({
      image: "hub.test/istio/proxyv2:1.2.3",
      initImage: "elsewhere.test/init:4",
      resources: { requests: { cpu: "100m" } },
    });
  });

  it("is not there without istiod", () => {
    expect(proxyOf([{ kind: "ConfigMap", metadata: { name: "istio" } }])).toBeUndefined();
  });
});

const workload = (kind: string, name: string, images: readonly string[], replicas?: number) => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    template: { spec: { containers: images.map((image) => ({ name: image, image })) } },
  },
});

function release(kind: RenderedRelease["kind"], namespace: string, objects: object[]): RenderedRelease {
  const chart = { chart: "./charts/any", version: "1" };
  return { kind, cluster: "east", release: kind, namespace, chart, values: {}, objects };
}

const rendered = [
  release("vcluster", "east", [
    workload("StatefulSet", "east", ["k3s", "syncer"]),
    {
      kind: "ConfigMap",
      metadata: { name: "east-coredns" },
      data: {
        "coredns.yaml": JSON.stringify({
          kind: "Deployment",
          metadata: { name: "coredns", namespace: "kube-system" },
          spec: { template: { spec: { containers: [{ name: "dns", image: "{{.IMAGE}}" }] } } },
        }),
      },
    },
  ]),
  release("istiod", "istio-system", [injector(global), workload("Deployment", "istiod", ["pilot"])]),
  release("ingress", "istio-gateways", [workload("Deployment", "gateway", ["auto"], 3)]),
];

describe("the pods of a lab", () => {
  const podsIn = (more: object) =>
    podsOf(
      labConfig({ workloads: [{ name: "east", bookinfo: { reviews: ["v2"] }, ...more }] }),
      rendered,
    ).map(
      ({ cluster, workload: owner, count, spec }) =>
        `${cluster} ${owner} ${count}: ${[...(spec.initContainers ?? []), ...spec.containers]
          .map(({ image }) => image)
          .join(" ")}`,
    );
  const sidecar = "elsewhere.test/init:4";
  const proxy = "hub.test/istio/proxyv2:1.2.3";
  const bookinfo = (name: string) => `docker.io/istio/examples-bookinfo-${name}:1.16.2`;

  it("are those on the host and those inside, with what is put into them there", () => {
    expect(podsIn({})).toEqual([
      "east east/east 1: k3s syncer",
      "east istio-system/istiod 1: pilot",
      `east istio-gateways/gateway 3: ${proxy}`,
      "east kube-system/coredns 1: coredns/coredns:1.8.4",
      `east bookinfo/details-v1 1: ${sidecar} ${bookinfo("details-v1")} ${proxy}`,
      `east bookinfo/ratings-v1 1: ${sidecar} ${bookinfo("ratings-v1")} ${proxy}`,
      `east bookinfo/reviews-v2 1: ${sidecar} ${bookinfo("reviews-v2")} ${proxy}`,
      `east bookinfo/productpage-v1 1: ${sidecar} ${bookinfo("productpage-v1")} ${proxy}`,
    ]);
  });

  it("are none inside of a cluster that is paused, and their images are needed again one day", () => {
    expect(podsIn({ paused: true, bookinfo: undefined })).toEqual([
      "east east/east 1: k3s syncer",
      "east istio-system/istiod 0: pilot",
      `east istio-gateways/gateway 0: ${proxy}`,
      "east kube-system/coredns 0: coredns/coredns:1.8.4",
    ]);
  });
});

it("servers that capabilities need have a sidecar, too", () => {
  const limiter = workload("Deployment", "rate-limiter", ["limiter"]);
  const [pods] = podsOf(labConfig({ workloads: [{ name: "east" }] }), [
    release("glooMeshAddOns", "gloo-mesh-addons", [limiter]),
    release("istiod", "istio-system", [injector(global)]),
  ]);
  expect(pods?.workload).toBe("gloo-mesh-addons/rate-limiter");
  expect(pods?.spec.containers.map(({ image }) => image)).toEqual([
    "limiter",
    "hub.test/istio/proxyv2:1.2.3",
  ]);
});

it("a lab with an identity provider of its own has it on the management cluster", () => {
  const settings = labConfig({
    imageRegistry: "mirror.test/all",
    workloads: [{ name: "east", bookinfo: {} }],
    capabilities: { oidc: true },
  });
  const [login] = podsOf(settings, []).filter(({ cluster }) => cluster === "devmgmt");
  expect(login?.workload).toBe("keycloak/keycloak");
  expect(login?.spec.containers[0]?.image).toMatch(/^mirror\.test\/all\/keycloak\/keycloak:/);
});

describe("images", () => {
  const use = (image: string, workloadName: string) => ({ cluster: "east", workload: workloadName, image });

  it("are told once, with everything that uses them, and the mirror's name", () => {
    const own = [use("b", "x/one"), use("a", "x/one"), use("b", "x/two"), use("b", "x/two")];
    const mirrored = own.map((each) => ({ ...each, image: `m/${each.image}` }));
    expect(merged(own, mirrored)).toEqual([
      { image: "a", mirror: "m/a", usedBy: [{ cluster: "east", workload: "x/one" }] },
      {
        image: "b",
        mirror: "m/b",
        usedBy: [
          { cluster: "east", workload: "x/one" },
          { cluster: "east", workload: "x/two" },
        ],
      },
    ]);
    expect(merged([use("a", "x/one")], undefined)[0]).not.toHaveProperty("mirror");
  });
});

describe("rendering", () => {
  it("reads what helm prints, also where there is nothing", () => {
    expect(objectsIn("# only words\n---\n---\nkind: Service\n")).toEqual([{ kind: "Service" }]);
    expect(objectsIn("")).toEqual([]);
  });

  it.each([
    [{ chart: "./charts/istiod-1.tgz", version: "1" }, true],
    [{ chart: "oci://registry.test/istiod", version: "1" }, false],
    [{ chart: "istiod", version: "1", repositoryOpts: { repo: "https://charts.test" } }, false],
  ])("knows where %j is", (source, local) => {
    expect(isLocal(source)).toBe(local);
  });

  it("asks helm once for what clusters have in common", async () => {
    const [place, charts] = [mkdtempSync(join(tmpdir(), "helm-")), allCharts()];
    onTestFinished(() => {
      vi.unstubAllEnvs();
      for (const directory of [place, charts]) rmSync(directory, { recursive: true });
    });
    const script = `#!/bin/sh\ncat > ${place}/values\necho "$2 for $7" >> ${place}/calls\necho "kind: $2"\n`;
    writeFileSync(join(place, "helm"), script);
    chmodSync(join(place, "helm"), 0o700);
    vi.stubEnv("PATH", [place, process.env["PATH"]].join(delimiter));
    const lab = { charts, workloads: [{ name: "east" }, { name: "west" }] };
    const older = { ...lab, versions: { kubernetes: "v1.21.2-k3s1" } };
    const rendered = await renderLabs([lab, lab, older].map(labConfig));
    const calls = readFileSync(join(place, "calls"), "utf8").trim().split("\n");
    const callsOf = (name: string) => calls.filter((call) => call.startsWith(`${name} `)).sort();
    expect(callsOf("istio-base")).toEqual(["istio-base for v1.21.2", "istio-base for v1.22.5"]);
    expect(callsOf("istiod")).toHaveLength(4);
    const objects = rendered.map((releases) =>
      releases.map(({ release: name, objects: [object] }) => [name, object?.kind]),
    );
    for (const pairs of objects) for (const [name, kind] of pairs) expect(kind).toBe(name);
    expect(objects.map((pairs) => pairs.length)).toEqual([14, 14, 14]);
  });

  it("says what to do where there is no helm", async () => {
    const { PATH = "" } = process.env;
    process.env["PATH"] = "/nowhere";
    try {
      await expect(helm(["version"])).rejects.toThrow(NoHelm);
      await expect(helm(["version"])).rejects.toThrow(/no helm on PATH.*install it/);
    } finally {
      process.env["PATH"] = PATH;
    }
  });
});
