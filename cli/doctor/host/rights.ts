import { AuthorizationV1Api, type V1PolicyRule } from "@kubernetes/client-node";
import pMap from "p-map";
import type { CheckedSettings } from "../../../config/settings.ts";
import { NoHelm } from "../../rendered/helm.ts";
import type { RenderedRelease } from "../../rendered/render.ts";
import { clustersIn } from "../../stack/lab.ts";
import { type Check, fine, type Finding, wrong } from "../check.ts";
import type { Facts } from "../facts.ts";

/** Something that the program, or the charts that it puts on the host, do there. */
export interface Right {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  /** Whether it is done in the namespace of each cluster. */
  readonly namespaced?: true;
}

const rbac = "rbac.authorization.k8s.io";
const changed: readonly Omit<Right, "verb">[] = [
  { resource: "namespaces" },
  { group: rbac, resource: "clusterroles" },
  { group: rbac, resource: "clusterrolebindings" },
  { group: rbac, resource: "roles", namespaced: true },
  { group: rbac, resource: "rolebindings", namespaced: true },
  { resource: "serviceaccounts", namespaced: true },
  { resource: "configmaps", namespaced: true },
  { resource: "secrets", namespaced: true },
  { resource: "services", namespaced: true },
];

const controlPlanes = { StatefulSet: "statefulsets", Deployment: "deployments" } as const;

/** The rights that a lab needs. */
export function rightsNeeded({ set, controlPlane }: Pick<CheckedSettings, "set" | "controlPlane">): Right[] {
  const kind = controlPlane.persistence ? "StatefulSet" : set.controlPlane.withoutVolume;
  const made = [...changed, { group: "apps", resource: controlPlanes[kind], namespaced: true as const }];
  return [
    ...["get", "create", "patch", "delete"].flatMap((verb) => made.map((right) => ({ verb, ...right }))),
    // A control plane is looked for as either.
    ...Object.values(controlPlanes)
      .filter((resource) => resource !== controlPlanes[kind])
      .map((resource) => ({ verb: "get", group: "apps", resource, namespaced: true as const })),
    // Helm keeps releases there.
    { verb: "list", resource: "secrets", namespaced: true },
    { verb: "update", resource: "secrets", namespaced: true },
    { verb: "list", resource: "pods", namespaced: true },
    // Volumes are looked at before anything is done that could lose them.
    { verb: "get", resource: "persistentvolumeclaims", namespaced: true },
    { verb: "list", resource: "persistentvolumeclaims", namespaced: true },
  ];
}

/**
 * What lets a user give rights that he does not hold himself: `escalate` to write them into a role, and `bind` to give
 * a role to somebody; each of them for roles of one namespace, and of the whole host.
 */
const giving = ["escalate", "bind"].flatMap((verb): Right[] => [
  { verb, group: rbac, resource: "clusterroles" },
  { verb, group: rbac, resource: "roles", namespaced: true },
]);

export const accessCheck: Check<Facts> = {
  name: "rights",
  look: async ({ settings, host, releases }) => {
    const [lab, { config }] = await Promise.all([settings.needed(), host.needed()]);
    const api = config.makeApiClient(AuthorizationV1Api);
    // What holds in one cluster's namespace holds in the others'.
    const [namespace = ""] = clustersIn(lab);
    const may = async ({ verb, group = "", resource: whole, namespaced }: Right): Promise<boolean> => {
      const [resource = "", subresource] = whole.split("/");
      const resourceAttributes = {
        ...{ verb, group, resource },
        ...(subresource === undefined ? {} : { subresource }),
        ...(namespaced === true ? { namespace } : {}),
      };
      const { status } = await api.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
      return status?.allowed === true;
    };
    const lacking = async (all: readonly Right[]): Promise<Right[]> => {
      const answers = await pMap(all, may, { concurrency: 20 });
      return all.filter((_, index) => answers[index] !== true);
    };
    const [missing, notGiving] = await Promise.all([lacking(rightsNeeded(lab)), lacking(giving)]);
    const given =
      notGiving.length === 0
        ? []
        : await releases.get().then(rightsGiven, (error: unknown) => {
            if (error instanceof NoHelm) return undefined;
            throw error;
          });
    return judgedRights(missing, notGiving, given && (await lacking(given)));
  },
};

/** The rights that the charts on the host give to virtual clusters. */
export function rightsGiven(releases: readonly RenderedRelease[]): Right[] {
  const roles = releases
    .filter(({ kind }) => kind === "vcluster")
    .flatMap(({ objects }) => objects)
    .filter(({ kind }) => kind === "Role" || kind === "ClusterRole");
  const rights = roles.flatMap((role) =>
    ((role as { rules?: V1PolicyRule[] | null }).rules ?? []).flatMap(
      ({ apiGroups = [], resources = [], verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((resource) =>
            verbs.map((verb): Right => {
              const right = { verb, group, resource };
              return role.kind === "Role" ? { ...right, namespaced: true } : right;
            }),
          ),
        ),
    ),
  );
  return [...new Map(rights.map((right) => [JSON.stringify(right), right])).values()];
}

const inWords = (rights: readonly Right[]): string =>
  [...Map.groupBy(rights, ({ resource }) => resource)]
    .map(([resource, list]) => `${[...new Set(list.map(({ verb }) => verb))].join(", ")} ${resource}`)
    .join("; ");

/**
 * What to make of the rights that the user does not have.
 *
 * @param missing of those that are needed
 * @param notGiving of those to give others what he does not hold
 * @param notHeld of those that virtual clusters are given; undefined: it is not known which these are
 */
export function judgedRights(
  missing: readonly Right[],
  notGiving: readonly Right[],
  notHeld: readonly Right[] | undefined,
): Finding {
  if (missing.length > 0)
    return wrong(`the user may not ${inWords(missing)}`, "Ask for these rights, or take another context.");
  // Kubernetes asks for what each role holds, in its own reach.
  const stuck = notGiving.filter(
    ({ namespaced }) => notHeld === undefined || notHeld.some((right) => right.namespaced === namespaced),
  );
  if (stuck.length === 0) return fine("all that is needed");
  const held = notHeld === undefined ? "" : `, nor does he hold them himself: ${inWords(notHeld)}`;
  return wrong(
    `the user may not ${inWords(stuck)}, to give virtual clusters their rights${held}`,
    `Ask for ${inWords(stuck)}, or for the rights themselves, as a cluster-admin has them.`,
  );
}
