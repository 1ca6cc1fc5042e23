import type { Stop } from "../base/env.ts";
import type { Dial } from "./forward.ts";
import type { Endpoint, NodeAddress } from "./listeners.ts";

/** The nodes of a host as its load balancer sees them. */
export interface Nodes {
  readonly addresses: readonly NodeAddress[];
  /** Opens a connection in the network of the nodes, if they have one of their own. */
  readonly dialInside?: (endpoint: Endpoint) => ReturnType<Dial>;
  /** Where they keep volumes. */
  readonly volumes: { readonly inside: string; readonly outside: string };
  readonly stop: Stop;
}
