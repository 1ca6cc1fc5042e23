import type { Input } from "@pulumi/pulumi";
import type { LicenseKind } from "../versions/version-set.ts";
import type { Exposure } from "./exposure.ts";

/** Where Solo.io's images are. */
export const glooImages = "gcr.io/gloo-mesh";

export interface GlooMeshMgmtValuesArgs {
  /** Name of the management cluster: under it, resources stored there are known to workspaces. */
  readonly cluster: string;
  /** Solo.io license key; secret. */
  readonly licenseKey: Input<string>;
  /** What kind of key it is, where the charts ask. */
  readonly licenseKind: LicenseKind;
  readonly expose: Exposure;
  /** Mirror of all images; default: their own registries. */
  readonly imageRegistry?: string | undefined;
}

export interface GlooMeshAgentValuesArgs {
  /** Name of the workload cluster; must be the name of its KubernetesCluster. */
  readonly cluster: string;
  /** Address of the management server's relay, as `HOST:PORT`. */
  readonly relayAddress: Input<string>;
  /** Mirror of all images; default: their own registries. */
  readonly imageRegistry?: string | undefined;
}

export interface GlooMeshAddOnsValuesArgs {
  /** Name of the workload cluster that they run on. */
  readonly cluster: string;
  /** The servers, by the names of their Services; their Redis comes along. */
  readonly servers: readonly AddOn[];
  /** Mirror of all images; default: their own registries. */
  readonly imageRegistry?: string | undefined;
}

/** Servers that some policies need, by the names of their Services. */
export type AddOn = "ext-auth-service" | "rate-limiter";

/** Namespace of the servers that some policies need. */
export const addOnsNamespace = "gloo-mesh-addons";
