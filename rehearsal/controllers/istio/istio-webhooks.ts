import type { KubernetesObject, V1MutatingWebhook, V1ValidatingWebhook } from "@kubernetes/client-node";
import type { PatchStep } from "../kit/api.ts";
import { meta } from "../kit/objects.ts";

/** A webhook configuration of either kind. */
export interface WebhookConfiguration extends KubernetesObject {
  readonly webhooks?: readonly (V1MutatingWebhook | V1ValidatingWebhook)[];
}

/** The webhooks that istiod takes care of, and what it sets in them. */
interface Care {
  readonly concerns: (webhookName: string) => boolean;
  readonly sets: (caBundle: string) => Readonly<Record<string, string>>;
}

/** By kind of configuration: the injector's keep their failure policy, the validator's is closed once istiod answers. */
export const care = {
  mutating: {
    concerns: (name) => name.endsWith("sidecar-injector.istio.io"),
    sets: (caBundle) => ({ "clientConfig/caBundle": caBundle }),
  },
  validating: {
    concerns: () => true,
    sets: (caBundle) => ({ "clientConfig/caBundle": caBundle, failurePolicy: "Fail" }),
  },
} as const satisfies Record<string, Care>;

/** What istiod changes in a webhook configuration of its revision; no steps if all is as it should be. */
export function webhookPatch(
  configuration: WebhookConfiguration,
  caBundle: string,
  { concerns, sets }: Care,
): PatchStep[] {
  if (meta(configuration).labels["istio.io/rev"] !== "default") return [];
  return (configuration.webhooks ?? []).flatMap((webhook, index) => {
    const current: Readonly<Record<string, string | undefined>> = {
      "clientConfig/caBundle": webhook.clientConfig.caBundle,
      failurePolicy: webhook.failurePolicy,
    };
    const wrong = Object.entries(sets(caBundle)).filter(([field, value]) => current[field] !== value);
    if (!concerns(webhook.name) || wrong.length === 0) return [];
    const path = `/webhooks/${index}`;
    return [
      // The list may have changed meanwhile.
      { op: "test" as const, path: `${path}/name`, value: webhook.name },
      ...wrong.map(([field, value]) => ({ op: "add" as const, path: `${path}/${field}`, value })),
    ];
  });
}
