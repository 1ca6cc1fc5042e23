import { z } from "zod";
import { key } from "../schema/describe.ts";
import { object, oneOf } from "../schema/fields.ts";
import { duration, httpStatus, millisecondsOf, share } from "../schema/traffic-fields.ts";
import { attemptsFor, patience } from "./common/bookinfo-faults.ts";
import type { Answer, CannotTell, Check } from "./common/check.ts";
import { capability, type InjectedErrors } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { isOn, onRoute, pathOf, type RouteName, routeNames } from "./common/routes.ts";
import { isShare, mostRequests, timesFor } from "./common/shares.ts";

const delay = object({
  fixedDelay: key(duration.default("2s"), "how long requests are held back"),
  percentage: key(share.default(50), "of how many of them, in percent"),
});

const abort = object({
  httpStatus: key(httpStatus.default(500), "what they are answered with"),
  percentage: key(share.default(50), "how many of them, in percent"),
});

const options = object({
  route: key(
    oneOf(routeNames).default("ratings"),
    "the route on which: `productpage`, `reviews` or `ratings`",
  ),
  delay: key(
    z.union([z.literal(false), delay], "expected false or an object").prefault({}),
    "requests are held back, or `false`",
    "they are",
  ),
  abort: key(
    z.union([z.literal(false), abort], "expected false or an object").default(false),
    "requests are answered with an error, or `false`",
  ),
}).refine(({ delay, abort }) => delay !== false || abort !== false, "it has neither a delay nor an abort");

type Faults = z.output<typeof options>;

/** The errors that it injects, if any. */
export const injectedErrors = ({ route, abort }: Faults): InjectedErrors | undefined =>
  abort === false ? undefined : { route, ...abort };

export const faultInjection = capability({
  title: "fault injection",
  description:
    "holds requests back, or answers them with an error; by default 2 s for half of those for ratings",
  options,
  plan: (faults) => {
    const { route, delay, abort } = faults;
    return {
      routes: [route],
      policy: "FaultInjectionPolicy",
      objects: {
        policy: policy("resilience", "FaultInjectionPolicy", "fault-injection", {
          ...onRoute(route),
          config: { ...(delay === false ? {} : { delay }), ...(abort === false ? {} : { abort }) },
        }),
      },
      answers: statusesOf(faults).map((status) => ({
        status,
        isCertain: attemptShare(faults) === 100 && status === (abort === false ? 0 : abort.httpStatus),
        concerns: isOn(route),
      })),
      check: checkOf(faults),
    };
  },
});

/** Whether the product page, or the exercise, would not wait for an answer that is held back. */
const isTooSlow = ({ route, delay }: Faults): boolean =>
  delay !== false && route !== "productpage" && millisecondsOf(delay.fixedDelay) >= patience * 1000;

/** Statuses that come of faults: the product page answers with 500 where it has waited for long enough. */
const statusesOf = (faults: Faults): number[] => [
  ...(faults.abort === false ? [] : [faults.abort.httpStatus]),
  ...(isTooSlow(faults) && (faults.abort === false || faults.abort.httpStatus !== 500) ? [500] : []),
];

/** How many answers are errors, in percent: the product page asks for reviews once more. */
const attemptShare = ({ route, abort }: Faults): number =>
  abort === false ? 0 : 100 * (abort.percentage / 100) ** attemptsFor[route];

/** Longest that an exercise waits for one answer, in seconds. */
const longest = 20;
/** A shorter delay cannot be told from the time that an answer takes anyway, in seconds. */
const shortest = 0.25;

function checkOf(faults: Faults): Check | CannotTell {
  const { route, delay, abort } = faults;
  const seconds = delay === false ? 0 : millisecondsOf(delay.fixedDelay) / 1000;
  const aborted = abort === false || abort.httpStatus === 200 ? 0 : attemptShare(faults);
  if (route === "productpage" && seconds > longest)
    return { cannotTell: `a request would take ${seconds} s, and an exercise waits for ${longest} s` };
  if (aborted === 0 && (delay === false || seconds < shortest))
    return {
      cannotTell:
        delay === false
          ? "an abort with status 200 looks like any other answer"
          : `a delay of ${delay.fixedDelay} looks like the time that an answer takes anyway; from ${1000 * shortest}ms on it can be seen`,
    };
  const shownDelay = delay === false || seconds < shortest ? undefined : delay;
  const shares = [aborted, shownDelay?.percentage ?? 0].filter((percent) => percent > 0);
  const times = Math.max(20, ...shares.map(timesFor));
  if (times > mostRequests)
    return {
      cannotTell: `so few requests get a fault that ${times} would be needed to see one, and an exercise sends ${mostRequests} at most`,
    };
  const least = isTooSlow(faults) ? patience : seconds;
  return {
    request: { path: pathOf[route], times },
    statuses: [...new Set([200, ...statusesOf(faults)])],
    expected: [
      ...(shownDelay === undefined
        ? []
        : [`${shownDelay.percentage} % of the answers take ${shownDelay.fixedDelay} longer`]),
      ...(abort === false ? [] : [`${Math.round(aborted * 10) / 10} % of them are ${abort.httpStatus}`]),
    ].join(", and "),
    isShown: (answers) =>
      (shownDelay === undefined || isHeld(answers, least, shownDelay.percentage, route)) &&
      (abort === false || isAborted(answers, abort.httpStatus, aborted, isTooSlow(faults))),
  };
}

/**
 * Whether as many answers are late as should be; what is asked for twice may be late twice as often. Where some are not
 * held back, they show how long an answer takes anyway.
 */
function isHeld(answers: readonly Answer[], seconds: number, percent: number, route: RouteName): boolean {
  const usual = percent === 100 ? 0 : Math.min(...answers.map((answer) => answer.seconds));
  const late = answers.filter((answer) => answer.seconds >= Math.max(seconds, usual + 0.9 * seconds)).length;
  return (
    isShare(late, answers.length, percent) ||
    (attemptsFor[route] > 1 && late > (answers.length * percent) / 100)
  );
}

/** Whether as many answers are errors as should be; the product page's own, where it waited in vain, may look alike. */
function isAborted(answers: readonly Answer[], status: number, percent: number, hasOthers: boolean): boolean {
  const errors = answers.filter((answer) => answer.status === status).length;
  return (
    percent === 0 ||
    isShare(errors, answers.length, percent) ||
    (hasOthers && errors > (answers.length * percent) / 100)
  );
}
