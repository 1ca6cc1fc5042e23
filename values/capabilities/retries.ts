import { key } from "../../config/about.ts";
import { count, duration, object, oneOf, text } from "../../config/formats.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { onRoute, pathOf, routeNames } from "./routes.ts";

export const retries = capability({
  title: "retries",
  description: "tries failed requests anew; by default those that come in, three times",
  knobs: object({
    route: key(
      oneOf(routeNames).default("productpage"),
      "the route on which: `productpage`, `reviews` or `ratings`",
    ),
    attempts: key(count.default(3), "how often a request is tried anew"),
    perTryTimeout: key(duration.default("3s"), "how long each of these may take"),
    retryOn: key(text.default("5xx"), "what counts as failed, in Envoy's words"),
  }),
  plan: ({ route, ...tries }) => ({
    routes: [route],
    policy: "RetryTimeoutPolicy",
    objects: {
      policy: policy("resilience", "RetryTimeoutPolicy", "retries", {
        ...onRoute(route),
        config: { retries: tries },
      }),
    },
    check: {
      // Ratings fail where faults are injected; what comes in is tried anew for it.
      request: { path: pathOf[route === "productpage" ? "ratings" : route], times: 20 },
      expected: "hardly a status of 500 or above, although requests inside fail",
      isShown: (answers) => answers.filter(({ status }) => status >= 500).length <= answers.length / 4,
    },
  }),
});
