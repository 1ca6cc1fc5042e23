import type { V1Container, V1Pod, V1ResourceRequirements } from "@kubernetes/client-node";
import { isMapping, mapping } from "../../schema/mapping.ts";
import type { ReleaseKind } from "../../schema/releases.ts";
import { addOnsNamespace } from "../../values/gloo-mesh.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { istioNamespace, gatewayNamespace, gateways } from "../../values/istio.ts";
import type { ExtraValues } from "../../values/merge.ts";

import { numberOf } from "../../schema/quantity.ts";

/** Keys of the configuration that decide about a pod. */
export interface PodKeys {
  /** Where it asks for resources; undefined: no key does that. */
  readonly resources: string | undefined;
  /** Where it tolerates taints, or could; undefined: no key does that. */
  readonly tolerations: string | undefined;
  /** Where it wants this label of a node; undefined: no key does that. */
  readonly wanting: (label: string, value: string) => string | undefined;
}

/** The keys that decide about each pod. */
export type KeysOf = (pod: V1Pod) => PodKeys;

/** What the configuration says of the pods of one cluster. */
export interface KeySource {
  /** Extra values of all clusters. */
  readonly values: ExtraValues;
  readonly controlPlane?: { readonly nodeSelector: Readonly<Record<string, string>> } | undefined;
  /** What the resources of a control plane are called; undefined: none is looked at. */
  readonly set?: { readonly controlPlane: { readonly sized: readonly string[] } } | undefined;
  readonly cluster: { readonly name: string; readonly values: ExtraValues };
}

/** Releases by what shows in their pods: the namespace, and a label where that has pods of several. */
const marks: readonly {
  readonly release: ReleaseKind;
  readonly namespace?: string;
  readonly label?: readonly [key: string, value: string];
}[] = [
  // On the host, in a namespace of its own.
  { release: "vcluster", label: ["app", "vcluster"] },
  { release: "istiod", namespace: istioNamespace, label: ["app", "istiod"] },
  { release: "ingress", namespace: gatewayNamespace, label: ["istio", gateways.ingress.label] },
  { release: "eastWest", namespace: gatewayNamespace, label: ["istio", gateways.eastWest.label] },
  { release: "glooMeshAgent", namespace: glooMeshNamespace, label: ["app", "gloo-mesh-agent"] },
  { release: "glooMeshEnterprise", namespace: glooMeshNamespace },
  { release: "glooMeshAddOns", namespace: addOnsNamespace },
];

/** Parts of a cluster whose resources have keys of their own. */
const parts: Readonly<Partial<Record<ReleaseKind, string>>> = {
  istiod: "resources.istiod",
  ingress: "resources.gateways",
  eastWest: "resources.gateways",
};

const releaseOf = ({ metadata: { namespace, labels = {} } = {} }: V1Pod): ReleaseKind | undefined =>
  marks.find(
    ({ namespace: home, label: [key, value] = ["", undefined] }) =>
      (home === undefined || home === namespace) && labels[key] === value,
  )?.release;

/** The keys that decide about the pods of a cluster, and of its control plane. */
export const keysIn =
  ({ values, controlPlane, set, cluster }: KeySource): KeysOf =>
  (pod) => {
    const release = releaseOf(pod);
    if (release === undefined)
      return { resources: undefined, tolerations: undefined, wanting: () => undefined };
    const held = (member: string, isHeld: (found: unknown) => boolean): string | undefined => {
      const own = pathTo(cluster.values[release], member, isHeld);
      if (own !== undefined) return `values.${release}.${own} of ${cluster.name}`;
      const all = pathTo(values[release], member, isHeld);
      return all === undefined ? undefined : `values.${release}.${all}`;
    };
    const part =
      release === "vcluster"
        ? set?.controlPlane.sized.map((name) => `resources.${name}`).join(" and ")
        : parts[release];
    const placing = release === "vcluster" ? controlPlane : undefined;
    const { containers = [], initContainers = [], tolerations = [] } = pod.spec ?? {};
    return {
      resources:
        held("resources", (found) => [...containers, ...initContainers].some((each) => asks(each, found))) ??
        (part === undefined ? undefined : `${part} of ${cluster.name}`),
      tolerations:
        held(
          "tolerations",
          (found) =>
            Array.isArray(found) &&
            found.every((entry) => tolerations.some(({ key }) => key === mapping(entry)["key"])),
        ) ?? (placing === undefined ? undefined : "controlPlane.tolerations"),
      wanting: (label, value) =>
        held("nodeSelector", (found) => isText(mapping(found)[label], value)) ??
        (placing?.nodeSelector[label] === value ? "controlPlane.nodeSelector" : undefined),
    };
  };

const isText = (found: unknown, wanted: string): boolean =>
  (typeof found === "string" || typeof found === "boolean" || typeof found === "number") &&
  String(found) === wanted;

/** Whether a container asks for what values say, and that is something. */
function asks({ resources = {} }: V1Container, found: unknown): boolean {
  const amounts = (["requests", "limits"] as const).flatMap((kind) =>
    Object.entries(mapping(mapping(found)[kind])).map(([name, amount]) => ({ kind, name, amount })),
  );
  return (
    amounts.length > 0 && amounts.every(({ kind, name, amount }) => isAsked(resources, kind, name, amount))
  );
}

function isAsked(
  resources: V1ResourceRequirements,
  kind: "requests" | "limits",
  name: string,
  amount: unknown,
): boolean {
  const live = resources[kind]?.[name];
  if (live === undefined || (typeof amount !== "string" && typeof amount !== "number")) return false;
  return numberOf(live) === numberOf(amount);
}

/** The way to a member of a name somewhere in values. */
function pathTo(values: unknown, member: string, isWanted: (found: unknown) => boolean): string | undefined {
  if (!isMapping(values)) return undefined;
  if (member in values && isWanted(values[member])) return member;
  return Object.entries(values)
    .map(([key, inner]) => [key, pathTo(inner, member, isWanted)] as const)
    .flatMap(([key, rest]) => (rest === undefined ? [] : [`${key}.${rest}`]))[0];
}
