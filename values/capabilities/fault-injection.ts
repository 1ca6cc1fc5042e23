import { z } from "zod";
import { key } from "../../config/about.ts";
import { duration, httpStatus, object, oneOf, percentage } from "../../config/formats.ts";
import { capability } from "./definition.ts";
import { policy, secondsOf } from "./policy.ts";
import { onRoute, pathOf, routeNames } from "./routes.ts";

const delay = object({
  fixedDelay: key(duration.default("2s"), "how long requests are held back"),
  percentage: key(percentage.default(50), "of how many of them, in percent"),
});

const abort = object({
  httpStatus: key(httpStatus.default(500), "what they are answered with"),
  percentage: key(percentage.default(50), "how many of them, in percent"),
});

export const faultInjection = capability({
  title: "fault injection",
  description:
    "holds requests back, or answers them with an error; by default 2 s for half of those for ratings",
  knobs: object({
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
  }).refine(({ delay, abort }) => delay !== false || abort !== false, "it has neither a delay nor an abort"),
  plan: ({ route, delay, abort }) => ({
    routes: [route],
    policy: "FaultInjectionPolicy",
    objects: {
      policy: policy("resilience", "FaultInjectionPolicy", "fault-injection", {
        ...onRoute(route),
        config: { ...(delay === false ? {} : { delay }), ...(abort === false ? {} : { abort }) },
      }),
    },
    check: {
      request: { path: pathOf[route], times: 20 },
      expected: [
        ...(delay === false ? [] : [`${delay.percentage} % of the answers take ${delay.fixedDelay} longer`]),
        ...(abort === false ? [] : [`${abort.percentage} % of them are ${abort.httpStatus}`]),
      ].join(", and "),
      isShown: (answers) =>
        // The product page waits for three seconds, and no longer.
        (delay === false ||
          answers.some(({ seconds }) => seconds >= Math.min(secondsOf(delay.fixedDelay), 2.9))) &&
        (abort === false || answers.some(({ status }) => status === abort.httpStatus)),
    },
  }),
});
