import { ApiException, CoreV1Api, KubeConfig } from "@kubernetes/client-node";

/** A client for the cluster of a kubeconfig given as text. */
export function clusterOf(kubeconfig: string): CoreV1Api {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config.makeApiClient(CoreV1Api);
}

/** A client for a context of the ambient kubeconfig; default: the current context. */
export function clusterOfContext(context?: string): CoreV1Api {
  const config = new KubeConfig();
  config.loadFromDefault();
  if (context !== undefined) config.setCurrentContext(context);
  return config.makeApiClient(CoreV1Api);
}

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
