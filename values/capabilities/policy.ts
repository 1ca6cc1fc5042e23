import { bookinfoNamespace } from "../bookinfo.ts";
import type { GlooResource } from "../gloo-resources.ts";

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

/** A duration in seconds. */
export function secondsOf(duration: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+)(ms|s|m|h)$/.exec(duration) ?? [];
  const inSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };
  return Number(amount) * (inSeconds[unit] ?? Number.NaN);
}
