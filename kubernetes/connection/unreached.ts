import { ApiException } from "@kubernetes/client-node";
import type { Connection } from "./connection.ts";

/** That a cluster did not answer, or did not let the user in. */
export class Unreached extends Error {
  readonly code = "UNREACHED";
  /** Why, and what to look at, for those who say themselves which cluster it is. */
  readonly reason: string;

  constructor({ context, server }: Pick<Connection, "context" | "server">, reason: string) {
    super(`context "${context}" (${server}): ${reason}`);
    this.reason = reason;
  }
}

/** Why a request did not arrive, by the code of its error, and what to look at. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there: is the cluster running, and the kubeconfig of today?",
  ECONNRESET: "the connection was cut off: look at what is in between, such as a proxy or a load balancer",
  EHOSTUNREACH: "there is no way there: look at network and VPN",
  ENETUNREACH: "there is no way there: look at network and VPN",
  ENOTFOUND: "its name does not resolve: look at network, VPN and name server",
  EAI_AGAIN: "its name does not resolve: look at network, VPN and name server",
  EADDRNOTAVAIL: "there is no way there: look at network and VPN",
  ETIMEDOUT: "no answer: look at network, VPN and firewall",
  EPIPE: "the connection was cut off: look at what is in between, such as a proxy or a load balancer",
  UND_ERR_CONNECT_TIMEOUT: "no answer: look at network, VPN and firewall",
  UND_ERR_HEADERS_TIMEOUT: "it takes the request, and does not answer: is the cluster overloaded?",
  UND_ERR_BODY_TIMEOUT: "it began to answer, and did not go on: is the cluster overloaded?",
  UND_ERR_SOCKET:
    "the connection was cut off: look at what is in between, such as a proxy or a load balancer",
  UND_ERR_PRX_TLS: "the proxy's certificate is not trusted: look at proxy-url and HTTPS_PROXY",
  CERT_HAS_EXPIRED: "its certificate has expired: renew it on the cluster",
  CERT_NOT_YET_VALID: "its certificate is not yet valid: look at this machine's clock",
  CERT_SIGNATURE_FAILURE:
    "its certificate is of another authority of the same name: fetch its kubeconfig again",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "its certificate is not of the kubeconfig's authority: fetch its kubeconfig again",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate is not of the kubeconfig's authority: fetch its kubeconfig again",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "its certificate is not of the kubeconfig's authority: fetch its kubeconfig again",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is not of the kubeconfig's authority: fetch its kubeconfig again",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for another name: look at server and tls-server-name in the kubeconfig",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS: is its URL to begin with http?",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS: is its URL to begin with http?",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "it does not take the client's certificate: fetch its kubeconfig again",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    "it wants a client's certificate: look at the user in the kubeconfig",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE:
    "it does not take the client's certificate: fetch its kubeconfig again",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "the client's certificate has expired: fetch its kubeconfig again",
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: "the client's key is not its certificate's: fetch its kubeconfig again",
};

/** Why a request did not arrive, in words. */
export function reasonOf(error: Error): string {
  for (const cause of causesOf(error)) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    const reason =
      reasons[code] ??
      (code.startsWith("ERR_SSL") || code.startsWith("ERR_OSSL") ? tlsReason(code) : undefined);
    if (reason !== undefined) return reason;
    const proxy = /Proxy response \((\d+)\)|Proxy Authentication Required \((\d+)\)/.exec(cause.message);
    if (proxy !== null)
      return `the proxy answered ${proxy[1] ?? proxy[2] ?? ""}: look at proxy-url and HTTPS_PROXY`;
  }
  const last = causesOf(error).at(-1);
  return last === undefined || last.message === "" ? String(error) : last.message;
}

const tlsReason = (code: string): string => `TLS failed (${code.replace(/^ERR_(O?SSL)_/, "").toLowerCase()})`;

/** An error, what it came from, and of several the first. */
function causesOf(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  return [
    error,
    ...causesOf(error.cause),
    ...(error instanceof AggregateError ? causesOf(error.errors[0]) : []),
  ];
}

/** That no cluster was reached, where that is behind an error. */
const unreachedBehind = (error: unknown): Unreached | undefined =>
  causesOf(error).find((cause) => cause instanceof Unreached);

/**
 * An error in words, for those who say which cluster it is of; never an answer's body, which may hold what was asked
 * for, but for a refusal, which says what the user may not.
 */
export function explain(error: unknown): string {
  if (error instanceof ApiException) return `the API server answered ${error.code}${refusalIn(error)}`;
  const unreached = unreachedBehind(error);
  if (unreached !== undefined) return unreached.reason;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

/** An error in one line that says itself which cluster it is of, where it is of one. */
export const inOneLine = (error: unknown): string => unreachedBehind(error)?.message ?? explain(error);

function refusalIn(error: ApiException<unknown>): string {
  const message = error.code === 403 ? statusMessageOf(error) : undefined;
  return message === undefined ? "" : `: ${message}`;
}

/** What an API server says of a request that it refuses; only for requests that carry no secret, and ask for none. */
export function statusMessageOf({ body }: ApiException<unknown>): string | undefined {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]?.replaceAll('\\"', '"');
}
