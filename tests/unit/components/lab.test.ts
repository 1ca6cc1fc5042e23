import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { licenseKey } from "../../support/config.ts";
import { type VersionSetName, versionSetNames } from "../../../versions/versions.ts";
import { type RecordedLab, recordLab, token } from "../support/lab.ts";
import { namesOf, promiseOf } from "../support/record.ts";

const workloads = [
  { name: "east", ingress: { replicas: 2 }, bookinfo: { reviews: ["v1", "v2"] } },
  { name: "west", region: "far", zone: "away" },
];
const management = { name: "mgmt" };

/** What the SDK would take inputs from. */
const variables = [
  ...readFileSync(createRequire(import.meta.url).resolve("@pulumi/kubernetes/provider.js"), "utf8").matchAll(
    /getEnv\w*\("(\w+)"\)/g,
  ),
].map(([, name = ""]) => name);

const release = "kubernetes:helm.sh/v3:Release";

/** What differs between the sets. */
interface Expected {
  /** Releases of Gloo Mesh's charts, by their names in the clusters. */
  readonly releases: readonly string[];
  /** What brings the kinds of Gloo Mesh to a workload cluster, and to the management cluster. */
  readonly kinds: string;
  readonly managementKinds: string;
  /** What the agent of `west` is told. */
  readonly agent: object;
  /** Where the license key is in the values of the management plane. */
  readonly license: readonly string[];
  /** What the host is asked about beside its range. */
  readonly asked: object;
  /** What decides a kubeconfig beside what does in every set. */
  readonly kubeconfig: object;
  /** What the range of the host is to a virtual cluster. */
  readonly range: string | undefined;
}

const off = { enabled: false };
const expected: Readonly<Record<VersionSetName, Expected>> = {
  current: {
    releases: [...Array<string>(3).fill("gloo-platform"), ...Array<string>(3).fill("gloo-platform-crds")],
    kinds: "lab-east-gloo-mesh-crds",
    managementKinds: "lab-mgmt-gloo-mesh-crds",
    agent: {
      common: { cluster: "west" },
      glooAgent: {
        enabled: true,
        relay: { serverAddress: "relay.test:9900", authority: "gloo-mesh-mgmt-server.gloo-mesh" },
      },
      glooInsightsEngine: off,
      glooAnalyzer: off,
      telemetryGateway: off,
      telemetryCollector: off,
    },
    license: ["licensing", "glooTrialLicenseKey"],
    asked: {},
    kubeconfig: { version: "0.36.1 v1.35.0", renewsCertificates: true },
    range: undefined,
  },
  article: {
    releases: ["gloo-mesh-agent", "gloo-mesh-agent", "gloo-mesh-enterprise"],
    kinds: "lab-east-agent",
    managementKinds: "lab-mgmt-gloo-mesh-release",
    agent: { cluster: "west", relay: { serverAddress: "relay.test:9900" } },
    license: ["licenseKey"],
    asked: {
      brokenFrom: { minor: 34, because: expect.stringContaining("Set versionSet to current") as string },
    },
    kubeconfig: { version: "0.10.2 v1.22.5-k3s1" },
    range: "10.43.0.0/16",
  },
};

describe.each(versionSetNames)("a lab of set %s:", (versionSet) => {
  const own = expected[versionSet];
  let recorded: RecordedLab;

  beforeAll(async () => {
    for (const name of variables) vi.stubEnv(name, name === "KUBECONFIG" ? "/elsewhere/kubeconfig" : "true");
    recorded = await recordLab({
      versionSet,
      hostContext: "kind",
      management,
      workloads,
      timeoutSeconds: 77,
    });
  });

  afterAll(() => {
    vi.unstubAllEnvs();
  });

  describe("names and parents", () => {
    it("begin every name with the name of the parent", async () => {
      for (const { name, opts } of recorded.resources) {
        if (name === "lab") continue;
        const [parent] = await namesOf([opts.parent]);
        expect(parent, name).toBeDefined();
        expect(name.startsWith(`${parent ?? ""}-`), `${name} under ${parent ?? ""}`).toBe(true);
      }
    });
  });

  describe("clusters", () => {
    const inside: [resource: string, cluster: string][] = [
      ["lab-mgmt-gloo-mesh-release", "lab-mgmt-vcluster"],
      ["lab-mgmt-gloo-mesh-relay-token-secret", "lab-mgmt-vcluster"],
      ["lab-east-registration", "lab-mgmt-vcluster"],
      ["lab-west-registration", "lab-mgmt-vcluster"],
      ["lab-workspace-workspace", "lab-mgmt-vcluster"],
      ["lab-workspace-root-trust", "lab-mgmt-vcluster"],
      ["lab-workspace-global", "lab-mgmt-vcluster"],
      ["lab-workspace-settings", "lab-east-vcluster"],
      ["lab-workspace-gateway", "lab-east-vcluster"],
      ["lab-workspace-productpage", "lab-east-vcluster"],
      ["lab-east-agent", "lab-east-vcluster"],
      ["lab-east-relay-root", "lab-east-vcluster"],
      ["lab-east-istio-istiod", "lab-east-vcluster"],
      ["lab-east-bookinfo-reviews-v1", "lab-east-vcluster"],
      ["lab-west-istio-base", "lab-west-vcluster"],
      ["lab-west-agent", "lab-west-vcluster"],
    ];
    it.each(inside)("puts %s into %s, and lets it go with it", async (resource, cluster) => {
      expect(await recorded.providerOf(recorded.get(resource))).toBe(`${cluster}-provider`);
      expect(await recorded.deletedWith(recorded.get(resource))).toBe(`${cluster}-namespace`);
    });

    it.each(["mgmt", "east", "west"])(
      "puts the virtual cluster %s on the host, to be deleted for itself",
      async (cluster) => {
        for (const part of ["namespace", "release"]) {
          const entry = recorded.get(`lab-${cluster}-vcluster-${part}`);
          expect(await recorded.providerOf(entry)).toBe("lab-host-provider");
          expect(await recorded.deletedWith(entry)).toBeUndefined();
        }
      },
    );

    it("gives every release its explicit name, its namespace and the configured time", () => {
      const releases = recorded
        .all(release)
        .map(({ inputs }) => [inputs["name"], inputs["namespace"], inputs["timeout"]]);
      expect(releases.sort()).toEqual(
        [
          ["east", "east", 77],
          ...own.releases.map((name) => [name, "gloo-mesh", 77]),
          ["istio-base", "istio-system", 77],
          ["istio-base", "istio-system", 77],
          ["istio-eastwestgateway", "istio-gateways", 77],
          ["istio-eastwestgateway", "istio-gateways", 77],
          ["istio-ingressgateway", "istio-gateways", 77],
          ["istio-ingressgateway", "istio-gateways", 77],
          ["istiod", "istio-system", 77],
          ["istiod", "istio-system", 77],
          ["mgmt", "mgmt", 77],
          ["west", "west", 77],
        ].sort(),
      );
    });

    it("names the provider's cluster, so that a changed address replaces nothing", () => {
      const identified = recorded
        .all("pulumi:providers:kubernetes")
        .map(({ name, inputs }) => [name, inputs["clusterIdentifier"]]);
      expect(identified.sort()).toEqual([
        ["lab-east-vcluster-provider", "east"],
        ["lab-host-provider", undefined],
        ["lab-mgmt-vcluster-provider", "mgmt"],
        ["lab-west-vcluster-provider", "west"],
      ]);
    });

    it("puts no injection label on the host's namespaces", () => {
      expect(recorded.get("lab-east-vcluster-namespace").inputs).toEqual(
        expect.objectContaining({ metadata: { name: "east" } }),
      );
    });
  });

  describe("order where no value flows", () => {
    const edges: [resource: string, dependencies: string[]][] = [
      ["lab-mgmt-vcluster-kubeconfig", ["lab-mgmt-vcluster-release"]],
      ["lab-mgmt-gloo-mesh-relay", ["lab-mgmt-gloo-mesh-release"]],
      ["lab-east-registration", [own.managementKinds]],
      ["lab-east-relay-token-withdrawal", ["lab-east-agent"]],
      ["lab-east-istio-istiod", ["lab-east-istio-base", "lab-east-localities"]],
      ["lab-east-istio-ingressgateway", ["lab-east-istio-istiod"]],
      ["lab-east-istio-eastwestgateway", ["lab-east-istio-istiod"]],
      ["lab-east-bookinfo-reviews-v2", ["lab-east-istio-istiod"]],
      ["lab-workspace-workspace", [own.managementKinds]],
      ["lab-workspace-settings", [own.kinds]],
      ["lab-workspace-gateway", [own.kinds, "lab-east-istio-gateways"]],
      ["lab-workspace-productpage", [own.kinds, "lab-east-bookinfo-namespace"]],
    ];
    it.each(edges)("%s after %j", async (resource, dependencies) => {
      expect(await recorded.dependencies(resource)).toEqual(dependencies.toSorted());
    });

    it("an agent after all without which it cannot start", async () => {
      const needed = ["lab-east-registration", "lab-east-relay-root", "lab-east-relay-token"];
      const brought = own.kinds === "lab-east-agent" ? [] : [own.kinds];
      expect(await recorded.dependencies("lab-east-agent")).toEqual([...brought, ...needed].toSorted());
      const token = "lab-mgmt-gloo-mesh-relay-token-secret";
      const before = own.managementKinds === "lab-mgmt-gloo-mesh-release" ? [] : [own.managementKinds];
      expect(await recorded.dependencies("lab-mgmt-gloo-mesh-release")).toEqual(
        [...before, token].toSorted(),
      );
    });
  });

  describe("components", () => {
    it("wait for nothing, so that clusters come up side by side", () => {
      const components = recorded.resources.filter(({ type }) => type.startsWith("meshlab:"));
      expect(components.length).toBeGreaterThan(8);
      for (const { name, props } of components)
        // The lab alone gives something, which is known at once.
        expect(props, name).toEqual(name === "lab" ? { versionSet } : {});
    });
  });

  describe("registration", () => {
    it("tells the agent its cluster and the address of the relay, a host name too", () => {
      expect(recorded.get("lab-west-agent").inputs["values"]).toEqual(own.agent);
    });

    it("copies the certificate of the relay's root, and nothing else of its Secret", () => {
      expect(recorded.get("lab-west-relay-root").inputs["data"]).toEqual({ "ca.crt": "cm9vdA==" });
    });

    it("never declares the bootstrap token on a workload cluster", () => {
      const secrets = recorded.all("kubernetes:core/v1:Secret").map(({ name }) => name);
      expect(secrets.sort()).toEqual([
        "lab-east-relay-root",
        "lab-mgmt-gloo-mesh-relay-token-secret",
        "lab-west-relay-root",
      ]);
    });

    it("registers each workload cluster once", () => {
      const names = recorded
        .all("kubernetes:admin.gloo.solo.io/v2:KubernetesCluster")
        .map(({ inputs }) => (inputs["metadata"] as { name: string }).name);
      expect(names.sort()).toEqual(["east", "west"]);
    });
  });

  describe("Bookinfo", () => {
    it("runs where it is configured, with the versions of reviews that are configured", () => {
      const deployments = recorded.all("kubernetes:apps/v1:Deployment").map(({ name }) => name);
      expect(deployments.sort()).toEqual([
        "lab-east-bookinfo-details-v1",
        "lab-east-bookinfo-productpage-v1",
        "lab-east-bookinfo-ratings-v1",
        "lab-east-bookinfo-reviews-v1",
        "lab-east-bookinfo-reviews-v2",
      ]);
    });

    it("says in a label of its pods, and in no selector, which cluster they run on", () => {
      for (const { inputs } of recorded.all("kubernetes:apps/v1:Deployment")) {
        const { selector, template } = inputs["spec"] as {
          readonly selector: { readonly matchLabels: object };
          readonly template: { readonly metadata: { readonly labels: object } };
        };
        expect(template.metadata.labels).toEqual({ ...selector.matchLabels, "mesh-lab/cluster": "east" });
        expect(selector.matchLabels).not.toHaveProperty("mesh-lab/cluster");
      }
    });

    it("is labelled for injection, and does not await its Services", () => {
      expect(recorded.get("lab-east-bookinfo-namespace").inputs["metadata"]).toEqual({
        name: "bookinfo",
        labels: { "istio-injection": "enabled" },
      });
      expect(recorded.get("lab-east-bookinfo-reviews").inputs["metadata"]).toEqual(
        expect.objectContaining({ annotations: { "pulumi.com/skipAwait": "true" } }),
      );
    });
  });

  describe("secrets", () => {
    it("are secret in everything that the lab gives", async () => {
      expect(await pulumi.isSecret(recorded.lab.kubeconfig)).toBe(true);
      expect(await promiseOf(recorded.lab.kubeconfig)).toContain("key-of-west");
    });

    it.each([
      ["lab-east-vcluster-provider", "kubeconfig"],
      ["lab-east-relay-token", "environment"],
      ["lab-east-istio-ingress-address", "environment"],
    ])("are secret in %s.%s", async (resource, property) => {
      const value = recorded.get(resource).props[property] as pulumi.Output<unknown>;
      expect(await pulumi.isSecret(value)).toBe(true);
    });

    it("reach no command line and no log", () => {
      for (const { name, inputs, opts } of recorded.all("command:local:Command")) {
        const shown = JSON.stringify([inputs["interpreter"], inputs["create"]]);
        for (const secret of [licenseKey, token, "key-of-"]) expect(shown, name).not.toContain(secret);
        expect(inputs["logging"], name).toBe("stderr");
        expect(inputs["addPreviousOutputInEnv"], name).toBe(/-(vcluster-kubeconfig|relay-token)$/.test(name));
        expect(opts, name).toEqual(expect.objectContaining({ additionalSecretOutputs: ["stdout"] }));
      }
    });

    it("include the license key", async () => {
      const key = own.license.reduce<unknown>(
        (inside, member) => (inside as Record<string, unknown>)[member],
        recorded.get("lab-mgmt-gloo-mesh-release").props["values"],
      ) as pulumi.Output<string>;
      expect(await pulumi.isSecret(key)).toBe(true);
      expect(await promiseOf(key)).toBe(licenseKey);
    });
  });

  describe("outputs", () => {
    it("lead to each ingress gateway, and to the product page that there is a route to", async () => {
      expect(await promiseOf(recorded.lab.ingresses)).toEqual({
        east: "http://10.0.0.2",
        west: "http://10.0.0.2",
      });
      expect(await promiseOf(recorded.lab.productPages)).toEqual({ east: "http://10.0.0.2/productpage" });
      expect(await pulumi.isSecret(recorded.lab.productPages)).toBe(false);
    });
  });

  describe("the host", () => {
    it("is asked for what is not configured, and nothing else", () => {
      expect(recorded.specOf("lab-host-facts")).toEqual({
        hostContext: "kind",
        ...own.asked,
      });
      expect(recorded.get("lab-host-provider").inputs).toEqual({ context: "kind" });
      expect(Object.keys(recorded.get("lab-east-vcluster-provider").inputs).toSorted()).toEqual([
        "clusterIdentifier",
        "kubeconfig",
      ]);
    });

    it("decides the range of every virtual cluster, where that does not find it out", () => {
      for (const cluster of ["mgmt", "east", "west"]) {
        const values = recorded.get(`lab-${cluster}-vcluster-release`).inputs["values"] as object;
        expect("serviceCIDR" in values ? values.serviceCIDR : undefined).toBe(own.range);
      }
    });

    it("is taken as it is with anyHost, without what is known to break there", async () => {
      const any = await recordLab({ versionSet, anyHost: true, management, workloads });
      expect(any.specOf("lab-host-facts")).toEqual({});
    });
  });

  describe("a virtual cluster's kubeconfig", () => {
    it("is fetched by what decides it", () => {
      expect(recorded.specOf("lab-east-vcluster-kubeconfig")).toEqual({
        cluster: "east",
        hostContext: "kind",
        service: expect.any(String) as string,
        expose: "LoadBalancer",
        ...own.kubeconfig,
      });
    });
  });

  describe("places", () => {
    it("are the configured ones, or one zone per cluster", () => {
      const place = (cluster: string) => recorded.specOf(`lab-${cluster}-localities`);
      expect(place("east")).toMatchObject({ region: "lab", zone: "east" });
      expect(place("west")).toMatchObject({ region: "far", zone: "away" });
    });
  });

  describe("inputs", () => {
    it("hold nothing of the environment", () => {
      expect(variables).toContain("KUBECONFIG");
      expect(variables).toContain("PULUMI_K8S_DELETE_UNREACHABLE");
      expect(JSON.stringify(recorded.resources.map(({ inputs }) => inputs))).not.toContain("/elsewhere/");
    });

    it("hold nothing of this machine or checkout", () => {
      const text = JSON.stringify(recorded.resources.map(({ inputs }) => inputs));
      for (const trace of [process.cwd(), process.execPath, process.env["HOME"]]) {
        expect(trace).toBeTruthy();
        expect(text).not.toContain(`${String(trace)}/`);
      }
    });
  });
});

describe("releases of kinds alone", () => {
  const record = (versionSet: VersionSetName) => recordLab({ versionSet, management, workloads });
  const crds = ["lab-mgmt-gloo-mesh-crds", "lab-east-gloo-mesh-crds", "lab-west-gloo-mesh-crds"];

  it("are on every cluster of today, before what uses them there", async () => {
    const recorded = await record("current");
    for (const name of crds) {
      const { type, inputs } = recorded.get(name);
      expect([type, inputs["name"], inputs["namespace"], inputs["version"]]).toEqual([
        release,
        "gloo-platform-crds",
        "gloo-mesh",
        "2.14.0",
      ]);
      expect(inputs["values"] ?? {}).toEqual({});
      expect(await recorded.dependencies(name)).toEqual([]);
      const [, cluster = ""] = /^lab-(\w+)-/.exec(name) ?? [];
      expect(await recorded.providerOf(recorded.get(name))).toBe(`lab-${cluster}-vcluster-provider`);
      const user = cluster === "mgmt" ? "lab-mgmt-gloo-mesh-release" : `lab-${cluster}-agent`;
      expect(await recorded.dependencies(user)).toContain(name);
    }
  });

  it("are on none of the article's", async () => {
    const names = (await record("article")).resources.map(({ name }) => name);
    expect(names.filter((name) => name.endsWith("-crds"))).toEqual([]);
  });
});
