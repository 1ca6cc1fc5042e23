import type * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import { Lab } from "../../../components/lab.ts";
import type { LabConfig } from "../../../config/read.ts";
import { labConfig } from "../../support/config.ts";
import { namesOf, type Registration, record } from "./record.ts";

export const token = "token-of-the-test";

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

/** The part of a step's spec that decides what it finds. */
interface Spec {
  readonly cluster: string;
  /** With an ingress among the awaited values, there is a load balancer. */
  readonly values?: { readonly ingress?: unknown };
}

const ports = [
  { name: "http", port: 80, nodePort: 30800 },
  { name: "grpc", port: 9900, nodePort: 30900 },
  { name: "http2", port: 80, nodePort: 30080 },
];

/** What each step would find in a real lab, by the end of its name. */
const findings: Readonly<Record<string, (spec: Spec) => object>> = {
  "-facts": () => ({ version: "v1.33.4", serviceCidr: "10.43.0.0/16" }),
  "-node": () => ({ outside: "192.0.2.9", inside: "10.0.0.9" }),
  "-kubeconfig": ({ cluster }) => ({ address: "10.0.0.1:443", kubeconfig: kubeconfigOf(cluster) }),
  "-relay": ({ values }) => ({
    ports,
    rootCa: "cm9vdA==",
    ...(values?.ingress === undefined ? {} : { ingress: { hostname: "relay.test" } }),
  }),
  "-ingress-address": ({ values }) => ({
    ports,
    ...(values?.ingress === undefined ? {} : { ingress: { ip: "10.0.0.2" } }),
  }),
  "-keycloak-address": ({ values }) => ({
    ports,
    ...(values?.ingress === undefined ? {} : { ingress: { ip: "10.0.0.3" } }),
  }),
  "-localities": () => ({ hosts: [] }),
};

function outputsOf({ type, name, inputs }: pulumi.runtime.MockResourceArgs): Record<string, unknown> {
  if (type === "random:index/randomPassword:RandomPassword")
    return { result: name.endsWith("-relay-token") ? token : `password-${name}` };
  if (type !== "command:local:Command") return {};
  const [, find = () => ({})] = Object.entries(findings).find(([end]) => name.endsWith(end)) ?? [];
  return { stdout: JSON.stringify(find(JSON.parse((inputs as { create: string }).create) as Spec)) };
}

/** A lab as it was registered with the engine. */
export interface RecordedLab {
  readonly lab: Lab;
  readonly resources: readonly Registration[];
  /** The resource of a name. */
  get(name: string): Registration;
  /** All resources of a type. */
  all(type: string): readonly Registration[];
  /** Names of what a resource explicitly waits for. */
  dependencies(name: string): Promise<string[]>;
  /** The provider that a resource uses: its own option, or the nearest one given to a component above it. */
  providerOf(resource: Registration): Promise<string>;
  /** The resource with which a resource goes: its own option, or that of a component above it. */
  deletedWith(resource: Registration): Promise<string | undefined>;
  /** What a step is told. */
  specOf(name: string): Record<string, unknown>;
}

/** Runs the lab of a configuration under Pulumi's mocks. */
export async function recordLab(
  input: Readonly<Record<string, unknown>>,
  more: Partial<LabConfig> = {},
): Promise<RecordedLab> {
  let lab: Lab | undefined;
  const registered = await record(outputsOf, (transformations) => {
    lab = new Lab("lab", { ...labConfig(input), ...more }, { transformations });
  });
  if (lab === undefined) throw new Error("the lab was not made");

  const get = (name: string): Registration => {
    const found = registered.get(name);
    if (found !== undefined) return found;
    throw new Error(`no resource ${name}; there are: ${[...registered.keys()].join(", ")}`);
  };
  const parentOf = async ({ opts }: Registration): Promise<Registration | undefined> => {
    const [parent] = opts.parent === undefined ? [] : await namesOf([opts.parent]);
    return parent === undefined ? undefined : registered.get(parent);
  };
  const first = async (resources: pulumi.Input<unknown>) => (await namesOf(resources))[0];
  async function providerOf(resource: Registration): Promise<string> {
    const { provider, providers } = resource.opts;
    const given = Object.values((providers ?? {}) as Record<string, pulumi.ProviderResource>).at(-1);
    const own = provider ?? given;
    if (own !== undefined) return (await first([own])) ?? "";
    const parent = await parentOf(resource);
    return parent === undefined ? "none" : providerOf(parent);
  }
  async function deletedWith(resource: Registration): Promise<string | undefined> {
    if (resource.opts.deletedWith !== undefined) return first([resource.opts.deletedWith]);
    const parent = await parentOf(resource);
    return parent === undefined ? undefined : deletedWith(parent);
  }
  return {
    lab,
    resources: [...registered.values()],
    get,
    all: (type) => [...registered.values()].filter((entry) => entry.type === type),
    dependencies: async (name) => namesOf(get(name).opts.dependsOn ?? []),
    providerOf,
    deletedWith,
    specOf: (name) => JSON.parse(get(name).inputs["create"] as string) as Record<string, unknown>,
  };
}
