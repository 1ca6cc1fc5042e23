import type { Answer, Check, CheckRequest, OwnAnswer } from "./check.ts";

/** A capability that is on, with what it answers itself. */
export interface Answering {
  readonly name: string;
  readonly answers?: readonly OwnAnswer[];
}

/** What answers say of a capability. */
export interface Judgement {
  /** `shown`: the effect is there; `missing`: it is not; `open`: something else answered, so that nobody can tell. */
  readonly state: "shown" | "missing" | "open";
  /** Why the effect is not shown; empty where it is. */
  readonly because: string;
}

/** Which of the capabilities that are on can have given a status to a request. */
export const answerersOf = (
  status: number,
  request: Pick<CheckRequest, "path" | "method">,
  on: readonly Answering[],
): string[] =>
  on
    .filter(({ answers = [] }) =>
      answers.some((answer) => answer.status === status && answer.concerns(request)),
    )
    .map(({ name }) => name);

/** What a request is answered with where all capabilities that are on are in effect. */
export interface Expected {
  /** Every status that is right. */
  readonly statuses: readonly number[];
  /** Capabilities that answer each such request, so that Bookinfo never does. */
  readonly certain: readonly { readonly name: string; readonly status: number }[];
}

/** What to expect for a request of which Bookinfo makes a 200. */
export function expectedFor(
  request: Pick<CheckRequest, "path" | "method">,
  on: readonly Answering[],
): Expected {
  const own = on.flatMap(({ name, answers = [] }) =>
    answers
      .filter((answer) => answer.concerns(request))
      .map(({ status, isCertain }) => ({ name, status, isCertain })),
  );
  const certain = own.filter(({ isCertain }) => isCertain);
  return {
    statuses: [...new Set([...(certain.length === 0 ? [200] : []), ...own.map(({ status }) => status)])],
    certain: certain.map(({ name, status }) => ({ name, status })),
  };
}

/** What to call a status in a sentence. */
export const statusText = (status: number): string => (status === 0 ? "no answer" : String(status));

/**
 * Judges the answers of an exercise: first whether each of them says something of the capability, then its effect.
 *
 * @param others the other capabilities that are on
 */
export function judge(
  check: Check,
  answers: readonly Answer[],
  log: string,
  others: readonly Answering[],
): Judgement {
  const stray = strays(check.request, check.statuses ?? [200], answers, others);
  if (answers.length === 0) return { state: "missing", because: "nothing was sent" };
  if (stray !== undefined) return stray;
  return check.isShown(answers, log)
    ? { state: "shown", because: "" }
    : { state: "missing", because: "the answers do not show it" };
}

/** What is said of answers with other statuses than these; undefined where there are none. */
export function strays(
  request: CheckRequest,
  statuses: readonly number[],
  answers: readonly Answer[],
  others: readonly Answering[],
): Judgement | undefined {
  const counts = new Map<number, number>();
  for (const { status } of answers)
    if (!statuses.includes(status)) counts.set(status, (counts.get(status) ?? 0) + 1);
  if (counts.size === 0) return undefined;
  const found = [...counts].map(([status, count]) => ({
    status,
    count,
    by: answerersOf(status, request, others),
  }));
  const because = found
    .map(({ status, count, by }) => {
      const given = by.length === 0 ? "" : `, which ${by.join(" or ")} gives`;
      return `${count} of ${answers.length} requests got ${statusText(status)}${given}`;
    })
    .join("; ");
  return { state: found.every(({ by }) => by.length > 0) ? "open" : "missing", because };
}
