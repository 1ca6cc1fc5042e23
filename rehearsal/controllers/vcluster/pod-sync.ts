import { isDeepStrictEqual } from "node:util";
import type { V1Pod } from "@kubernetes/client-node";
import { meta } from "../kit/objects.ts";
import { origin, relabelling, type Tenant } from "../kit/translate.ts";

/** What the syncer does next about a pod. */
export type PodStep =
  | { readonly do: "nothing" }
  | { readonly do: "create-copy" }
  | { readonly do: "delete-copy"; readonly graceSeconds?: number }
  | { readonly do: "delete-pod"; readonly graceSeconds: number }
  | { readonly do: "relabel-copy"; readonly patch: object }
  | { readonly do: "bind"; readonly node: string }
  | { readonly do: "report-status" };

const defaultGraceSeconds = 30;

/** The next step, given the vcluster's pod and its copy on the host, each as it is now. */
export function nextPodStep(tenant: Tenant, pod: V1Pod | undefined, copy: V1Pod | undefined): PodStep {
  if (pod === undefined)
    return copy === undefined || meta(copy).leaving ? { do: "nothing" } : { do: "delete-copy" };
  if (copy === undefined) {
    // A pod that has run has lost its copy: it must not come back as if nothing had happened.
    const over = meta(pod).leaving || pod.status?.startTime !== undefined;
    return over ? { do: "delete-pod", graceSeconds: 0 } : { do: "create-copy" };
  }
  if (meta(copy).leaving) {
    const graceSeconds = pod.spec?.terminationGracePeriodSeconds ?? defaultGraceSeconds;
    return meta(pod).leaving ? { do: "nothing" } : { do: "delete-pod", graceSeconds };
  }
  if (meta(copy).annotations[origin.uid] !== meta(pod).uid) return { do: "delete-copy", graceSeconds: 0 };
  if (meta(pod).leaving) {
    const graceSeconds = pod.metadata?.deletionGracePeriodSeconds ?? defaultGraceSeconds;
    return { do: "delete-copy", graceSeconds };
  }
  const patch = relabelling(tenant, pod, copy);
  if (patch !== undefined) return { do: "relabel-copy", patch };
  const node = copy.spec?.nodeName;
  if (node !== undefined && pod.spec?.nodeName === undefined) return { do: "bind", node };
  return copy.status === undefined || isDeepStrictEqual(pod.status, copy.status)
    ? { do: "nothing" }
    : { do: "report-status" };
}
