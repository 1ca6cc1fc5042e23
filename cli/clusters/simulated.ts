import { CoreV1Api, type KubeConfig, type V1Node } from "@kubernetes/client-node";
import { exitCodes, Failure } from "../../messages/failure.ts";

/** What KWOK notes on the nodes that it simulates. */
const fake = ["kwok.x-k8s.io/node", "fake"] as const;

/** Whether a node is simulated. */
export const isFake = ({ metadata }: V1Node): boolean => metadata?.annotations?.[fake[0]] === fake[1];

/** Whether all nodes of a cluster are simulated, so that no container runs and nothing answers. */
export async function isSimulated(host: KubeConfig): Promise<boolean> {
  const { items } = await host.makeApiClient(CoreV1Api).listNode();
  return items.length > 0 && items.every(isFake);
}

/** What to say, and to end with, where a verb needs containers that run. */
export const onlyOnRealNodes = (what: string): Failure =>
  new Failure(`${what}: the host's nodes are simulated, no container runs on them.`, exitCodes.open);
