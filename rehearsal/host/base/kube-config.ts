import { KubeConfig, type RequestContext } from "@kubernetes/client-node";

/** How to reach one API server as one user; certificates and keys are PEM text. */
export interface Access {
  readonly name: string;
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

type Dispatcher = ReturnType<RequestContext["getDispatcher"]>;

/** The client library opens a connection per request; this one keeps them, which halves the cost of small requests. */
class PooledKubeConfig extends KubeConfig {
  #dispatcher: Dispatcher;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    if (this.#dispatcher === undefined) {
      await super.applySecurityAuthentication(context);
      this.#dispatcher ??= context.getDispatcher();
    }
    if (this.#dispatcher !== undefined) context.setDispatcher(this.#dispatcher);
  }
}

/** The access as a kubeconfig with one context of the same name. */
export function kubeConfigFor(access: Access): KubeConfig {
  const { name } = access;
  const config = new PooledKubeConfig();
  config.loadFromOptions({
    clusters: [{ name, server: access.url, caData: base64(access.ca), skipTLSVerify: false }],
    users: [{ name, certData: base64(access.cert), keyData: base64(access.key) }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  return config;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
