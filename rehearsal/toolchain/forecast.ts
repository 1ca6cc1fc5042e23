import { availableParallelism } from "node:os";

/** How far the first guess counts beside what was measured, in processor seconds: one small tool is no measure. */
const guessWeight = 30;
/** Compiling a program keeps no more processors busy. */
const mostProcessors = 8;
/** Of the time that processors could have been busy; the linker is busy with one. */
const share = 0.9;

/** What took less of the guess was in Go's cache, which says nothing of what is not. */
const cachedBelow = 1 / 3;

/** How long it takes to make tools of these costs, where the first ones took these seconds. */
export function secondsLeft(
  costs: readonly number[],
  took: readonly number[],
  processors = availableParallelism(),
): number {
  const guess = 1 / (share * Math.min(processors, mostProcessors));
  const measured = took
    .map((seconds, index) => ({ seconds, cost: costs[index] ?? 0 }))
    .filter(({ seconds, cost }) => seconds >= cachedBelow * guess * cost);
  const seconds = guessWeight * guess + sum(measured.map((each) => each.seconds));
  const cost = guessWeight + sum(measured.map((each) => each.cost));
  return (seconds / cost) * sum(costs.slice(took.length));
}

/** E.g. `some 6 min left`. */
export const forecast = (seconds: number): string =>
  seconds < 60 ? "less than a minute left" : `some ${Math.round(seconds / 60)} min left`;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
