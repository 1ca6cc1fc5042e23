import type { V1ResourceRequirements, V1Toleration } from "@kubernetes/client-node";

/** A container, as far as one looks at it. */
export interface PlannedContainer {
  readonly name: string;
  readonly image?: string;
  readonly resources?: V1ResourceRequirements;
  readonly restartPolicy?: string;
}

/** A pod, as far as one looks at it. */
export interface PlannedPod {
  readonly initContainers?: readonly PlannedContainer[];
  readonly containers: readonly PlannedContainer[];
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly V1Toleration[];
  readonly overhead?: Readonly<Record<string, string>>;
}

/** Pods of a lab that are alike, as they will be. */
export interface PlannedPods {
  /** The virtual cluster that they make, or that they are in. */
  readonly cluster: string;
  /** What they belong to, as `NAMESPACE/NAME`. */
  readonly workload: string;
  /** How many of them there are; none as long as their cluster is paused. */
  readonly count: number;
  readonly spec: PlannedPod;
}
