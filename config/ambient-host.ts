import { connectionOf } from "../kubernetes/connection/connection.ts";
import { ambientKubeconfig, noKubeconfig } from "../kubernetes/connection/kubeconfig.ts";
import type { Mistake } from "./mistake.ts";

/** Name that the rehearsal gives its host in kubeconfigs, so that nobody takes it for a real one. */
export const rehearsedHost = "mesh-lab-rehearsal";

/** The cluster that is to be the host. */
interface HostCluster {
  readonly context: string;
  /** Name of the cluster's entry in the kubeconfig. */
  readonly cluster: string;
  readonly server: string;
}

/** The host as configuration and ambient kubeconfig name it. */
export interface FoundHost {
  /** Undefined where something speaks against it. */
  readonly host?: HostCluster;
  /** What speaks against it. */
  readonly mistakes: readonly Mistake[];
  /** There is no kubeconfig that could name one: a preview does without. */
  readonly isNowhere?: true;
}

/**
 * Finds the host: the context that is configured, else the current one of the ambient kubeconfig.
 *
 * @param names of the lab's own clusters, which nobody means who names none
 */
export function findHost(hostContext: string | undefined, names: readonly string[]): FoundHost {
  try {
    const ambient = ambientKubeconfig();
    if (ambient === undefined && hostContext !== undefined)
      return { ...refusal(noKubeconfig()), isNowhere: true };
    if (ambient === undefined || (hostContext ?? ambient.currentContext ?? ambient.inPod) === undefined)
      return { ...refusal(`it is not set, and ${noCurrentContext}`), isNowhere: true };
    const { context, clusterName: cluster, server } = connectionOf(ambient, hostContext);
    const host = { context, cluster, server };
    const objection = hostContext === undefined ? objectionTo(host, names) : undefined;
    return objection === undefined ? { host, mistakes: [] } : refusal(`it is not set, and ${objection}`);
  } catch (error) {
    return refusal(error instanceof Error ? error.message : String(error));
  }
}

const noCurrentContext = "there is no kubeconfig with a current context: name a context, or set KUBECONFIG";

function objectionTo({ context, cluster }: HostCluster, names: readonly string[]): string | undefined {
  if (cluster === rehearsedHost)
    return `the current context "${context}" is the rehearsal's: name the context of the host`;
  return names.includes(context)
    ? `the current context "${context}" is a cluster of this lab: name the context of the host`
    : undefined;
}

const refusal = (message: string): FoundHost => ({ mistakes: [{ path: "hostContext", message }] });
