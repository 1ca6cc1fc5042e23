import type { RequestOptions } from "node:https";
import { KubeConfig, type RequestContext } from "@kubernetes/client-node";
import { SocksClient } from "socks";
import { Agent, buildConnector, type Dispatcher, interceptors, ProxyAgent } from "undici";
import type { Connection } from "./connection.ts";
import { forgetCredentials } from "./exec-plugin.ts";
import { type Header, secured, type Tls } from "./secured.ts";
import { reasonOf, Unreached } from "./unreached.ts";

/**
 * An API server that gets ready for a kind puts requests off, and says for how long; kubectl waits, too. An error
 * without a code would be tried again for a quarter of a minute.
 */
const waiting = interceptors.retry({ statusCodes: [429], errorCodes: [], throwOnError: false });

/** Load balancers close connections on which nothing moves for a minute; client-go moves something as often. */
const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 };

/** As long as an API server may take to begin its answer. */
const headersTimeout = 60_000;

/**
 * The library's clients, on a connection as client-go would make it; where there is no answer, they say in one line why.
 */
export class ConnectedKubeConfig extends KubeConfig {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    super();
    this.#connection = connection;
    this.loadFromOptions(optionsOf(connection));
  }

  override async applySecurityAuthentication(request: RequestContext): Promise<void> {
    const connection = this.#connection;
    const { tls, headers } = await this.#secured();
    request.setDispatcher(
      dispatcherOf(connection, tls).compose(withHeaders(headers), explained(connection), waiting),
    );
  }

  /** For websockets, whose agents the library makes. */
  override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
    const { tls, headers } = await this.#secured();
    const library = new KubeConfig();
    library.loadFromOptions(optionsOf(this.#connection));
    await library.applyToHTTPSOptions(options);
    // Proxies' agents take these from the request, others from their own options.
    Object.assign(options, tls, { headers: byName(headers) });
    Object.assign((options.agent as { options?: object } | undefined)?.options ?? {}, tls);
  }

  async #secured(): ReturnType<typeof secured> {
    try {
      return await secured(this.#connection);
    } catch (error) {
      throw new Unreached(this.#connection, error instanceof Error ? error.message : String(error));
    }
  }
}

/** What the library has to know of a connection: nothing secret. */
const optionsOf = ({ context, clusterName, userName, server, cluster, proxy }: Connection): object => ({
  clusters: [
    {
      name: clusterName,
      server,
      // It takes http for a mistake otherwise.
      skipTLSVerify: server.startsWith("http:") || cluster["insecure-skip-tls-verify"] === true,
      proxyUrl: proxy,
    },
  ],
  users: [{ name: userName }],
  contexts: [{ name: context, cluster: clusterName, user: userName }],
  currentContext: context,
});

/** By all that a connection is made of. */
const dispatchers = new Map<string, Dispatcher>();

/**
 * The way to a server, which requests share, as client-go's do: a connection of its own costs each of them, and the
 * server, more than all the rest. One that nothing goes through ends by itself after some seconds.
 */
function dispatcherOf({ proxy, cluster }: Connection, tls: Tls): Dispatcher {
  // A function among what TLS needs is told by the name that it checks.
  const key = JSON.stringify([proxy, cluster["tls-server-name"], tls]);
  const known = dispatchers.get(key) ?? dispatcherFor(proxy, tls);
  dispatchers.set(key, known);
  return known;
}

function dispatcherFor(proxy: string | undefined, tls: Tls): Dispatcher {
  if (proxy === undefined) return new Agent({ connect: { ...tls, ...keepAlive }, headersTimeout });
  if (proxy.startsWith("socks5:"))
    return new Agent({ connect: throughSocks(new URL(proxy), tls), headersTimeout });
  return new ProxyAgent({ uri: proxy, requestTls: tls, connect: keepAlive, headersTimeout });
}

/** The library's own way through a SOCKS proxy knows no user. */
function throughSocks({ hostname, port, username, password }: URL, tls: Tls): buildConnector.connector {
  const secure = buildConnector(tls);
  const user =
    username === "" ? {} : { userId: decodeURIComponent(username), password: decodeURIComponent(password) };
  return (options, callback) => {
    const isSecure = options.protocol === "https:";
    SocksClient.createConnection({
      proxy: { host: hostname, port: Number(port || 1080), type: 5, ...user },
      command: "connect",
      destination: {
        host: unbracketed(options.hostname),
        port: Number(options.port || (isSecure ? 443 : 80)),
      },
    }).then(
      ({ socket }) => {
        if (isSecure) secure({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error(String(error)), null);
      },
    );
  };
}

const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, "");

const byName = (headers: readonly Header[]): Record<string, string[]> =>
  Object.fromEntries(
    [...Map.groupBy(headers, ([name]) => name)].map(([name, all]) => [name, all.map(([, value]) => value)]),
  );

/** Puts headers into a request beside its own; one of a name a line, for commas are part of a group's name. */
const withHeaders =
  (headers: readonly Header[]): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch({ ...options, headers: { ...(options.headers as object), ...byName(headers) } }, handler);

/** Says in words why there is no answer, or that the user was not let in. */
const explained =
  (connection: Connection): Dispatcher.DispatcherComposeInterceptor =>
  (dispatch) =>
  (options, handler) =>
    dispatch(options, {
      onRequestStart: (...args) => handler.onRequestStart?.(...args),
      onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
      onResponseStart: (controller, status, ...more) => {
        if (status === 401) controller.abort(notLetIn(connection));
        else handler.onResponseStart?.(controller, status, ...more);
      },
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
      onResponseError: (controller, error) => {
        const isOwn = error instanceof Unreached || error instanceof DOMException;
        handler.onResponseError?.(controller, isOwn ? error : new Unreached(connection, reasonOf(error)));
      },
    });

function notLetIn(connection: Connection): Unreached {
  const { userName, user, context } = connection;
  if (user.exec !== undefined) forgetCredentials(connection, user.exec);
  return new Unreached(
    connection,
    `it does not take the credentials of user "${userName}" (401): log in again, and try kubectl --context ${context} version`,
  );
}
