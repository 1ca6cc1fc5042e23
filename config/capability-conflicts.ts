import type { CapabilityName, ChosenCapabilities } from "../capabilities/all.ts";
import type { Mistake } from "./mistake.ts";

/** What is chosen for a capability that is on. */
type Options<Name extends CapabilityName> = Exclude<ChosenCapabilities[Name], false | undefined>;

/** Two capabilities, and when one makes the other pointless. */
interface Rule {
  readonly between: readonly [CapabilityName, CapabilityName];
  /** When, for the documentation. */
  readonly condition: string;
  find(chosen: ChosenCapabilities): Mistake[];
}

/**
 * A rule about two capabilities.
 *
 * @param at the option of the first one that is at fault
 * @param conflict why they do not go together, as they are chosen; undefined where they do
 */
function between<One extends CapabilityName, Other extends CapabilityName>(
  one: One,
  other: Other,
  at: string,
  condition: string,
  conflict: (one: Options<One>, other: Options<Other>) => string | undefined,
): Rule {
  return {
    between: [one, other],
    condition,
    find(chosen) {
      const [mine, its] = [chosen[one], chosen[other]];
      if (mine === undefined || mine === false || its === undefined || its === false) return [];
      const message = conflict(mine as Options<One>, its as Options<Other>);
      return message === undefined ? [] : [{ path: `capabilities.${one}.${at}`, message }];
    },
  };
}

/** Answers that a filter gives before the transformation sees them keep their bodies. */
const earlierAnswers: readonly (readonly [CapabilityName, readonly number[]])[] = [
  ["rateLimiting", [429]],
  ["oidc", [302, 401, 403]],
  ["opa", [401, 403]],
  ["waf", [403]],
];

const rules: readonly Rule[] = [
  ...earlierAnswers.map(([other, statuses]) =>
    between(
      "transformation",
      other,
      "status",
      `\`transformation.status\` ${statuses.join(", ")} is refused: \`${other}\` answers with it before the transformation`,
      ({ status }) =>
        statuses.includes(status)
          ? `${other} answers with ${status} before the transformation, and such answers keep their bodies: choose another status, or turn ${other} off`
          : undefined,
    ),
  ),
  between(
    "accessControl",
    "serviceIsolation",
    "tlsMode",
    "`accessControl.tlsMode: PERMISSIVE` is refused: `serviceIsolation` lets in clients with mutual TLS only",
    ({ tlsMode }) =>
      tlsMode === "PERMISSIVE"
        ? "serviceIsolation lets in clients with mutual TLS only: choose STRICT, or turn serviceIsolation off"
        : undefined,
  ),
  between(
    "transformation",
    "headerManipulation",
    "headers",
    "one header of answers in both is refused",
    ({ headers }, { appendResponseHeaders: added, removeResponseHeaders: removed }) => {
      const others = new Set([...Object.keys(added), ...removed].map((name) => name.toLowerCase()));
      const shared = Object.keys(headers).filter((name) => others.has(name.toLowerCase()));
      return shared.length === 0
        ? undefined
        : `headerManipulation changes ${shared.join(", ")} of answers, too: leave each header to one of them`;
    },
  ),
];

/** Capabilities that undo one another, or one of which has no effect beside the other. */
export const conflicts = (chosen: ChosenCapabilities): Mistake[] =>
  rules.flatMap((rule) => rule.find(chosen));

/** When options of two capabilities do not go together. */
export const conditions = (one: CapabilityName, other: CapabilityName): string[] =>
  rules
    .filter(({ between: names }) => names.includes(one) && names.includes(other))
    .map(({ condition }) => condition);
