import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { exitCodes, Failure } from "./failure.ts";

/** What KWOK notes on the nodes that it simulates. */
const fake = ["kwok.x-k8s.io/node", "fake"] as const;

/** Whether all nodes of a cluster are simulated, so that no container runs and nothing answers. */
export async function isSimulated(host: KubeConfig): Promise<boolean> {
  const { items } = await host.makeApiClient(CoreV1Api).listNode();
  const [key, value] = fake;
  return items.length > 0 && items.every(({ metadata }) => metadata?.annotations?.[key] === value);
}

/** What to say, and to end with, where a verb needs containers that run. */
export const onlyOnRealNodes = (what: string): Failure =>
  new Failure(`${what}: the host's nodes are simulated, no container runs on them.`, exitCodes.open);
