import type { V1Node } from "@kubernetes/client-node";
import { clusterOf } from "./cluster.ts";
import { isReady } from "./conditions.ts";
import { run } from "./run.ts";

interface NodeSpec {
  readonly hostContext?: string | undefined;
  /** When it changes, the node is looked for again; the text itself says nothing. */
  readonly renew?: string | undefined;
}

/** What the step prints: where a node of the host is reached, from outside and from pods. */
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

if (import.meta.main) {
  await run<NodeSpec>(async ({ hostContext }): Promise<NodeAddresses> => {
    const { items } = await clusterOf({ context: hostContext }).listNode();
    const found = nodeAddresses(items);
    if (found !== undefined) return found;
    throw new Error(
      `none of the host's ${items.length} nodes is ready and has an InternalIP: kubectl get nodes`,
    );
  });
}
