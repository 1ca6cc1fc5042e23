import type { V1ContainerStatus, V1PersistentVolumeClaim, V1Pod, V1Service } from "@kubernetes/client-node";
import { exposureHints } from "../values/exposure.ts";
import { condition, isWell } from "./conditions.ts";

/** What there is in a namespace, as far as it can stand in a release's way. */
export interface Found {
  readonly services: readonly V1Service[];
  readonly claims: readonly V1PersistentVolumeClaim[];
  readonly pods: readonly V1Pod[];
}

/** A line for each thing that is not as it must be, with its last state and what to try. */
export const problemsIn = ({ services, claims, pods }: Found): string[] => [
  ...services.flatMap(serviceProblem),
  ...claims.flatMap(claimProblem),
  ...pods.flatMap(podProblems),
];

function serviceProblem({ metadata, spec, status }: V1Service): string[] {
  const waits = spec?.type === "LoadBalancer" && (status?.loadBalancer?.ingress ?? []).length === 0;
  return waits ? [`Service ${metadata?.name ?? ""} has no address. ${exposureHints.LoadBalancer}`] : [];
}

function claimProblem({ metadata, spec, status }: V1PersistentVolumeClaim): string[] {
  if (status?.phase === "Bound") return [];
  const hint =
    spec?.storageClassName === undefined
      ? "The host has no default storage class: set controlPlane.storageClass, or controlPlane.persistence to false."
      : `Look at what storage class ${spec.storageClassName} needs.`;
  return [`PersistentVolumeClaim ${metadata?.name ?? ""} is not bound. ${hint}`];
}

/** What to try, by what the scheduler says of the nodes. */
const placeHints: readonly (readonly [reason: string, hint: string])[] = [
  ["Insufficient", "Make room on the host, or ask for less with resources."],
  [
    "untolerated taint",
    "A node that is not ready has one: kubectl get nodes. For others there is controlPlane.tolerations.",
  ],
  ["affinity/selector", "No node has the labels that are asked for: look at controlPlane.nodeSelector."],
];

function podProblems(pod: V1Pod): string[] {
  if (isWell(pod)) return [];
  const { metadata, spec, status } = pod;
  const name = `Pod ${metadata?.name ?? ""}`;
  if (spec?.nodeName === undefined) {
    const message = condition(pod, "PodScheduled")?.message ?? "no scheduler has looked at it";
    const hints = placeHints.flatMap(([reason, hint]) => (message.includes(reason) ? [` ${hint}`] : []));
    return [`${name} is on no node: ${message.replace(/\.$/, "")}.${hints.join("")}`];
  }
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const waiting = containers.flatMap(containerProblem);
  return waiting.length > 0 ? waiting.map((problem) => `${name}: ${problem}`) : [`${name} is not ready.`];
}

/** A syncer whose Service has an address outside of the range that it was given. */
const rangeHint =
  "Set serviceCidr to the host's range of ClusterIPs, or leave it out, so that the host is asked.";

function containerProblem({ name, ready, state, lastState }: V1ContainerStatus): string[] {
  const { reason, message } = state?.waiting ?? {};
  if (ready || reason === undefined) return [];
  const ended = lastState?.terminated;
  const before =
    ended === undefined ? [] : [`it ended before with exit code ${ended.exitCode}`, ended.message ?? ""];
  const details = [...new Set([message ?? "", ...before])].filter((detail) => detail !== "").join("; ");
  const hint = details.includes("not in the valid range") ? `. ${rangeHint}` : "";
  return [`container ${name} is in ${reason}${details === "" ? "" : `: ${details}`}${hint}`];
}
