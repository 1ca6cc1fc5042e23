import { key } from "../schema/describe.ts";
import { object, oneOf } from "../schema/fields.ts";
import { duration, int32, retryOn } from "../schema/traffic-fields.ts";
import { attemptsFor } from "./common/bookinfo-faults.ts";
import type { CannotTell, Check } from "./common/check.ts";
import { capability, type InjectedErrors } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { onRoute, pathOf, type RouteName, routeNames } from "./common/routes.ts";
import { isShare } from "./common/shares.ts";

interface Retries {
  readonly route: RouteName;
  readonly attempts: number;
  readonly retryOn: string;
}

export const retries = capability({
  title: "retries",
  description: "tries failed requests again; by default those that come in, three times",
  options: object({
    route: key(
      oneOf(routeNames).default("productpage"),
      "the route on which: `productpage`, `reviews` or `ratings`",
    ),
    attempts: key(int32.default(3), "how often a request is tried again"),
    perTryTimeout: key(duration.default("3s"), "how long each of these may take"),
    retryOn: key(retryOn.default("5xx"), "what counts as failed, in Envoy's words"),
  }),
  plan: ({ route, ...tries }, { faults }) => ({
    routes: [route],
    policy: "RetryTimeoutPolicy",
    objects: {
      policy: policy("resilience", "RetryTimeoutPolicy", "retries", {
        ...onRoute(route),
        config: { retries: tries },
      }),
    },
    check: checkOf({ route, ...tries }, faults),
  }),
});

const toFail =
  "turn on faultInjection on route ratings with an abort (capabilities.faultInjection.abort.percentage: 50), so that requests inside fail";

/** Requests that fail inside are tried again where they come in; how many fail before and after is known. */
function checkOf(tries: Retries, faults: InjectedErrors | undefined): Check | CannotTell {
  const { route, attempts, retryOn: conditions } = tries;
  if (route !== "productpage")
    return {
      cannotTell: `only retries on route productpage can be seen: on ${route} Istio retries by itself, and it does not retry faults that it injects there`,
    };
  if (faults === undefined || faults.route === "productpage")
    return { cannotTell: `nothing fails that could be tried again: ${toFail}` };
  if (!conditions.split(",").some((condition) => covers(condition, faults.httpStatus)))
    return {
      cannotTell: `retryOn is ${conditions}, and the requests that fail get ${faults.httpStatus}: choose another capabilities.faultInjection.abort.httpStatus`,
    };
  const before = (faults.percentage / 100) ** attemptsFor[faults.route];
  const after = before ** (attempts + 1);
  const times = 100;
  if (isShare(Math.round(after * times), times, 100 * before))
    return {
      cannotTell: `${faults.percentage} % of the requests inside fail, which looks alike with retries and without: ${toFail}`,
    };
  return {
    request: { path: pathOf[faults.route], times },
    statuses: [200, faults.httpStatus],
    expected: `${percent(after)} % of the answers are ${faults.httpStatus}, where it were ${percent(before)} % without retries`,
    isShown: (answers) => {
      const failed = answers.filter(({ status }) => status === faults.httpStatus).length;
      return isShare(failed, answers.length, 100 * after) && !isShare(failed, answers.length, 100 * before);
    },
  };
}

const percent = (part: number): number => Math.round(1000 * part) / 10;

/** Whether a condition of Envoy's counts a status as failed. */
function covers(condition: string, status: number): boolean {
  if (condition === "5xx") return status >= 500;
  if (condition === "gateway-error") return status >= 502 && status <= 504;
  if (condition === "retriable-4xx") return status === 409;
  // By itself, `retriable-status-codes` stands for no status: Istio takes those that are beside it.
  return condition === String(status);
}
