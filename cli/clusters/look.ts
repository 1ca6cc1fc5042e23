import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  DiscoveryV1Api,
  type KubeConfig,
  type V1Deployment,
  type V1EndpointSlice,
  type V1Pod,
  type V1Service,
} from "@kubernetes/client-node";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { strangeness } from "../../kubernetes/vcluster/identity.ts";
import { controlPlaneOf } from "../../kubernetes/vcluster/control-plane.ts";
import { isStopped } from "./control-plane.ts";
import { hostProblems } from "./host-objects.ts";
import { clusterOf, type Outputs } from "../stack/lab.ts";
import { within } from "./within.ts";

/** A Gloo Mesh resource, as far as verbs look at it. */
export interface GlooObject {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: GlooStatus;
}

/**
 * What Gloo Mesh makes of a resource: 2.0 on one cluster (`generic`), or on all of them (`global`); 2.3 and newer in
 * `common`. Source: protos of Gloo Mesh 2.0 to 2.6, and the CRDs of 2.14.
 */
interface GlooStatus {
  readonly generic?: OldState;
  readonly global?: OldState;
  readonly common?: { readonly State?: { readonly approval?: string; readonly message?: string } };
}

interface OldState {
  readonly state?: string;
  readonly message?: string;
}

/** What Gloo Mesh says of a resource. */
export interface Approval {
  /** `ACCEPTED`, or another word of Gloo Mesh's; undefined: nothing yet. */
  readonly word: string | undefined;
  readonly message: string;
}

/** What Gloo Mesh says of a resource, in whatever form its version has. */
export function approvalOf({ status = {} }: Pick<GlooObject, "status">): Approval {
  const { generic, global, common } = status;
  const { state, message }: OldState = global ?? generic ?? {};
  return {
    word: common?.State?.approval ?? state,
    message: common?.State?.message ?? message ?? "",
  };
}

/** Kinds of Gloo Mesh resources that verbs look at. */
export const glooKinds = {
  kubernetesClusters: ["admin.gloo.solo.io", "kubernetesclusters"],
  virtualGateways: ["networking.gloo.solo.io", "virtualgateways"],
  routeTables: ["networking.gloo.solo.io", "routetables"],
} as const;

/** What there is in a virtual cluster. */
export interface ClusterContents extends Readonly<Record<keyof typeof glooKinds, readonly GlooObject[]>> {
  readonly deployments: readonly V1Deployment[];
  readonly pods: readonly V1Pod[];
  readonly services: readonly V1Service[];
  readonly endpointSlices: readonly V1EndpointSlice[];
}

/** A virtual cluster that was looked into. */
export interface Looked {
  readonly name: string;
  /** Its control plane is stopped on purpose. */
  readonly paused: boolean;
  /** Undefined where it is paused, or did not answer. */
  readonly contents?: ClusterContents;
  /** Why it did not answer. */
  readonly silence?: string;
  /** Why it is not the cluster that the stack knows; it is not looked into then. */
  readonly strangeness?: string;
}

/** Looks into a virtual cluster, unless it is paused. */
export async function lookInto(
  host: KubeConfig,
  outputs: Pick<Outputs, "kubeconfig">,
  name: string,
): Promise<Looked> {
  // A host that says nothing says nothing of the cluster.
  const [controlPlane, strange] = await Promise.all([
    within(controlPlaneOf(host, name)).catch(() => undefined),
    within(strangeness(host, { cluster: name, kubeconfig: outputs.kubeconfig })).catch(() => undefined),
  ]);
  if (strange !== undefined) return { name, paused: false, silence: strange, strangeness: strange };
  if (controlPlane !== undefined && isStopped(controlPlane)) return { name, paused: true };
  try {
    return { name, paused: false, contents: await within(contentsOf(clusterOf(outputs, name))) };
  } catch (error) {
    const runs = (controlPlane?.status?.readyReplicas ?? 0) > 0;
    const missing = await within(hostProblems(host, name, runs)).catch(() => []);
    const silence = [explain(error), ...missing.map((problem) => problem.replace(/\.$/, ""))].join(". ");
    return { name, paused: false, silence };
  }
}

async function contentsOf(cluster: KubeConfig): Promise<ClusterContents> {
  const core = cluster.makeApiClient(CoreV1Api);
  const [deployments, pods, services, endpointSlices, ...gloo] = await Promise.all([
    cluster.makeApiClient(AppsV1Api).listDeploymentForAllNamespaces(),
    core.listPodForAllNamespaces(),
    core.listServiceForAllNamespaces(),
    cluster.makeApiClient(DiscoveryV1Api).listEndpointSliceForAllNamespaces(),
    ...Object.entries(glooKinds).map(async ([kind, names]) => [kind, await glooObjects(cluster, names)]),
  ]);
  return {
    deployments: deployments.items,
    pods: pods.items,
    services: services.items,
    endpointSlices: endpointSlices.items,
    ...(Object.fromEntries(gloo) as Record<keyof typeof glooKinds, GlooObject[]>),
  };
}

/** All of a kind, in any namespace; none where the cluster does not know the kind. */
export async function glooObjects(
  cluster: KubeConfig,
  [group, plural]: (typeof glooKinds)[keyof typeof glooKinds],
): Promise<GlooObject[]> {
  const custom = cluster.makeApiClient(CustomObjectsApi);
  const request: Promise<unknown> = custom.listClusterCustomObject({ group, version: "v2", plural });
  return ((await ifExists(request)) as { items: GlooObject[] } | undefined)?.items ?? [];
}

/** The object of a name among others. */
export const named = <T extends { metadata?: { name?: string; namespace?: string } }>(
  objects: readonly T[],
  namespace: string,
  name: string,
): T | undefined =>
  objects.find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name);

/** Whether a workload or a Service with this selector has these pods. */
export const podsOf = (
  pods: readonly V1Pod[],
  namespace: string,
  selector: Readonly<Record<string, string>> = {},
): V1Pod[] =>
  pods.filter(
    ({ metadata }) => metadata?.namespace === namespace && hasLabels(metadata.labels ?? {}, selector),
  );

/** Whether there are all of these labels, with these values. */
export const hasLabels = (
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean => Object.entries(wanted).every(([key, value]) => labels[key] === value);
