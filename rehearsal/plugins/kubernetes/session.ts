/** What a configured provider works with. */
import type { KubeConfig } from "@kubernetes/client-node";
import type { Props } from "../provider.ts";
import { type Cluster, connect } from "./cluster.ts";
import { type Settings, settings } from "./config.ts";
import { loadKubeConfig } from "./kube-config.ts";

export interface Session {
  readonly settings: Settings;
  readonly kubeConfig: KubeConfig | undefined;
  /** Undefined when the cluster could not be reached, which is judged once, when the provider is configured. */
  readonly cluster: Cluster | undefined;
  /** Why it could not be reached. */
  readonly unreachable: string;
  /** Aborted when the user gives up. */
  readonly signal: AbortSignal;
}

/** Reads the provider's configuration and tries the cluster; an unreachable one is an error only when it is used. */
export async function openSession(args: Props, signal: AbortSignal): Promise<Session> {
  const without = (kubeConfig: KubeConfig | undefined, unreachable: string): Session => {
    return { settings: settings(args, kubeConfig), kubeConfig, cluster: undefined, unreachable, signal };
  };
  let kubeConfig: KubeConfig;
  try {
    kubeConfig = loadKubeConfig(args);
  } catch (error) {
    return without(
      undefined,
      `failed to parse kubeconfig data in \`kubernetes:config:kubeconfig\`: ${String(error)}`,
    );
  }
  if (kubeConfig.getCurrentCluster() === null) {
    const context = kubeConfig.getCurrentContext();
    return without(kubeConfig, `the kubeconfig has no usable context "${context}"`);
  }
  const cluster = connect(kubeConfig);
  try {
    await cluster.ping(AbortSignal.any([signal, AbortSignal.timeout(10_000)]));
  } catch (error) {
    return without(kubeConfig, `unable to load schema information from the API server: ${String(error)}`);
  }
  return { settings: settings(args, kubeConfig), kubeConfig, cluster, unreachable: "", signal };
}
