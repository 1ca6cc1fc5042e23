import { parse, stringify } from "yaml";

/** The parts of a kubeconfig that the lab reads and writes. */
export interface Kubeconfig {
  readonly apiVersion: "v1";
  readonly kind: "Config";
  readonly clusters: readonly { readonly name: string; readonly cluster: Record<string, unknown> }[];
  readonly users: readonly { readonly name: string; readonly user: Record<string, unknown> }[];
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly "current-context"?: string;
}

/**
 * Turns the kubeconfig that a vcluster writes into one that works from outside.
 *
 * vcluster 0.10.2 writes `https://localhost:8443` whatever the Service's address is. Its certificate always names
 * `localhost`, and an outside address only some seconds after it appeared: so the server changes, the name that
 * the certificate is checked against stays `localhost`, and CA and client certificate are kept.
 *
 * @param name name of the cluster, and so of the context, cluster and user in the result
 * @param config content of key `config` of Secret `vc-NAME`
 * @param server address from outside, as `https://HOST:PORT`
 */
export function vclusterKubeconfig(name: string, config: string, server: string): string {
  const { clusters, users } = parse(config) as Kubeconfig;
  const cluster = clusters[0]?.cluster;
  const user = users[0]?.user;
  if (cluster === undefined || user === undefined) {
    throw new Error(`the kubeconfig of vcluster ${name} has no cluster or no user`);
  }
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { ...cluster, server, "tls-server-name": "localhost" } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  } satisfies Kubeconfig);
}

/** One kubeconfig with the contexts of all; the first one's context is the current one. */
export function mergeKubeconfigs(configs: readonly string[]): string {
  const all = configs.map((config) => parse(config) as Kubeconfig);
  const current = all[0]?.["current-context"];
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: all.flatMap(({ clusters }) => clusters),
    users: all.flatMap(({ users }) => users),
    contexts: all.flatMap(({ contexts }) => contexts),
    ...(current === undefined ? {} : { "current-context": current }),
  } satisfies Kubeconfig);
}

/** The authority of a cluster in a kubeconfig, base64 of PEM; a virtual cluster makes it with its data. */
export const authorityOf = (kubeconfig: string, name: string): unknown =>
  (parse(kubeconfig) as Kubeconfig).clusters.find((cluster) => cluster.name === name)?.cluster[
    "certificate-authority-data"
  ];
