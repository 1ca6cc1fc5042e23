import type { Problem } from "../diagnosis/diagnosis.ts";

/** How long a wait is left alone, and how long a pod may be on no node before it is given up, in seconds. */
export const patience = { quietSeconds: 20, stuckSeconds: 60 } as const;

type Stuck = NonNullable<Problem["stuck"]>;

/** What to make of what is wrong at one look. */
export interface Verdict {
  /** What is to be said, if it is new. */
  readonly news?: string;
  /** Nothing but the time it takes is known to be wrong. */
  readonly isSlow: boolean;
  /** Why waiting is no use. */
  readonly hopeless?: string;
}

/** Problems in one line, those with a known reason before and instead of others; as many as can be read. */
export function inShort(problems: readonly Problem[], most = 3): string {
  const known = problems.filter(({ isSlow }) => isSlow !== true);
  const told = [...new Set((known.length > 0 ? known : problems).map(({ text }) => text))];
  const rest = told.length - most;
  return [...told.slice(0, most), ...(rest > 0 ? [`${rest} more.`] : [])].join(" ");
}

/** Judges one look at a wait after another; times are in milliseconds. */
export function createPatience(start: number): (problems: readonly Problem[], now: number) => Verdict {
  let said = "";
  let stuck = new Map<string, number>();
  return (problems, now) => {
    // What has been so from before may be about to change: it counts from when the wait began.
    const first = ({ pod, since }: Stuck): number => stuck.get(pod) ?? Math.max(start, since);
    const waiting = problems.flatMap(({ stuck: found, text }) =>
      found === undefined ? [] : [{ ...found, text }],
    );
    stuck = new Map(waiting.map((found) => [found.pod, first(found)]));
    const lost = waiting.find(({ pod }) => now - (stuck.get(pod) ?? now) >= patience.stuckSeconds * 1000);
    const text = inShort(problems);
    const isNew = text !== said && text !== "";
    said = text;
    return {
      isSlow: problems.every(({ isSlow }) => isSlow === true),
      ...(isNew ? { news: text } : {}),
      ...(lost === undefined ? {} : { hopeless: lost.text }),
    };
  };
}
