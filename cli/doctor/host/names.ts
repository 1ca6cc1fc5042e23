import { pulumiCommand } from "../../../messages/commands.ts";
import {
  CoreV1Api,
  type KubernetesObject,
  RbacAuthorizationV1Api,
  type V1Namespace,
} from "@kubernetes/client-node";
import { ifExists } from "../../../kubernetes/connection/cluster.ts";
import { controlPlaneOf } from "../../../kubernetes/vcluster/control-plane.ts";
import { clusterRoleOf } from "../../../values/vcluster.ts";
import { clustersIn } from "../../stack/lab.ts";
import { type Check, fine, type Finding, wrong } from "../check.ts";
import type { Facts } from "../facts.ts";

/** What bears the names on the host that a cluster of the lab is to have. */
export interface Bearer {
  readonly cluster: string;
  readonly namespace: V1Namespace | undefined;
  /** Whether the namespace is the one in the stack's state. */
  readonly isOwn: boolean;
  /** Whether there is a virtual cluster in the namespace. */
  readonly isVirtualCluster: boolean;
  /** ClusterRoles and their bindings of the name that the cluster's have. */
  readonly roles: readonly KubernetesObject[];
}

export const namesCheck: Check<Facts> = {
  name: "names",
  look: async ({ settings, host, ownNamespaces }) => {
    const [lab, { config }, own] = await Promise.all([
      settings.needed(),
      host.needed(),
      ownNamespaces.needed(),
    ]);
    const core = config.makeApiClient(CoreV1Api);
    const rbac = config.makeApiClient(RbacAuthorizationV1Api);
    const bearers = clustersIn(lab).map(async (cluster): Promise<Bearer> => {
      const name = clusterRoleOf(cluster);
      const [namespace, controlPlane, role, binding] = await Promise.all([
        ifExists(core.readNamespace({ name: cluster })),
        controlPlaneOf(config, cluster),
        ifExists(rbac.readClusterRole({ name })),
        ifExists(rbac.readClusterRoleBinding({ name })),
      ]);
      return {
        cluster,
        namespace,
        isOwn: own.has(namespace?.metadata?.uid ?? ""),
        isVirtualCluster: controlPlane?.metadata?.labels?.["app"] === "vcluster",
        roles: [
          ...(role === undefined ? [] : [{ kind: "ClusterRole", metadata: role.metadata ?? {} }]),
          ...(binding === undefined
            ? []
            : [{ kind: "ClusterRoleBinding", metadata: binding.metadata ?? {} }]),
        ],
      };
    });
    return judgedNames(await Promise.all(bearers));
  },
};

/** What to make of what bears the names that the lab's clusters are to have. */
export function judgedNames(bearers: readonly Bearer[]): Finding[] {
  const found = bearers.flatMap((bearer) => [
    ...ofNamespace(bearer),
    ...bearer.roles.flatMap((role) => ofRole(bearer, role)),
  ]);
  const own = bearers.filter(({ isOwn }) => isOwn).length;
  return found.length > 0
    ? found
    : [
        fine(
          own === 0
            ? "none is taken"
            : `${own} of ${bearers.length} namespaces are this stack's, and none is taken`,
        ),
      ];
}

const renaming = (cluster: string): string => `Give ${cluster} another name in the configuration`;

function ofNamespace({ cluster, namespace, isOwn, isVirtualCluster }: Bearer): Finding[] {
  if (namespace === undefined) return [];
  if (namespace.metadata?.deletionTimestamp !== undefined) {
    const reasons = (namespace.status?.conditions ?? [])
      .filter(({ type, status }) => /Remaining$|Failure$/.test(type) && status === "True")
      .map(({ message = "" }) => message.trim());
    return [
      wrong(
        `namespace ${cluster} is terminating${reasons.length === 0 ? "" : `: ${reasons.join("; ")}`}`,
        reasons.length === 0
          ? `Wait until it is gone: kubectl wait --for=delete namespace/${cluster} --timeout=5m.`
          : "Take away what keeps it, or its finalizers, and wait until it is gone.",
      ),
    ];
  }
  if (isOwn) return [];
  return [
    isVirtualCluster
      ? wrong(
          `namespace ${cluster} has a virtual cluster that is not this stack's`,
          `${renaming(cluster)}, or destroy the lab that it is of: ${pulumiCommand("destroy --stack ITS_STACK")}.`,
        )
      : wrong(
          `there is a namespace ${cluster} that is not this stack's`,
          `${renaming(cluster)}, or if nobody needs it: kubectl delete namespace ${cluster}.`,
        ),
  ];
}

const releaseNotes = ["meta.helm.sh/release-name", "meta.helm.sh/release-namespace"] as const;

/** Helm takes over what is noted as its release's own, and nothing else. */
function ofRole({ cluster }: Bearer, { kind = "", metadata }: KubernetesObject): Finding[] {
  const isRelease =
    metadata?.labels?.["app.kubernetes.io/managed-by"] === "Helm" &&
    releaseNotes.every((note) => metadata.annotations?.[note] === cluster);
  return isRelease
    ? []
    : [
        wrong(
          `there is a ${kind} ${metadata?.name ?? ""} that is not of the lab's release`,
          `${renaming(cluster)}, or if nobody needs it: kubectl delete ${kind.toLowerCase()} ${metadata?.name ?? ""}.`,
        ),
      ];
}
