import { key } from "../schema/describe.ts";
import { object, oneOf } from "../schema/fields.ts";
import { duration, millisecondsOf } from "../schema/traffic-fields.ts";
import { attemptsFor, patience, ratingsDelay, slowRatings } from "./common/bookinfo-faults.ts";
import type { CannotTell, Check } from "./common/check.ts";
import { capability, type Topology } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { isOn, onRoute, pathOf, type RouteName, routeNames } from "./common/routes.ts";
import { timesFor } from "./common/shares.ts";

export const timeouts = capability({
  title: "timeouts",
  description: "gives up requests that take too long; by default those for reviews after half a second",
  options: object({
    route: key(
      oneOf(routeNames).default("reviews"),
      "the route on which: `productpage`, `reviews` or `ratings`",
    ),
    requestTimeout: key(duration.default("0.5s"), "how long a request may take, all of its retries included"),
  }),
  plan: ({ route, requestTimeout }, lab) => ({
    routes: [route],
    policy: "RetryTimeoutPolicy",
    objects: {
      policy: policy("resilience", "RetryTimeoutPolicy", "timeouts", {
        ...onRoute(route),
        config: { requestTimeout },
      }),
    },
    answers: [{ status: 504, isCertain: false, concerns: isOn(route) }],
    check: checkOf(route, requestTimeout, lab),
  }),
});

/** How long each version of reviews waits for ratings that are slow, in seconds; v1 does not ask for any. */
const waitOf = { v1: 0, v2: ratingsDelay, v3: 2.5 } as const;

/** Requests that take long while ratings are slow. */
interface Slow {
  readonly path: string;
  /** How long they take without a timeout, in seconds. */
  readonly seconds: number;
  /** How many of all requests for that path these are. */
  readonly part: number;
}

/** Half of all requests for ratings are slow, and the product page waits for no answer longer than its patience. */
function slowOnes(route: RouteName, limit: number, { ingressCluster, bookinfo }: Topology): Slow[] {
  const versions = bookinfo.find(({ cluster }) => cluster === ingressCluster)?.reviews ?? [];
  const slowPart = (least: number): number =>
    versions.filter((version) => waitOf[version] >= least).length / Math.max(1, versions.length) / 2;
  const ratings = { path: pathOf.ratings, seconds: patience, part: 0.5 };
  const reviews = { path: pathOf.reviews, part: slowPart(limit) ** attemptsFor.reviews };
  return {
    ratings: [ratings],
    reviews: [
      { ...reviews, seconds: Math.min(patience, Math.max(0, ...versions.map((one) => waitOf[one]))) },
    ],
    productpage: [
      ratings,
      {
        path: pathOf.reviews,
        seconds: patience * attemptsFor.reviews,
        part: slowPart(patience) ** attemptsFor.reviews,
      },
    ],
  }[route].filter(({ part }) => part > 0);
}

/** How many seconds tell one end of waiting from another. */
const margin = 0.5;

function checkOf(route: RouteName, requestTimeout: string, lab: Topology): Check | CannotTell {
  const limit = millisecondsOf(requestTimeout) / 1000;
  const slow = slowOnes(route, limit + margin, lab);
  const found = slow.find(({ seconds }) => limit + margin <= seconds);
  if (found === undefined)
    return {
      cannotTell: `no request on route ${route} can be made to take longer than ${requestTimeout}; the slowest takes ${Math.max(0, ...slow.map(({ seconds }) => seconds))} s`,
    };
  const attempts = route === "productpage" ? 1 : attemptsFor[route];
  return {
    request: { path: found.path, times: timesFor(100 * found.part) },
    disturbance: slowRatings,
    statuses: [200, 504],
    expected: `504 after ${requestTimeout}${attempts === 1 ? "" : `, tried ${attempts} times`}, where ratings are slow; half of their answers then are`,
    isShown: (answers) => {
      const late = answers.filter(({ status }) => status === 504);
      return (
        late.length > 0 &&
        late.every(({ seconds }) => seconds >= limit) &&
        answers.every(({ seconds }) => seconds < attempts * limit + 1)
      );
    },
  };
}
