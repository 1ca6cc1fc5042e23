import { CoreV1Api, NetworkingV1Api, VersionApi, type V1Node } from "@kubernetes/client-node";
import { kubeConfigOf } from "./cluster.ts";
import { run } from "./run.ts";
import { findServiceCidr } from "./service-cidr.ts";

/** What to find out about the host. */
export interface HostSpec {
  readonly hostContext?: string | undefined;
  /** Range of ClusterIPs, where it need not be found out. */
  readonly serviceCidr?: string | undefined;
  /** Whether nodes must be reached. */
  readonly nodes: boolean;
}

/** What the step prints. */
export interface HostFacts {
  /** Version of its Kubernetes, e.g. `v1.36.3`. */
  readonly version: string;
  /** Range of its ClusterIPs. */
  readonly serviceCidr: string;
  /** Addresses of a node: from outside, and from pods; undefined where they were not asked for. */
  readonly node?: NodeAddresses;
}

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

const isReady = ({ status }: V1Node): boolean =>
  status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;

async function findNode(core: CoreV1Api): Promise<NodeAddresses> {
  const { items } = await core.listNode();
  const found = nodeAddresses(items);
  if (found === undefined)
    throw new Error(
      `none of the host's ${items.length} nodes is ready and has an InternalIP: kubectl get nodes`,
    );
  return found;
}

if (import.meta.main) {
  await run<HostSpec>(async ({ hostContext, serviceCidr, nodes }): Promise<HostFacts> => {
    const config = kubeConfigOf({ context: hostContext });
    const core = config.makeApiClient(CoreV1Api);
    const [{ gitVersion }, cidr, node] = await Promise.all([
      config.makeApiClient(VersionApi).getCode(),
      serviceCidr ?? findServiceCidr(core, config.makeApiClient(NetworkingV1Api)),
      nodes ? findNode(core) : undefined,
    ]);
    return { version: gitVersion, serviceCidr: cidr, ...(node === undefined ? {} : { node }) };
  });
}
