import * as pulumi from "@pulumi/pulumi";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { licenseKey } from "../../support/config.ts";
import { type RecordedLab, recordLab, token } from "../support/lab.ts";
import { namesOf, promiseOf } from "../support/record.ts";

const workloads = [
  { name: "east", ingress: { replicas: 2 }, bookinfo: { reviews: ["v1", "v2"] } },
  { name: "west", region: "far", zone: "away" },
];
const management = { name: "mgmt" };

let recorded: RecordedLab;

/** What the SDK would take inputs from. */
const variables = [
  ...readFileSync(createRequire(import.meta.url).resolve("@pulumi/kubernetes/provider.js"), "utf8").matchAll(
    /getEnv\w*\("(\w+)"\)/g,
  ),
].map(([, name = ""]) => name);

beforeAll(async () => {
  for (const name of variables) vi.stubEnv(name, name === "KUBECONFIG" ? "/elsewhere/kubeconfig" : "true");
  recorded = await recordLab({ hostContext: "kind", management, workloads, timeoutSeconds: 77 });
});

afterAll(() => {
  vi.unstubAllEnvs();
});

const release = "kubernetes:helm.sh/v3:Release";

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
        ["gloo-mesh-agent", "gloo-mesh", 77],
        ["gloo-mesh-agent", "gloo-mesh", 77],
        ["gloo-mesh-enterprise", "gloo-mesh", 77],
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
    ["lab-mgmt-gloo-mesh-release", ["lab-mgmt-gloo-mesh-relay-token-secret"]],
    ["lab-mgmt-gloo-mesh-relay", ["lab-mgmt-gloo-mesh-release"]],
    ["lab-east-registration", ["lab-mgmt-gloo-mesh-release"]],
    ["lab-east-agent", ["lab-east-registration", "lab-east-relay-root", "lab-east-relay-token"]],
    ["lab-east-relay-token-withdrawal", ["lab-east-agent"]],
    ["lab-east-istio-istiod", ["lab-east-istio-base", "lab-east-localities"]],
    ["lab-east-istio-ingressgateway", ["lab-east-istio-istiod"]],
    ["lab-east-istio-eastwestgateway", ["lab-east-istio-istiod"]],
    ["lab-east-bookinfo-reviews-v2", ["lab-east-istio-istiod"]],
    ["lab-workspace-workspace", ["lab-mgmt-gloo-mesh-release"]],
    ["lab-workspace-settings", ["lab-east-agent"]],
    ["lab-workspace-gateway", ["lab-east-agent", "lab-east-istio-gateways"]],
    ["lab-workspace-productpage", ["lab-east-agent", "lab-east-bookinfo-namespace"]],
  ];
  it.each(edges)("%s after %j", async (resource, expected) => {
    expect(await recorded.dependencies(resource)).toEqual(expected);
  });
});

describe("components", () => {
  it("wait for nothing, so that clusters come up side by side", () => {
    const components = recorded.resources.filter(({ type }) => type.startsWith("meshlab:"));
    expect(components.length).toBeGreaterThan(8);
    for (const { name, props } of components)
      // The lab alone gives something, which is known at once.
      expect(props, name).toEqual(name === "lab" ? { versionSet: "article" } : {});
  });
});

describe("registration", () => {
  it("tells the agent its cluster and the address of the relay, a host name too", () => {
    expect(recorded.get("lab-west-agent").inputs["values"]).toEqual({
      cluster: "west",
      relay: { serverAddress: "relay.test:9900" },
    });
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
    const values = recorded.get("lab-mgmt-gloo-mesh-release").props["values"] as {
      licenseKey: pulumi.Output<string>;
    };
    expect(await pulumi.isSecret(values.licenseKey)).toBe(true);
    expect(await promiseOf(values.licenseKey)).toBe(licenseKey);
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
      brokenFrom: { minor: 34, because: expect.stringContaining("Set versionSet to current") as string },
    });
    expect(recorded.get("lab-host-provider").inputs).toEqual({ context: "kind" });
    expect(Object.keys(recorded.get("lab-east-vcluster-provider").inputs).toSorted()).toEqual([
      "clusterIdentifier",
      "kubeconfig",
    ]);
  });

  it("decides the range of every virtual cluster", () => {
    for (const cluster of ["mgmt", "east", "west"])
      expect(recorded.get(`lab-${cluster}-vcluster-release`).inputs["values"]).toMatchObject({
        serviceCIDR: "10.43.0.0/16",
      });
  });
});

describe("a virtual cluster's kubeconfig", () => {
  it("is fetched by what decides it", () => {
    expect(recorded.specOf("lab-east-vcluster-kubeconfig")).toEqual({
      cluster: "east",
      hostContext: "kind",
      service: expect.any(String) as string,
      expose: "LoadBalancer",
      version: "0.10.2 v1.22.5-k3s1",
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
