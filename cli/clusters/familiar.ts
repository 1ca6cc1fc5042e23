import type { KubeConfig } from "@kubernetes/client-node";
import { rebuildHint, strangeness } from "../../kubernetes/vcluster/identity.ts";
import { askHost } from "./ask-host.ts";
import { Failure } from "../../messages/failure.ts";
import type { Outputs } from "../stack/lab.ts";

/** @throws Failure where a virtual cluster on the host is not the one that the stack knows */
export async function expectFamiliar(
  host: KubeConfig,
  { kubeconfig }: Pick<Outputs, "kubeconfig">,
  cluster: string,
): Promise<void> {
  const reason = await askHost(host, () => strangeness(host, { cluster, kubeconfig }));
  if (reason !== undefined) throw new Failure(`${cluster}: ${reason}: ${rebuildHint(cluster)}.`);
}
