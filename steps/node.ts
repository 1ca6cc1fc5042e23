import { coreApiOf } from "../kubernetes/connection/cluster.ts";
import { type NodeAddresses, nodeAddresses } from "../kubernetes/host/nodes.ts";
import { run } from "./base/run.ts";

interface NodeSpec {
  readonly hostContext?: string | undefined;
  /** When it changes, the node is looked for again; the text itself says nothing. */
  readonly renew?: string | undefined;
}

await run<NodeSpec>(async ({ hostContext }): Promise<NodeAddresses> => {
  const { items } = await coreApiOf({ context: hostContext }).listNode();
  const found = nodeAddresses(items);
  if (found !== undefined) return found;
  throw new Error(
    `none of the host's ${items.length} nodes is ready and has an InternalIP: kubectl get nodes`,
  );
});
