import * as pulumi from "@pulumi/pulumi";
import type { KnownCluster } from "../../kubernetes/vcluster/identity.ts";
import { kubernetes } from "./kubernetes.ts";

/**
 * The kubeconfig of a virtual cluster, once the cluster on the host is the one that it is for. A preview takes it as it
 * is: it needs no host.
 *
 * @param context of the host
 * @throws where it is another cluster, or none: nothing of what the stack has inside is there
 */
export async function familiar(known: KnownCluster, context: string | undefined): Promise<string> {
  const { cluster, kubeconfig } = known;
  if (pulumi.runtime.isDryRun()) return kubeconfig;
  const { kubeConfigOf, rebuildHint, strangeness } = await kubernetes();
  const look = async () => strangeness(kubeConfigOf({ context }), known);
  // A host that does not answer fails what needs it, in words of its own.
  const reason = await look().catch(() => undefined);
  if (reason === undefined) return kubeconfig;
  throw new pulumi.RunError(`${cluster}: ${reason}: ${rebuildHint(cluster)}.`);
}
