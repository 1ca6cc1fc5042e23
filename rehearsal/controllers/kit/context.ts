import type { KubeConfig } from "@kubernetes/client-node";
import type { HostEnv } from "../../host/base/env.ts";
import type { LoadBalancer } from "../../host/network/load-balancer.ts";

/** What the controllers get from the host. */
export interface ControllerContext {
  readonly env: HostEnv;
  /** The administrator's access to the host cluster. */
  readonly host: KubeConfig;
  readonly loadBalancer: LoadBalancer;
}
