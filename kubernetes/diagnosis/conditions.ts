import type { V1Pod } from "@kubernetes/client-node";

/** A pod, a node, or what else has conditions. */
interface Conditioned {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
      readonly lastTransitionTime?: Date;
    }[];
  };
}

/** The condition of a type, if there is one. */
export const condition = ({ status }: Conditioned, type: string) =>
  status?.conditions?.find((candidate) => candidate.type === type);

/** Whether a pod may be sent requests, or a node may be given pods. */
export const isReady = (object: Conditioned): boolean => condition(object, "Ready")?.status === "True";

/** Whether a pod is as it is to be: ready, or done with its work. */
export const isWell = (pod: V1Pod): boolean => pod.status?.phase === "Succeeded" || isReady(pod);
