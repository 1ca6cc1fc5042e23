import type { PodKeys } from "./keys.ts";

/** What a cluster's rules that keep an object out say, and what to do about each. */
const rules: readonly (readonly [
  complaint: RegExp,
  advice: (match: RegExpExecArray, namespace: string) => string,
  isOfAmounts: boolean,
])[] = [
  [
    /exceeded quota: ([^,\s]+)/,
    ([, quota = ""], namespace) => `kubectl -n ${namespace} edit resourcequota ${quota} raises it`,
    true,
  ],
  [
    /failed quota: ([^,\s:]+)/,
    ([, quota = ""], namespace) => `kubectl -n ${namespace} edit resourcequota ${quota} takes that out`,
    false,
  ],
  [
    /(?:maximum|minimum) \S+ usage per|limit to request ratio per/,
    (_, namespace) => `kubectl -n ${namespace} edit limitranges changes that`,
    true,
  ],
  [
    /violates PodSecurity/,
    (_, namespace) =>
      `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=privileged --overwrite lets it in`,
    false,
  ],
];

/**
 * What to do about a refusal, as sentences after a full stop; nothing for one whose rule nobody knows here.
 *
 * @param namespace where the rule is, on the host
 */
export function adviceOn(reason: string, namespace: string | undefined, keys?: PodKeys): string {
  if (namespace === undefined) return "";
  for (const [complaint, advice, isOfAmounts] of rules) {
    const match = complaint.exec(reason);
    if (match === null) continue;
    const other = isOfAmounts && keys?.resources !== undefined ? `; another way is ${keys.resources}` : "";
    return ` On the host, ${advice(match, namespace)}${other}.`;
  }
  return "";
}
