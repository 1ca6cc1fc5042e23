import type { KubeConfig } from "@kubernetes/client-node";
import { rebuildHint, strangeness } from "../steps/identity.ts";
import { askHost } from "./ask-host.ts";
import { Failure } from "./failure.ts";
import type { Outputs } from "./lab.ts";

/** @throws Failure where a virtual cluster on the host is not the one that the stack knows */
export async function expectFamiliar(
  host: KubeConfig,
  { kubeconfig }: Pick<Outputs, "kubeconfig">,
  cluster: string,
): Promise<void> {
  const reason = await askHost(host, () => strangeness(host, { cluster, kubeconfig }));
  if (reason !== undefined) throw new Failure(`${cluster}: ${reason}: ${rebuildHint(cluster)}.`);
}
