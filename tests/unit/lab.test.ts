import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { chartsFromRepositories } from "../../charts.ts";
import { Lab } from "../../components/lab.ts";
import type { LabConfig } from "../../config.ts";
import { namesOf, promiseOf, type Registration, record } from "./support/record.ts";

const licenseKey = "license-of-the-test";
const token = "token-of-the-test";

function kubeconfigOf(cluster: string): string {
  const user = { "client-key-data": `key-of-${cluster}` };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: { server: `https://${cluster}.test:443` } }],
    users: [{ name: cluster, user }],
    contexts: [{ name: cluster, context: { cluster, user: cluster } }],
    "current-context": cluster,
  });
}

/** What the steps would find in a real lab. */
function outputsOf({ type, name, inputs }: pulumi.runtime.MockResourceArgs): Record<string, unknown> {
  if (type === "random:index/randomPassword:RandomPassword") return { result: token };
  if (type !== "command:local:Command") return {};
  const { cluster } = JSON.parse((inputs as { create: string }).create) as { cluster: string };
  const found: Record<string, unknown> = name.endsWith("-kubeconfig")
    ? { address: "10.0.0.1", kubeconfig: kubeconfigOf(cluster) }
    : name.endsWith("-relay")
      ? { ingress: { hostname: "relay.test" }, ports: [{ name: "grpc", port: 9900 }], rootCa: "cm9vdA==" }
      : { ingress: { ip: "10.0.0.2" } };
  return { stdout: JSON.stringify(found) };
}

const config = (): LabConfig => ({
  serviceCidr: "10.96.0.0/12",
  management: "mgmt",
  workloads: [
    {
      name: "east",
      ingress: { replicas: 2 },
      eastWest: { replicas: 1 },
      bookinfo: { reviews: ["v1", "v2"] },
    },
    { name: "west", ingress: { replicas: 1 }, eastWest: { replicas: 1 } },
  ],
  charts: chartsFromRepositories(),
  licenseKey: pulumi.secret(licenseKey),
  timeoutSeconds: 77,
});

let lab: Lab;
let registered: Map<string, Registration>;

beforeAll(async () => {
  registered = await record(outputsOf, (transformations) => {
    const host = new k8s.Provider("host", { context: "host" });
    lab = new Lab("lab", { config: config(), host }, { transformations });
  });
});

function get(name: string): Registration {
  const found = registered.get(name);
  if (found === undefined) {
    throw new Error(`no resource ${name}; there are: ${[...registered.keys()].join(", ")}`);
  }
  return found;
}

const all = (type: string) => [...registered.values()].filter((entry) => entry.type === type);
const dependencies = async (name: string) => namesOf(get(name).opts.dependsOn ?? []);
const release = "kubernetes:helm.sh/v3:Release";

/** The provider that a resource uses: its own option, or the nearest one given to a component above it. */
async function providerOf({ opts }: Registration): Promise<string> {
  if (opts.provider !== undefined) return (await namesOf([opts.provider]))[0] ?? "";
  const given = Object.values(
    (opts as { providers?: Record<string, pulumi.ProviderResource> }).providers ?? {},
  );
  const own = opts.providers === undefined ? undefined : given.at(-1);
  if (own !== undefined) return (await namesOf([own]))[0] ?? "";
  const [parent] = await namesOf([opts.parent]);
  return parent === undefined || !registered.has(parent) ? "none" : providerOf(get(parent));
}

/** The resource with which a resource goes: its own option, or that of a component above it. */
async function deletedWith({ opts }: Registration): Promise<string | undefined> {
  if (opts.deletedWith !== undefined) return (await namesOf([opts.deletedWith]))[0];
  if (opts.parent === undefined) return undefined;
  const [parent] = await namesOf([opts.parent]);
  return parent === undefined || !registered.has(parent) ? undefined : deletedWith(get(parent));
}

describe("names and parents", () => {
  it("begin every name with the name of the parent", async () => {
    for (const { name, opts } of registered.values()) {
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
    expect(await providerOf(get(resource))).toBe(`${cluster}-provider`);
    expect(await deletedWith(get(resource))).toBe(`${cluster}-namespace`);
  });

  it.each(["mgmt", "east", "west"])(
    "puts the virtual cluster %s on the host, to be deleted for itself",
    async (cluster) => {
      for (const part of ["namespace", "release"]) {
        const entry = get(`lab-${cluster}-vcluster-${part}`);
        expect(await providerOf(entry)).toBe("host");
        expect(await deletedWith(entry)).toBeUndefined();
      }
    },
  );

  it("gives every release its explicit name, its namespace and the configured time", () => {
    const releases = all(release).map(({ inputs }) => [
      inputs["name"],
      inputs["namespace"],
      inputs["timeout"],
    ]);
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
    const providers = all("pulumi:providers:kubernetes").map(({ inputs }) => inputs["clusterIdentifier"]);
    expect(providers.sort()).toEqual(["east", "mgmt", "west"]);
  });

  it("puts no injection label on the host's namespaces", () => {
    expect(get("lab-east-vcluster-namespace").inputs).toEqual(
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
    ["lab-east-istio-istiod", ["lab-east-istio-base"]],
    ["lab-east-istio-ingressgateway", ["lab-east-istio-istiod"]],
    ["lab-east-istio-eastwestgateway", ["lab-east-istio-istiod"]],
    ["lab-east-bookinfo-reviews-v2", ["lab-east-istio-istiod"]],
    ["lab-workspace-workspace", ["lab-mgmt-gloo-mesh-release"]],
    ["lab-workspace-settings", ["lab-east-agent"]],
    ["lab-workspace-gateway", ["lab-east-agent", "lab-east-istio-gateways"]],
    ["lab-workspace-productpage", ["lab-east-agent", "lab-east-bookinfo-namespace"]],
  ];
  it.each(edges)("%s after %j", async (resource, expected) => {
    expect(await dependencies(resource)).toEqual(expected);
  });
});

describe("components", () => {
  it("wait for nothing, so that clusters come up side by side", () => {
    const components = [...registered.values()].filter(({ type }) => type.startsWith("meshlab:"));
    expect(components.length).toBeGreaterThan(8);
    for (const { name, props } of components) expect(props, name).toEqual({});
  });
});

describe("registration", () => {
  it("tells the agent its cluster and the address of the relay, a host name too", () => {
    expect(get("lab-west-agent").inputs["values"]).toEqual({
      cluster: "west",
      relay: { serverAddress: "relay.test:9900" },
    });
  });

  it("copies the certificate of the relay's root, and nothing else of its Secret", () => {
    expect(get("lab-west-relay-root").inputs["data"]).toEqual({ "ca.crt": "cm9vdA==" });
  });

  it("never declares the bootstrap token on a workload cluster", () => {
    const secrets = all("kubernetes:core/v1:Secret").map(({ name }) => name);
    expect(secrets.sort()).toEqual([
      "lab-east-relay-root",
      "lab-mgmt-gloo-mesh-relay-token-secret",
      "lab-west-relay-root",
    ]);
  });

  it("registers each workload cluster once", () => {
    const names = all("kubernetes:admin.gloo.solo.io/v2:KubernetesCluster").map(
      ({ inputs }) => (inputs["metadata"] as { name: string }).name,
    );
    expect(names.sort()).toEqual(["east", "west"]);
  });
});

describe("Bookinfo", () => {
  it("runs where it is configured, with the versions of reviews that are configured", () => {
    const deployments = all("kubernetes:apps/v1:Deployment").map(({ name }) => name);
    expect(deployments.sort()).toEqual([
      "lab-east-bookinfo-details-v1",
      "lab-east-bookinfo-productpage-v1",
      "lab-east-bookinfo-ratings-v1",
      "lab-east-bookinfo-reviews-v1",
      "lab-east-bookinfo-reviews-v2",
    ]);
  });

  it("is labelled for injection, and does not await its Services", () => {
    expect(get("lab-east-bookinfo-namespace").inputs["metadata"]).toEqual({
      name: "bookinfo",
      labels: { "istio-injection": "enabled" },
    });
    expect(get("lab-east-bookinfo-reviews").inputs["metadata"]).toEqual(
      expect.objectContaining({ annotations: { "pulumi.com/skipAwait": "true" } }),
    );
  });
});

describe("secrets", () => {
  it("are secret in everything that the lab gives", async () => {
    expect(await pulumi.isSecret(lab.kubeconfig)).toBe(true);
    expect(await promiseOf(lab.kubeconfig)).toContain("key-of-west");
  });

  it.each([
    ["lab-east-vcluster-provider", "kubeconfig"],
    ["lab-east-relay-token", "environment"],
    ["lab-east-istio-ingress-address", "environment"],
  ])("are secret in %s.%s", async (resource, property) => {
    const value = get(resource).props[property] as pulumi.Output<unknown>;
    expect(await pulumi.isSecret(value)).toBe(true);
  });

  it("reach no command line and no log", () => {
    for (const { name, inputs, opts } of all("command:local:Command")) {
      const shown = JSON.stringify([inputs["interpreter"], inputs["create"]]);
      for (const secret of [licenseKey, token, "key-of-"]) expect(shown, name).not.toContain(secret);
      expect(inputs["logging"], name).toBe("stderr");
      expect(inputs["addPreviousOutputInEnv"], name).toBe(false);
      expect(opts, name).toEqual(expect.objectContaining({ additionalSecretOutputs: ["stdout"] }));
    }
  });

  it("include the license key", async () => {
    const values = get("lab-mgmt-gloo-mesh-release").props["values"] as { licenseKey: pulumi.Output<string> };
    expect(await pulumi.isSecret(values.licenseKey)).toBe(true);
    expect(await promiseOf(values.licenseKey)).toBe(licenseKey);
  });
});

describe("outputs", () => {
  it("lead to the product page of each cluster that runs Bookinfo", async () => {
    expect(await promiseOf(lab.productPages)).toEqual({ east: "http://10.0.0.2/productpage" });
    expect(await pulumi.isSecret(lab.productPages)).toBe(false);
  });
});

describe("inputs", () => {
  it("hold nothing of this machine or checkout", () => {
    const text = JSON.stringify([...registered.values()].map(({ inputs }) => inputs));
    for (const trace of [process.cwd(), process.execPath, process.env["HOME"]]) {
      expect(trace).toBeTruthy();
      expect(text).not.toContain(`${String(trace)}/`);
    }
  });
});
