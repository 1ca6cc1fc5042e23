import { type AddOn, addOnsNamespace } from "../../values/gloo-mesh.ts";
import type { GlooResource } from "../../values/gloo-resources.ts";

/** How policies are told of each server. */
const settings = {
  "ext-auth-service": {
    kind: "ExtAuthServer",
    name: "ext-auth-server",
    // The default, 100ms, is soon over where CPUs are short.
    more: { requestTimeout: "2s" },
  },
  "rate-limiter": { kind: "RateLimitServerSettings", name: "rate-limit-server", more: {} },
} as const satisfies Record<AddOn, { kind: string; name: string; more: object }>;

/** The Service of an add-on, as a destination. */
export const serverAt = (addOn: AddOn, cluster: string) => ({
  ref: { cluster, name: addOn, namespace: addOnsNamespace },
  port: { name: "grpc" },
});

/** Tells policies where an add-on of a cluster is. */
export function serverSettings(addOn: AddOn, cluster: string): GlooResource {
  const { kind, name, more } = settings[addOn];
  return {
    apiVersion: "admin.gloo.solo.io/v2",
    kind,
    metadata: { name, namespace: addOnsNamespace },
    spec: { destinationServer: serverAt(addOn, cluster), ...more },
  };
}

/** Names an add-on's settings in a policy. */
export const serverReference = (addOn: AddOn, cluster: string) => ({
  name: settings[addOn].name,
  namespace: addOnsNamespace,
  cluster,
});
