import type { Mistake } from "./mistake.ts";

/** Name that the rehearsal gives its host in kubeconfigs, so that nobody takes it for a real one. */
export const rehearsedHost = "mesh-lab-rehearsal";

/** What the ambient kubeconfig takes for the current cluster. */
export interface CurrentCluster {
  readonly context: string;
  /** Name of the cluster's entry in the kubeconfig. */
  readonly cluster: string;
  readonly server: string;
}

/** The cluster of the current context of the ambient kubeconfig; undefined if there is none. */
export async function currentCluster(): Promise<CurrentCluster | undefined> {
  // Loaded only where the context is not configured: the library is large.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromDefault();
  const cluster = config.getCurrentCluster();
  const context = config.getCurrentContext();
  // What the library makes up where it finds nothing.
  if (cluster === null || context === "loaded-context") return undefined;
  return { context, cluster: cluster.name, server: cluster.server };
}

/** Why the current cluster is not to be the host; nothing if it may be. */
export function checkAmbientHost(current: CurrentCluster | undefined, names: readonly string[]): Mistake[] {
  const message =
    current === undefined
      ? "it is not set, and there is no kubeconfig with a current context: name a context, or set KUBECONFIG"
      : current.cluster === rehearsedHost
        ? `it is not set, and the current context "${current.context}" is the rehearsal's: name the context of the host`
        : names.includes(current.context)
          ? `it is not set, and the current context "${current.context}" is a cluster of this lab: name the context of the host`
          : undefined;
  return message === undefined ? [] : [{ path: "hostContext", message }];
}
