import { key } from "../../config/about.ts";
import { duration, object, oneOf } from "../../config/formats.ts";
import { capability } from "./definition.ts";
import { policy, secondsOf } from "./policy.ts";
import { onRoute, pathOf, routeNames } from "./routes.ts";

/** Bookinfo's product page asks for reviews twice before it gives up. */
const attempts = 2;

export const timeouts = capability({
  title: "timeouts",
  description: "gives up requests that take too long; by default those for reviews after half a second",
  knobs: object({
    route: key(
      oneOf(routeNames).default("reviews"),
      "the route on which: `productpage`, `reviews` or `ratings`",
    ),
    requestTimeout: key(duration.default("0.5s"), "how long a request may take, with all that is tried anew"),
  }),
  plan: ({ route, requestTimeout }) => ({
    routes: [route],
    policy: "RetryTimeoutPolicy",
    objects: {
      policy: policy("resilience", "RetryTimeoutPolicy", "timeouts", {
        ...onRoute(route),
        config: { requestTimeout },
      }),
    },
    check: {
      request: { path: pathOf[route], times: 20 },
      expected: `no answer takes much longer than ${requestTimeout}; where something is slow, it is 504`,
      isShown: (answers) =>
        answers.every(({ seconds }) => seconds < attempts * secondsOf(requestTimeout) + 1),
    },
  }),
});
