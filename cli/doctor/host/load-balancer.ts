import { type ApiException, CoreV1Api, CustomObjectsApi, type KubeConfig } from "@kubernetes/client-node";
import type { V1Node, V1Service } from "@kubernetes/client-node";
import { type Check, doubtful, fine, type Finding, wrong } from "../check.ts";
import type { Facts } from "../facts.ts";

/** A controller that gives addresses out of pools, which are objects of the cluster. */
const controllers = [
  { name: "MetalLB", group: "metallb.io", version: "v1beta1", plural: "ipaddresspools" },
  { name: "Cilium", group: "cilium.io", version: "v2alpha1", plural: "ciliumloadbalancerippools" },
] as const;

/** Clouds whose controller gives addresses, by what it notes on nodes before the first colon of their `providerID`. */
const clouds: Readonly<Record<string, string>> = {
  aws: "AWS",
  azure: "Azure",
  civo: "Civo",
  digitalocean: "DigitalOcean",
  exoscale: "Exoscale",
  gce: "Google Cloud",
  hcloud: "Hetzner Cloud",
  linode: "Linode",
  openstack: "OpenStack",
  scaleway: "Scaleway",
  vultr: "Vultr",
};

/** What shows, without touching anything, whether a host has a load balancer. */
export interface Signs {
  /** Version of the host's Kubernetes. */
  readonly version: string;
  readonly nodes: readonly V1Node[];
  readonly services: readonly V1Service[];
  /** Controllers that are there, and how many pools of addresses each has. */
  readonly pools: readonly { readonly controller: string; readonly count: number }[];
  /** Now, in milliseconds. */
  readonly now: number;
}

export const loadBalancerCheck: Check<Facts> = {
  name: "load balancer",
  look: async ({ settings, host, nodes }) => {
    const [{ expose }, { config, version }] = await Promise.all([settings.needed(), host.needed()]);
    if (expose === "NodePort") return fine("none is needed, expose is NodePort");
    const [list, services, pools] = await Promise.all([
      nodes.needed(),
      config.makeApiClient(CoreV1Api).listServiceForAllNamespaces(),
      poolsOf(config),
    ]);
    return judgedSigns({ version, nodes: list, services: services.items, pools, now: Date.now() });
  },
};

async function poolsOf(config: KubeConfig): Promise<Signs["pools"]> {
  const api = config.makeApiClient(CustomObjectsApi);
  const found = controllers.map(async ({ name, ...kind }) => {
    try {
      const { items } = (await api.listClusterCustomObject(kind)) as { items: unknown[] };
      return [{ controller: name, count: items.length }];
    } catch (error) {
      // No such kind, or no right to see any: neither says that it works.
      if ([403, 404].includes((error as Partial<ApiException<unknown>>).code ?? 0)) return [];
      throw error;
    }
  });
  return (await Promise.all(found)).flat();
}

const nodePort = "Set expose to NodePort, or install MetalLB.";

/** Longer than any cloud takes to give an address. */
const patienceSeconds = 120;

/** What to make of the signs; the strongest first. */
export function judgedSigns(signs: Signs): Finding {
  return (
    ofPools(signs) ??
    ofK3s(signs) ??
    ofServices(signs) ??
    ofClouds(signs) ??
    doubtful(
      "nothing on the host shows that there is one",
      `Where there is none, Services wait for ever. ${nodePort} On kind, cloud-provider-kind does too.`,
    )
  );
}

function ofPools({ pools }: Signs): Finding | undefined {
  const [first] = pools;
  const filled = pools.find(({ count }) => count > 0);
  if (filled !== undefined) return fine(filled.controller);
  return (
    first &&
    doubtful(`${first.controller} has no pool of addresses`, "Give it one, or set expose to NodePort.")
  );
}

function ofK3s({ version, nodes }: Signs): Finding | undefined {
  if (!version.includes("+k3s")) return undefined;
  const args = nodes.flatMap(({ metadata }) => metadata?.annotations?.["k3s.io/node-args"] ?? []).join(" ");
  return /--disable[^-]*servicelb/.test(args)
    ? undefined
    : wrong(
        "k3s' own has each port of a node once, and every virtual cluster wants 443",
        "Set expose to NodePort, or start k3s with --disable=servicelb and install MetalLB.",
      );
}

function ofServices({ services, now }: Signs): Finding | undefined {
  const all = services.filter(({ spec }) => spec?.type === "LoadBalancer");
  const nameOf = ({ metadata }: V1Service) => `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
  const served = all.find(({ status }) => (status?.loadBalancer?.ingress ?? []).length > 0);
  if (served !== undefined) return fine(`it serves Service ${nameOf(served)}`);
  const [oldest] = all
    .map((service) => ({
      name: nameOf(service),
      waited: Math.round((now - (service.metadata?.creationTimestamp?.getTime() ?? now)) / 1000),
    }))
    .sort((a, b) => b.waited - a.waited);
  if (oldest === undefined) return undefined;
  const found = `Service ${oldest.name} has waited ${oldest.waited} s for an address`;
  return oldest.waited > patienceSeconds
    ? wrong(found, nodePort)
    : doubtful(found, `See whether it gets one. ${nodePort}`);
}

function ofClouds({ nodes }: Signs): Finding | undefined {
  const schemes = nodes.flatMap(({ spec }) => spec?.providerID?.split(":")[0] ?? []);
  const cloud = schemes.map((scheme) => clouds[scheme]).find((name) => name !== undefined);
  return cloud === undefined ? undefined : fine(`that of ${cloud}, as its nodes say`);
}
