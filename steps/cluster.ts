import { ApiException, CoreV1Api, KubeConfig, type RequestContext } from "@kubernetes/client-node";
import { type Dispatcher, getGlobalDispatcher, interceptors } from "undici";

/** How to reach a cluster: by a kubeconfig given as text, else by a context of the ambient one. */
export interface Access {
  readonly kubeconfig?: string | undefined;
  /** Default: the current context. */
  readonly context?: string | undefined;
}

/** An API server that gets ready for a kind puts requests off, and says for how long; kubectl waits, too. */
const waiting = interceptors.retry({ statusCodes: [429], errorCodes: [], throwOnError: false });

/** A kubeconfig whose requests are made again where an API server puts them off. */
class PatientKubeConfig extends KubeConfig {
  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    const dispatcher: Dispatcher = context.getDispatcher() ?? getGlobalDispatcher();
    context.setDispatcher(dispatcher.compose(waiting));
  }
}

/** The kubeconfig of a cluster, with the cluster's context as its current one. */
export function kubeConfigOf({ kubeconfig, context }: Access): KubeConfig {
  const config = new PatientKubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromString(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getCurrentCluster() !== null) return config;
  const names = config.getContexts().map(({ name }) => name);
  throw new Error(
    `the kubeconfig has no context "${config.getCurrentContext()}" with a cluster; it has: ${names.join(", ") || "none"}`,
  );
}

/** A client for a cluster. */
export const clusterOf = (access: Access): CoreV1Api => kubeConfigOf(access).makeApiClient(CoreV1Api);

/** What a request found, or undefined where there is no such object. */
export async function ifExists<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined;
    throw error;
  }
}

/** The value of an environment variable that the program sets. */
export function environment(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`environment variable ${variable} is not set`);
  return value;
}
