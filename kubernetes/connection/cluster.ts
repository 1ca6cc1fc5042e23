import { ApiException, CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { ConnectedKubeConfig } from "./client.ts";
import { connectionOf } from "./connection.ts";
import { ambientKubeconfig, noKubeconfig, parseKubeconfig } from "./kubeconfig.ts";

/** How to reach a cluster: by a kubeconfig given as text, else by a context of the ambient one. */
export interface Access {
  readonly kubeconfig?: string | undefined;
  /** Default: the current context. */
  readonly context?: string | undefined;
}

/**
 * The kubeconfig of a cluster, with the cluster's context as its current one.
 *
 * @throws where there is no such context, or where it leads nowhere
 */
export function kubeConfigOf({ kubeconfig, context }: Access): KubeConfig {
  const config =
    kubeconfig === undefined
      ? ambientKubeconfig()
      : parseKubeconfig(kubeconfig, { source: "the cluster's kubeconfig" });
  if (config === undefined) throw new Error(noKubeconfig());
  return new ConnectedKubeConfig(connectionOf(config, context));
}

/** A client for a cluster. */
export const coreApiOf = (access: Access): CoreV1Api => kubeConfigOf(access).makeApiClient(CoreV1Api);

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
