import { accessSync, constants, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { errors } from "../../messages/spelling.ts";
import type { AuthProvider, Cluster, User } from "./forms.ts";
import type { Kubeconfig } from "./kubeconfig.ts";
import { proxyFromEnvironment } from "./proxy.ts";

/** What a context of a kubeconfig leads to, and as whom. */
export interface Connection {
  readonly context: string;
  /** Name of the cluster's entry. */
  readonly clusterName: string;
  readonly userName: string;
  readonly cluster: Cluster;
  readonly user: User;
  /** URL of its API server, without a slash at the end. */
  readonly server: string;
  /** URL of the proxy in between. */
  readonly proxy: string | undefined;
}

/** Name that a pod's service account goes by where contexts have theirs. */
const inCluster = "in-cluster";

/**
 * Where a context leads; checked as kubectl checks it, before anything is sent.
 *
 * @param asked default: the current context
 * @throws where there is none, where its parts do not fit together, or where the lab does not support one of them
 */
export function connectionOf(config: Kubeconfig, asked?: string): Connection {
  const context = asked ?? config.currentContext;
  if (context === undefined) {
    const { inPod } = config;
    if (inPod === undefined)
      throw new Error(`${config.source} has no current context; ${contextsIn(config)}`);
    return checked({ context: inCluster, clusterName: inCluster, userName: inCluster, ...inPod });
  }
  const found = config.contexts.get(context);
  if (found === undefined) throw new Error(unknownContext(config, context));
  const { cluster: clusterName = "", user: userName = "" } = found;
  const cluster = config.clusters.get(clusterName);
  if (cluster === undefined)
    throw new Error(
      clusterName === ""
        ? `context "${context}" names no cluster`
        : `context "${context}" names cluster "${clusterName}", which ${config.source} does not have`,
    );
  return checked({ context, clusterName, userName, cluster, user: config.users.get(userName) ?? {} });
}

/** In words, that there is no such context, which one was perhaps meant, and which ones there are. */
function unknownContext(config: Kubeconfig, context: string): string {
  const names = [...config.contexts.keys()];
  const far = (name: string): number => errors(context, name) ?? Infinity;
  const [nearest] = names
    .filter((name) => far(name) < Infinity)
    .toSorted((one, other) => far(one) - far(other));
  const guess = nearest === undefined ? "" : `did you mean "${nearest}"? It has: ${names.join(", ")}`;
  return `${config.source} has no context "${context}"; ${guess || contextsIn(config)}`;
}

const contextsIn = ({ contexts }: Kubeconfig): string =>
  `it has: ${[...contexts.keys()].join(", ") || "none"}`;

function checked(parts: Omit<Connection, "server" | "proxy">): Connection {
  const { context, cluster, user } = parts;
  const refuse = (why: string): never => {
    throw new Error(`context "${context}": ${why}`);
  };
  const server = serverOf(cluster["server"] ?? refuse("its cluster has no server"));
  if (server === undefined) return refuse(`its server "${cluster.server ?? ""}" is no URL of http or https`);
  const url = new URL(server);
  const proxy = cluster["proxy-url"] ?? proxyFromEnvironment(url);
  if (proxy !== undefined && !isProxy(proxy))
    refuse(`its proxy ${withoutPassword(proxy)} is no URL of http, https or socks5`);
  const secure = url.protocol === "https:";
  const mistake =
    clusterMistake(cluster) ?? (secure ? userMistake(user) : undefined) ?? impersonationMistake(user);
  if (mistake !== undefined) refuse(mistake);
  return { ...parts, server, proxy };
}

/** A server as a URL: without a scheme it is http, as in Go; what follows its path says nothing. */
function serverOf(server: string): string | undefined {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `http://${server}`);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return undefined;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
}

const isProxy = (proxy: string): boolean =>
  ["http:", "https:", "socks5:"].includes(URL.parse(proxy)?.protocol ?? "");

const withoutPassword = (url: string): string => url.replace(/\/\/[^/@]*@/, "//");

/** Two fields of which only one may be set. */
const alternatives = (
  entry: Cluster | User,
  pairs: readonly (readonly [string, string])[],
): string | undefined => {
  const pair = pairs.find((keys) =>
    keys.every((key) => (entry as Readonly<Record<string, unknown>>)[key] !== undefined),
  );
  return pair === undefined ? undefined : `${pair.join(" and ")} are both set, and only one may be`;
};

function clusterMistake(cluster: Cluster): string | undefined {
  const ca = cluster["certificate-authority"] ?? cluster["certificate-authority-data"];
  return (
    alternatives(cluster, [["certificate-authority", "certificate-authority-data"]]) ??
    (ca !== undefined && cluster["insecure-skip-tls-verify"] === true
      ? "a certificate authority and insecure-skip-tls-verify are both set, and only one may be"
      : undefined) ??
    pemMistake(cluster, "certificate-authority", "CERTIFICATE")
  );
}

function userMistake(user: User): string | undefined {
  const hasCertificate = (user["client-certificate"] ?? user["client-certificate-data"]) !== undefined;
  const hasKey = (user["client-key"] ?? user["client-key-data"]) !== undefined;
  return (
    alternatives(user, [
      ["client-certificate", "client-certificate-data"],
      ["client-key", "client-key-data"],
      ["token", "username"],
      ["exec", "auth-provider"],
    ]) ??
    (hasCertificate && !hasKey
      ? "client-key or client-key-data is missing beside the client's certificate"
      : undefined) ??
    (hasCertificate
      ? (pemMistake(user, "client-certificate", "CERTIFICATE") ??
        pemMistake(user, "client-key", "PRIVATE KEY"))
      : undefined) ??
    (user.tokenFile === undefined ? undefined : fileMistake("tokenFile", placed(user, user.tokenFile))) ??
    (user["auth-provider"] === undefined ? undefined : providerMistake(user["auth-provider"]))
  );
}

const impersonationMistake = (user: User): string | undefined =>
  user.as === undefined && (user["as-uid"] ?? user["as-groups"] ?? user["as-user-extra"]) !== undefined
    ? "as-uid, as-groups and as-user-extra need as, the user to act for"
    : undefined;

/** What client-go took out, and its oidc where its token has to be renewed. */
function providerMistake({ name = "", config = {} }: AuthProvider): string | undefined {
  const plugin = { gcp: "gke-gcloud-auth-plugin", azure: "kubelogin" }[name];
  if (plugin !== undefined)
    return `auth-provider ${name} is no longer supported by Kubernetes' clients: use exec with ${plugin}`;
  if (name !== "oidc")
    return `auth-provider "${name}" is not supported: use exec, a token or a client certificate`;
  if (!isExpired(config["id-token"] ?? "")) return undefined;
  return "the id-token of its auth-provider oidc has expired, or there is none: let kubectl renew it (kubectl get nodes), or use exec with kubelogin";
}

/** Whether a JSON web token says so of itself; what is none has nothing to say. */
function isExpired(token: string): boolean {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
      exp?: number;
    };
    return exp === undefined || exp * 1000 < Date.now();
  } catch {
    return true;
  }
}

/** A path of an entry, from the folder of its file. */
export const placed = ({ folder }: { readonly folder?: string }, path: string): string =>
  folder === undefined || isAbsolute(path) ? path : join(folder, path);

function fileMistake(field: string, file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `its ${field} ${file} ${code === "ENOENT" ? "does not exist" : "cannot be read"}`;
  }
}

/** What is wrong with a certificate or key in a file, or as data; undefined: nothing, or there is none. */
function pemMistake(entry: Cluster | User, field: string, label: string): string | undefined {
  const file = (entry as Readonly<Record<string, unknown>>)[field];
  const missing = typeof file === "string" ? fileMistake(field, placed(entry, file)) : undefined;
  if (missing !== undefined) return missing;
  const pem = pemOf(entry, field);
  return pem === undefined || pem.includes(`${label}-----`)
    ? undefined
    : `its ${field} holds no ${label} in PEM`;
}

/** A certificate or key, out of its file or its data. */
export function pemOf(entry: Cluster | User, field: string): string | undefined {
  const fields = entry as Readonly<Record<string, unknown>>;
  const [file, data] = [fields[field], fields[`${field}-data`]];
  if (typeof data === "string") return Buffer.from(data, "base64").toString();
  return typeof file === "string" ? readFileSync(placed(entry, file), "utf8") : undefined;
}
