import { AppsV1Api, CoreV1Api, type KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { ifExists } from "../connection/cluster.ts";
import { poll } from "../waits/poll.ts";

/** An object that is to be what Kubernetes does not make of it by a change. */
export interface Immutable {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What API servers say of a change that they refuse for ever. */
const refusals =
  /field is immutable|cannot change roleRef|updates to \w+ spec for fields other than|spec is immutable after creation|field can not be less than/;

/** The objects that Helm could not change, as its errors name them; none where something else went wrong. */
export function immutablesIn(errors: readonly string[], namespace: string): Immutable[] {
  return errors
    .filter((error) => refusals.test(error))
    .flatMap((error) => [...error.matchAll(/cannot patch "([^"]+)" with kind (\w+)/g)])
    .map(([, name = "", kind = ""]) => ({ kind, namespace, name }));
}

/** Kinds of objects that can be made again without a loss, as long as no volume goes with them. */
const replaceable: Readonly<Record<string, string>> = {
  Deployment: "apps/v1",
  DaemonSet: "apps/v1",
  StatefulSet: "apps/v1",
  Job: "batch/v1",
  RoleBinding: "rbac.authorization.k8s.io/v1",
  ClusterRoleBinding: "rbac.authorization.k8s.io/v1",
  PersistentVolumeClaim: "v1",
};

interface Claim {
  readonly name: string;
  readonly isBound: boolean;
}

/** The volume claims that go with an object. */
async function claimsOf(cluster: KubeConfig, { kind, namespace, name }: Immutable): Promise<Claim[]> {
  const { items } = await cluster.makeApiClient(CoreV1Api).listNamespacedPersistentVolumeClaim({ namespace });
  const set =
    kind === "StatefulSet"
      ? await ifExists(cluster.makeApiClient(AppsV1Api).readNamespacedStatefulSet({ namespace, name }))
      : undefined;
  const templates = (set?.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? "");
  const isOwn = (claim: string): boolean =>
    kind === "PersistentVolumeClaim"
      ? claim === name
      : templates.some((template) => new RegExp(`^${template}-${name}-\\d+$`).test(claim));
  return items
    .map(({ metadata, status }) => ({ name: metadata?.name ?? "", isBound: status?.phase === "Bound" }))
    .filter((claim) => isOwn(claim.name));
}

/** What would be lost with an object; none: it never had a volume. */
export async function volumesOf(cluster: KubeConfig, immutable: Immutable): Promise<string[]> {
  const claims = await claimsOf(cluster, immutable);
  return claims.filter(({ isBound }) => isBound).map(({ name }) => `PersistentVolumeClaim ${name}`);
}

/**
 * Removes an object that Kubernetes does not change, so that it can be made again, and with it the claims that it waits
 * for.
 *
 * @returns whether it did; it does not where there is something to lose
 */
export async function makeRoom(
  cluster: KubeConfig,
  immutable: Immutable,
  timeoutSeconds: number,
): Promise<boolean> {
  const { kind, namespace, name } = immutable;
  const apiVersion = replaceable[kind];
  if (apiVersion === undefined) return false;
  const claims = await claimsOf(cluster, immutable);
  if (claims.some(({ isBound }) => isBound)) return false;

  const objects = cluster.makeApiClient(KubernetesObjectApi);
  const all = [
    { apiVersion, kind, metadata: { namespace, name } },
    ...claims.map((claim) => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { namespace, name: claim.name },
    })),
  ];
  // In this order: a claim goes when no pod has it.
  for (const object of all) {
    await ifExists(objects.delete(object, undefined, undefined, undefined, undefined, "Foreground"));
    await poll({
      what: `${object.kind} ${object.metadata.name} to go from namespace ${namespace}`,
      hint: `Look at kubectl -n ${namespace} get pods,persistentvolumeclaims.`,
      timeoutSeconds,
      look: async () =>
        (await ifExists(objects.read(object))) === undefined ? { value: true } : { state: "it is there" },
    });
  }
  return true;
}
