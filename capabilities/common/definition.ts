import type { Input } from "@pulumi/pulumi";
import type { z } from "zod";
import type { ReviewsVersion } from "../../values/bookinfo.ts";
import type { AddOn } from "../../values/gloo-mesh.ts";
import type { GlooResource, WorkspaceOptions } from "../../values/gloo-resources.ts";
import type { CannotTell, Check, OwnAnswer } from "./check.ts";
import type { RouteName } from "./routes.ts";

/** The lab as capabilities see it. */
export interface Topology {
  /** The cluster that holds the workspace's settings and routes, and on which policies are put. */
  readonly ingressCluster: string;
  /** Clusters that run Bookinfo, and versions of `reviews` there; the ingress cluster is the first, if it is one of them. */
  readonly bookinfo: readonly { readonly cluster: string; readonly reviews: readonly ReviewsVersion[] }[];
  /** Regions that its workload clusters are in. */
  readonly regions: readonly string[];
  /** Errors that requests on a route are answered with on purpose; they give others something to do. */
  readonly faults?: InjectedErrors | undefined;
  /** URL of the ingress cluster's ingress gateway. */
  readonly ingressUrl: Input<string>;
  /** URL of the lab's own identity provider. */
  readonly issuerUrl: Input<string>;
}

/** Errors that the proxies of a route answer with in the service's place. */
export interface InjectedErrors {
  readonly route: RouteName;
  readonly httpStatus: number;
  /** How many requests get them, in percent. */
  readonly percentage: number;
}

/** What a request may be sent on to: Bookinfo's `reviews` of a cluster, all versions of it or one. */
export interface Target {
  /** Where in the configuration it was chosen, from the capability on, e.g. `reviews[0]`; empty for a default. */
  readonly at: string;
  /** Undefined where another cluster than the ingress cluster is meant, and none runs Bookinfo. */
  readonly cluster: string | undefined;
  readonly version?: ReviewsVersion | undefined;
}

/** A ConfigMap as plain data. */
interface ConfigMap {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data: Readonly<Record<string, string>>;
}

/** What a capability, as it is configured, comes to. */
export interface Plan {
  /** Its own objects on the ingress cluster, by the end of their names in the stack. */
  readonly objects: Readonly<Record<string, GlooResource>>;
  readonly configMaps?: Readonly<Record<string, ConfigMap>>;
  /** Routes that it needs: `productpage` is the lab's, others come with the first capability that needs them. */
  readonly routes: readonly RouteName[];
  /** Kind of policy that it puts on its routes, where only one of that kind is in effect on a route. */
  readonly policy?: string;
  /** Where it sends requests to. */
  readonly targets?: readonly Target[];
  /** Where route `reviews` leads; default: to the service on the ingress cluster. */
  readonly destinations?: readonly Readonly<Record<string, unknown>>[];
  /** What it changes of the workspace's settings. */
  readonly settings?: WorkspaceOptions;
  /** Whether it needs the lab's own identity provider. */
  readonly keycloak?: boolean;
  /** What it answers itself, in the place of Bookinfo; default: nothing. */
  readonly answers?: readonly OwnAnswer[];
  /** How one sees that it works, or why requests cannot show it. */
  readonly check: Check | CannotTell;
}

/** Something that Gloo Mesh offers and a stack turns on. */
export interface Capability<Options extends z.ZodType = z.ZodType> {
  /** What people call it. */
  readonly title: string;
  /** What it does by default, for the reference. */
  readonly description: string;
  /** What can be chosen, with its defaults; an object of nothing is valid. */
  readonly options: Options;
  /** Why another build of Istio than upstream's is needed. */
  readonly soloIstio?: string;
  readonly addOn?: AddOn;
  plan(options: z.output<Options>, lab: Topology): Plan;
}

/** A capability, with the types of its options inferred. */
export const capability = <Options extends z.ZodType>(definition: Capability<Options>): Capability<Options> =>
  definition;
