import type { V1Pod } from "@kubernetes/client-node";
import { matches, meta } from "./objects.ts";

/** Pods that the simulated kubelet must not start by itself, because a controller decides when they may. */
export interface Hold {
  readonly labels: Readonly<Record<string, string>>;
  /** What the pod is said to wait for. */
  readonly reason: string;
}

/** Annotations of host pods by which controllers steer the simulated kubelet. */
export const holdAnnotations = {
  /** Not ready until it is removed. */
  hold: "rehearsal.mesh-lab.dev/hold",
  /** In a crash loop with this message until it is removed. */
  crash: "rehearsal.mesh-lab.dev/crash",
  /** A vcluster's pod may become ready. */
  started: "rehearsal.mesh-lab.dev/started",
} as const;

/** The pods of a gloo-mesh agent. */
export const agentLabels = { app: "gloo-mesh-agent" } as const;

const holds: readonly Hold[] = [
  { labels: agentLabels, reason: "the agent has not reached the management server's relay" },
];

/** The hold at which a pod starts, if any. */
export const holdFor = (pod: V1Pod): Hold | undefined =>
  holds.find(({ labels }) => matches(labels, meta(pod).labels));
