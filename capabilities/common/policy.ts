import { bookinfoNamespace } from "../../values/bookinfo.ts";
import type { GlooResource } from "../../values/gloo-resources.ts";

/** Groups of Gloo Mesh's policies. */
type PolicyGroup = "resilience" | "security" | "trafficcontrol";

/** A policy beside what it applies to. */
export const policy = (
  group: PolicyGroup,
  kind: string,
  name: string,
  spec: GlooResource["spec"],
): GlooResource => ({
  apiVersion: `${group}.policy.gloo.solo.io/v2`,
  kind,
  metadata: { name, namespace: bookinfoNamespace },
  spec,
});
