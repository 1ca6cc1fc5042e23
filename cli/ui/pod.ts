import { CoreV1Api, type KubeConfig, type V1Pod, type V1Service } from "@kubernetes/client-node";
import { pulumiCommand } from "../../messages/commands.ts";
import { isReady } from "../../kubernetes/diagnosis/conditions.ts";
import { problemsIn } from "../../kubernetes/diagnosis/diagnosis.ts";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { Failure } from "../../messages/failure.ts";
import { within } from "../clusters/within.ts";

/** A Service whose pods are forwarded to. */
export interface ForwardedService {
  readonly namespace: string;
  readonly name: string;
  /** The Service's port. */
  readonly port: number;
}

/** A pod that is ready, and the port of it that a Service's port leads to. */
export interface Target {
  readonly pod: string;
  readonly port: number;
}

/**
 * The pod to forward to now.
 *
 * @throws Failure where there is none, with what stands in the way
 */
export async function targetOf(cluster: KubeConfig, service: ForwardedService): Promise<Target> {
  const { namespace, name } = service;
  const core = cluster.makeApiClient(CoreV1Api);
  const found = await within(ifExists(core.readNamespacedService({ namespace, name })));
  const selector = Object.entries(found?.spec?.selector ?? {});
  if (found === undefined || selector.length === 0)
    throw new Failure(
      `There is no Service ${name} with pods in namespace ${namespace}: ${pulumiCommand("up --refresh")}.`,
    );
  const labelSelector = selector.map(([key, value]) => `${key}=${value}`).join(",");
  const { items } = await within(core.listNamespacedPod({ namespace, labelSelector }));
  const pod = items.find(staysReady);
  if (pod === undefined) {
    const problems = problemsIn({ services: [], claims: [], pods: items });
    throw new Failure(
      [`No pod of Service ${name} is ready.`, ...(items.length === 0 ? ["It has none."] : problems)].join(
        " ",
      ),
    );
  }
  return { pod: pod.metadata?.name ?? "", port: containerPort(found, pod, service) };
}

/** A pod that is about to end is still ready, and not for long. */
const staysReady = (pod: V1Pod): boolean => pod.metadata?.deletionTimestamp === undefined && isReady(pod);

/** The port of a pod that a Service's port means, which may go by a name. */
function containerPort({ spec }: V1Service, pod: V1Pod, { name, port }: ForwardedService): number {
  const found = spec?.ports?.find((candidate) => candidate.port === port);
  if (found === undefined) throw new Failure(`Service ${name} has no port ${port}.`);
  const { targetPort = port } = found;
  if (typeof targetPort === "number") return targetPort;
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  const named = ports.find((candidate) => candidate.name === targetPort);
  if (named === undefined)
    throw new Failure(`Pod ${pod.metadata?.name ?? ""} has no port of the name ${targetPort}.`);
  return named.containerPort;
}
