import type { V1Pod } from "@kubernetes/client-node";
import type { Api } from "./api.ts";
import { meta } from "./objects.ts";
import { at } from "./paths.ts";

/** Sets annotations of exactly this pod, and removes those that are null. */
export async function annotate(
  host: Api,
  pod: V1Pod,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  const { namespace, name, uid } = meta(pod);
  await host.patch(at.pod(namespace, name), { metadata: { uid, annotations } });
}
