import type { KubeConfig, V1Node, V1Pod, V1Service } from "@kubernetes/client-node";
import type { Api } from "./api.ts";
import type { Cache } from "./cache.ts";
import type { Tenant } from "./translate.ts";
import type { WebhookProxy } from "./webhook-proxy.ts";

/** A running vcluster as the controllers inside it see it. */
export interface VirtualCluster extends Tenant {
  /** Inside the vcluster. */
  readonly kubeConfig: KubeConfig;
  readonly api: Api;
  readonly pods: Cache<V1Pod>;
  readonly services: Cache<V1Service>;
  readonly webhooks: WebhookProxy;
  /** On the host. */
  readonly hostConfig: KubeConfig;
  readonly host: Api;
  readonly nodes: Cache<V1Node>;
  readonly log: (line: string) => void;
}
