import { key } from "../schema/describe.ts";
import { object, oneOf } from "../schema/fields.ts";
import { duration, millisecondsOf, uint32, wholePercentage } from "../schema/traffic-fields.ts";
import { bookinfoNamespace, bookinfoServiceNames } from "../values/bookinfo.ts";
import { faultyRatings, longestRun } from "./common/bookinfo-faults.ts";
import type { Answer } from "./common/check.ts";
import { capability } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { pathOf } from "./common/routes.ts";

/** When an endpoint counts as broken, and for how long; with it, failover knows when to leave. */
export const outlierKnobs = {
  consecutiveErrors: key(uint32.default(2), "errors in a row after which an endpoint is left out"),
  interval: key(duration.default("5s"), "how often that is looked at"),
  baseEjectionTime: key(duration.default("30s"), "how long it is left out, at first"),
  maxEjectionPercent: key(wholePercentage.default(100), "how many endpoints at most, in percent"),
};

/** More errors in a row than these hardly ever come from ratings that fail every second time. */
const mostErrors = 5;
/** A shorter ejection is over before a run of errors tells. */
const leastEjection = 2000;

export const outlierDetection = capability({
  title: "outlier detection",
  description: "leaves out endpoints that fail; by default those of ratings, after two errors in a row",
  options: object({
    service: key(oneOf(bookinfoServiceNames).default("ratings"), "the service whose endpoints these are"),
    ...outlierKnobs,
  }),
  plan: ({ service, ...config }) => ({
    routes: [],
    objects: {
      policy: policy("resilience", "OutlierDetectionPolicy", "outlier-detection", {
        applyToDestinations: [{ selector: { namespace: bookinfoNamespace, labels: { app: service } } }],
        config,
      }),
    },
    check: checkOf(service, config),
  }),
});

function checkOf(
  service: (typeof bookinfoServiceNames)[number],
  { consecutiveErrors, baseEjectionTime }: { consecutiveErrors: number; baseEjectionTime: string },
) {
  if (service !== "ratings")
    return { cannotTell: `Bookinfo's ${service} cannot be made to fail now and then; its ratings can` };
  if (consecutiveErrors > mostErrors)
    return {
      cannotTell: `ratings fail every second time, and ${consecutiveErrors} times in a row hardly ever; up to ${mostErrors} can be seen`,
    };
  if (millisecondsOf(baseEjectionTime) < leastEjection)
    return {
      cannotTell: `an endpoint is back after ${baseEjectionTime}; from 2s on one sees that it was gone`,
    };
  return {
    request: { path: pathOf.ratings, times: 60 },
    disturbance: faultyRatings,
    statuses: [200, 503],
    expected: "a run of 503 once ratings, which then fails every second time, is left out",
    // Where nothing else comes back, it is not the endpoint that is left out.
    isShown: (answers: readonly Answer[]) =>
      longestRun(answers, 503) >= 10 && answers.some(({ status }) => status === 200),
  };
}
