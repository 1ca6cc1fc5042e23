import type { V1LabelSelector, V1Pod } from "@kubernetes/client-node";
import { problemsIn, problemsOf } from "../../kubernetes/diagnosis/diagnosis.ts";
import { complaintsIn } from "../../kubernetes/diagnosis/events.ts";
import { adviceOn } from "../../kubernetes/diagnosis/refusals.ts";
import { podsOf } from "../clusters/look.ts";
import { injectedInto } from "./proxies.ts";
import type { SeenContents } from "./seen.ts";

/** A Deployment, a StatefulSet or a DaemonSet. */
export interface Workload {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly namespace: string;
  readonly name: string;
  readonly wanted: number;
  /** How many pods of its present template are ready. */
  readonly ready: number;
  /** How many pods of an earlier template are still there: they go when the new ones are ready. */
  readonly outdated: number;
  readonly selector: V1LabelSelector | undefined;
  /** Why it cannot make pods, where it says so. */
  readonly refusal: string | undefined;
}

/** The workloads of a cluster. */
export function workloadsOf({ deployments, statefulSets, daemonSets, events }: SeenContents): Workload[] {
  const complaints = complaintsIn(events);
  return [
    ...deployments.map(({ metadata, spec, status }) => ({
      ...namesOf("Deployment", metadata),
      wanted: spec?.replicas ?? 1,
      ...countsOf(status?.replicas, status?.updatedReplicas, status?.readyReplicas),
      selector: spec?.selector,
      refusal: status?.conditions?.find(({ type, status: is }) => type === "ReplicaFailure" && is === "True")
        ?.message,
    })),
    ...statefulSets.map(({ metadata, spec, status }) => ({
      ...namesOf("StatefulSet", metadata),
      wanted: spec?.replicas ?? 1,
      ...countsOf(status?.replicas, status?.updatedReplicas, status?.readyReplicas),
      selector: spec?.selector,
      refusal:
        (status?.replicas ?? 0) < (spec?.replicas ?? 1)
          ? complaints({ kind: "StatefulSet", metadata })[0]
          : undefined,
    })),
    ...daemonSets.map(({ metadata, spec, status }) => ({
      ...namesOf("DaemonSet", metadata),
      wanted: status?.desiredNumberScheduled ?? 0,
      ...countsOf(status?.currentNumberScheduled, status?.updatedNumberScheduled, status?.numberReady),
      selector: spec?.selector,
      refusal:
        (status?.currentNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0)
          ? complaints({ kind: "DaemonSet", metadata })[0]
          : undefined,
    })),
  ];
}

/** No status says which of the ready pods are new: those of an earlier template are taken to be among them. */
export function countsOf(all = 0, updated = 0, ready = 0): Pick<Workload, "ready" | "outdated"> {
  const outdated = Math.max(0, all - updated);
  return { ready: Math.max(0, ready - outdated), outdated };
}

const namesOf = <Kind extends Workload["kind"]>(
  kind: Kind,
  metadata: { readonly name?: string; readonly namespace?: string } | undefined,
) => ({ kind, namespace: metadata?.namespace ?? "", name: metadata?.name ?? "" });

/** A line for each workload, Service, claim and pod of a cluster that is not as it is to be, with the reason. */
export function problemsInside(contents: SeenContents, cluster: string): string[] {
  const pods = contents.pods.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const workloads = workloadsOf(contents).map((workload) => ({
    workload,
    own: podsOf(pods, workload.namespace, workload.selector?.matchLabels),
  }));
  const faulty = workloads.filter(({ workload: { ready, wanted } }) => ready < wanted);
  const owned = new Set(workloads.flatMap(({ own }) => own));
  const single = pods.filter((pod) => !owned.has(pod));
  const { services, claims } = contents;
  const others = problemsOf({ services, claims, pods: single, events: contents.events }, contents.known);
  return [
    ...faulty.map(({ workload, own }) => describe(workload, own, contents)),
    ...workloads.flatMap(({ workload, own }) => proxyProblem(cluster, contents.proxyImage, workload, own)),
    ...others.map(({ namespace, text }) => `${namespace}: ${text}`),
  ];
}

function describe(workload: Workload, pods: readonly V1Pod[], { events, known }: SeenContents): string {
  const { kind, namespace, name, ready, wanted, outdated, refusal } = workload;
  const besides = outdated === 0 ? "" : `, and ${outdated} from before its last change`;
  const reasons = [
    ...(refusal === undefined
      ? []
      : [`It can make none: ${refusal.replace(/\.$/, "")}.${adviceOn(refusal, known.hostNamespace)}`]),
    ...problemsIn({ pods, events }, known),
  ];
  return [`${namespace}: ${kind} ${name} has ${ready} of ${wanted} pods ready${besides}.`, ...reasons].join(
    " ",
  );
}

/** Pods keep the proxy that they were made with. */
function proxyProblem(
  cluster: string,
  image: string | undefined,
  { kind, namespace, name, outdated }: Workload,
  pods: readonly V1Pod[],
): string[] {
  const old = pods.map(injectedInto).filter((found) => found !== undefined && found !== image);
  // Those of an earlier template go anyway.
  if (image === undefined || outdated > 0 || old.length === 0) return [];
  return [
    `${namespace}: pods of ${kind} ${name} run proxy ${[...new Set(old)].join(", ")}, and istiod now injects ${image}: kubectl --context ${cluster} -n ${namespace} rollout restart ${kind.toLowerCase()}/${name}.`,
  ];
}
