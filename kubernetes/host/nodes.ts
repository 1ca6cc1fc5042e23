import type { V1Node } from "@kubernetes/client-node";
import { isReady } from "../diagnosis/conditions.ts";

/** Where a node of the host is reached, from outside and from pods. */
export interface NodeAddresses {
  readonly outside: string;
  readonly inside: string;
}

/** The addresses of the first ready node that has one. */
export function nodeAddresses(nodes: readonly V1Node[]): NodeAddresses | undefined {
  const found = nodes.filter(isReady).map(({ status }) => {
    const addressOf = (type: string) => status?.addresses?.find((address) => address.type === type)?.address;
    const inside = addressOf("InternalIP");
    const outside = addressOf("ExternalIP") ?? inside;
    return inside === undefined || outside === undefined ? undefined : { inside, outside };
  });
  return found.find((addresses) => addresses !== undefined);
}
