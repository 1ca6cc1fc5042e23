import {
  capabilities,
  type CapabilityName,
  capabilityNames,
  topologyOf,
  type TurnedOn,
  enabledCapabilities,
} from "../../capabilities/all.ts";
import { isCheck } from "../../capabilities/common/check.ts";
import { capabilityContradictions } from "../capability-rules.ts";
import { conditions } from "../capability-conflicts.ts";
import { markdownTable } from "./markdown.ts";

/** What becomes of two capabilities that are on together. */
export interface Pair {
  readonly one: CapabilityName;
  readonly other: CapabilityName;
  /**
   * `refused`: not together, with defaults; `documented`: one has a part in the requests that show the other, or some
   * options are refused; `independent`: neither.
   */
  readonly state: "refused" | "documented" | "independent";
  readonly reasons: readonly string[];
}

const workloads = [
  { name: "devcluster1", bookinfo: { reviews: ["v1", "v2"] as const } },
  { name: "devcluster2", bookinfo: { reviews: ["v3"] as const } },
];

/** Every two capabilities, with their defaults, in a lab in which each of them can be on. */
export const pairs = (): Pair[] =>
  capabilityNames.flatMap((other, index) => capabilityNames.slice(0, index).map((one) => pairOf(one, other)));

function pairOf(one: CapabilityName, other: CapabilityName): Pair {
  const chosen = { [one]: true, [other]: true };
  const refusals = capabilityContradictions({ workloads, capabilities: chosen });
  if (refusals.length > 0)
    return { one, other, state: "refused", reasons: refusals.map(({ message }) => message) };
  const defaults = Object.fromEntries(
    [one, other].map((name) => [name, capabilities[name].options.parse({})]),
  );
  const on = enabledCapabilities(defaults, topologyOf(workloads));
  const reasons = [
    ...on.flatMap((each) => on.filter((rest) => rest !== each).flatMap((rest) => partsIn(each, rest))),
    ...conditions(one, other),
  ];
  return { one, other, state: reasons.length === 0 ? "independent" : "documented", reasons };
}

/** What a capability does to the requests of another's exercise. */
function partsIn({ name, check }: TurnedOn, { name: other, answers = [], settings }: TurnedOn): string[] {
  if (!isCheck(check)) return [];
  const requests = [
    ...(check.outsideOf === undefined ? [check.request] : []),
    ...(check.control === undefined ? [] : [check.control]),
  ];
  const mine = check.statuses ?? [200];
  const statuses = answers
    .filter((answer) => requests.some((request) => answer.concerns(request)))
    .filter((answer) => !mine.includes(answer.status))
    .map(({ status }) => status);
  const isIsolated = check.outsideOf !== undefined && settings?.serviceIsolation !== undefined;
  return [
    ...[...new Set(statuses)].map(
      (status) =>
        `\`${other}\` can answer the requests of \`try ${name}\` with ${status}, which then says so`,
    ),
    ...(isIsolated ? [`\`${other}\` turns away the pod of \`try ${name}\`, too`] : []),
  ];
}

/** The pairs of which there is something to say. */
export const pairTable = (): string =>
  markdownTable([
    ["capabilities", "together", "why"],
    ...pairs()
      .filter(({ state }) => state !== "independent")
      .map(({ one, other, state, reasons }) => [
        `\`${one}\`, \`${other}\``,
        state === "refused" ? "refused" : "possible",
        reasons.join("; ").replaceAll("|", "\\|"),
      ]),
  ]);
