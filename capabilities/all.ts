import type { z } from "zod";
import type { GlooResource, WorkspaceOptions } from "../values/gloo-resources.ts";
import { accessControl } from "./access-control.ts";
import type { AddOn } from "../values/gloo-mesh.ts";
import type { Capability, Topology, Plan } from "./common/definition.ts";
import { failover } from "./failover.ts";
import { faultInjection, injectedErrors } from "./fault-injection.ts";
import { headerManipulation } from "./header-manipulation.ts";
import { mirroring } from "./mirroring.ts";
import { oidc } from "./oidc.ts";
import { opa } from "./opa.ts";
import { outlierDetection } from "./outlier-detection.ts";
import { rateLimiting } from "./rate-limiting.ts";
import { retries } from "./retries.ts";
import { meshRoute, meshServices } from "./common/routes.ts";
import { serviceIsolation } from "./service-isolation.ts";
import { timeouts } from "./timeouts.ts";
import { trafficSplitting } from "./traffic-splitting.ts";
import { transformation } from "./transformation.ts";
import { waf } from "./waf.ts";

/** Every capability, by the key that turns it on. */
export const capabilities = {
  failover,
  faultInjection,
  outlierDetection,
  retries,
  timeouts,
  trafficSplitting,
  mirroring,
  rateLimiting,
  headerManipulation,
  transformation,
  accessControl,
  serviceIsolation,
  waf,
  oidc,
  opa,
};

export type CapabilityName = keyof typeof capabilities;

export const capabilityNames = Object.keys(capabilities) as CapabilityName[];

/** Options of the capabilities that are on; what is `false` or missing is off. */
export type ChosenCapabilities = {
  readonly [Name in CapabilityName]?: z.output<(typeof capabilities)[Name]["options"]> | false | undefined;
};

/** A capability that is on, and what it comes to. */
export interface TurnedOn extends Plan, Pick<Capability, "title" | "soloIstio" | "addOn"> {
  readonly name: CapabilityName;
}

/** What the capabilities that are on come to, in the order of the table. */
export function enabledCapabilities(chosen: ChosenCapabilities, view: Topology): TurnedOn[] {
  const { faultInjection: injection } = chosen;
  const faults = injection === undefined || injection === false ? undefined : injectedErrors(injection);
  const lab = { ...view, faults };
  return capabilityNames.flatMap((name) => {
    const options = chosen[name];
    if (options === undefined || options === false) return [];
    const definition: Capability = capabilities[name];
    const { title, soloIstio, addOn } = definition;
    return [
      {
        name,
        title,
        ...(soloIstio === undefined ? {} : { soloIstio }),
        ...(addOn === undefined ? {} : { addOn }),
        ...definition.plan(options, lab),
      },
    ];
  });
}

/** What all of them change of the workspace's settings. */
export const workspaceOptions = (on: readonly TurnedOn[]): WorkspaceOptions =>
  Object.assign({}, ...on.map(({ settings }) => settings)) as WorkspaceOptions;

/** The routes inside the mesh that all of them need, each once. */
export const meshRoutes = (on: readonly TurnedOn[], cluster: string): GlooResource[] =>
  meshServices
    .filter((service) => on.some(({ routes }) => routes.includes(service)))
    .map((service) => {
      const divided = on.find(({ destinations }) => destinations !== undefined);
      return meshRoute(service, cluster, service === "reviews" ? divided?.destinations : undefined);
    });

/** The servers that all of them need. */
export const neededAddOns = (on: readonly TurnedOn[]): AddOn[] =>
  [...new Set(on.flatMap(({ addOn }) => (addOn === undefined ? [] : [addOn])))].sort();

/** Whether any of them needs the lab's own identity provider. */
export const needKeycloak = (on: readonly TurnedOn[]): boolean =>
  on.some(({ keycloak }) => keycloak === true);

/** The region of a workload cluster whose configuration names none. */
const defaultRegion = "lab";

/** The region that the nodes of a workload cluster get. */
export const regionOf = ({ region }: { readonly region?: string | undefined }): string =>
  region ?? defaultRegion;

/** The lab as capabilities see it, with addresses where they are known. */
export function topologyOf(
  workloads: readonly {
    readonly name: string;
    readonly region?: string | undefined;
    readonly bookinfo?: { readonly reviews: Topology["bookinfo"][number]["reviews"] } | undefined;
  }[],
  addresses: Pick<Topology, "ingressUrl" | "issuerUrl"> = { ingressUrl: "", issuerUrl: "" },
): Topology {
  return {
    ingressCluster: workloads[0]?.name ?? "",
    regions: [...new Set(workloads.map(regionOf))],
    bookinfo: workloads.flatMap(({ name, bookinfo }) =>
      bookinfo === undefined ? [] : [{ cluster: name, reviews: bookinfo.reviews }],
    ),
    ...addresses,
  };
}
