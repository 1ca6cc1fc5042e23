import { key } from "../schema/describe.ts";
import { object } from "../schema/fields.ts";
import { headersOf, httpStatus, template, templatePattern } from "../schema/traffic-fields.ts";
import { slowRatings, withoutPods } from "./common/bookinfo-faults.ts";
import type { CannotTell, Check } from "./common/check.ts";
import { capability, type InjectedErrors } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { onRoute, pathOf } from "./common/routes.ts";
import { timesFor } from "./common/shares.ts";

interface Transformation {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export const transformation = capability({
  title: "payload transformation",
  description:
    "puts another body into answers of one status; by default into those that say that a page is not there",
  soloIstio: "its filter, io.solo.transformation, is in no other",
  options: object({
    status: key(httpStatus.default(404), "the status of these answers"),
    body: key(template.default("There is no such page in the lab."), "their body, a template of Inja"),
    headers: key(headersOf(template).default({}), "headers for all answers, each a template of Inja"),
  }),
  plan: (config, { faults }) => {
    const { status, body, headers } = config;
    return {
      routes: ["productpage"],
      objects: {
        policy: policy("trafficcontrol", "TransformationPolicy", "transformation", {
          ...onRoute("productpage"),
          config: {
            phase: { postAuthz: { priority: 1 } },
            response: {
              injaTemplate: {
                body: {
                  text: `{% if header(":status") == "${status}" %}${body}{% else %}{{ body() }}{% endif %}`,
                },
                // Bodies that are no JSON would fail.
                parseBodyBehavior: "DontParse",
                ...(Object.keys(headers).length === 0
                  ? {}
                  : {
                      headers: Object.fromEntries(
                        Object.entries(headers).map(([name, text]) => [name, { text }]),
                      ),
                    }),
              },
            },
          },
        }),
      },
      check: checkOf(config, faults),
    };
  },
});

/** What Bookinfo answers with each of these statuses. */
const requestsFor: Readonly<Record<number, Pick<Check, "request" | "disturbance">>> = {
  200: { request: { path: pathOf.productpage, times: 1 } },
  302: { request: { path: "/logout", headers: { referer: pathOf.productpage }, times: 1 } },
  404: { request: { path: "/nowhere", times: 1 } },
  405: { request: { path: pathOf.productpage, method: "POST", times: 1 } },
  // Half of the answers come too late for the product page.
  500: { request: { path: pathOf.ratings, times: timesFor(50) }, disturbance: slowRatings },
  503: { request: { path: pathOf.ratings, times: 1 }, disturbance: withoutPods("ratings") },
};

/** Requests that faults inside are the answer to. */
const failing = ({ route, percentage }: InjectedErrors): Pick<Check, "request"> => ({
  request: { path: pathOf[route], times: timesFor(percentage) },
});

function checkOf(
  { status, body, headers }: Transformation,
  faults: InjectedErrors | undefined,
): Check | CannotTell {
  const isInjected = faults?.httpStatus === status && faults.route === "ratings";
  const found = isInjected ? failing(faults) : requestsFor[status];
  if (found === undefined)
    return {
      cannotTell: `Bookinfo does not answer with ${status}; choose one of ${Object.keys(requestsFor).join(", ")}, or let faultInjection on route ratings answer with it`,
    };
  const added = Object.entries(headers);
  return {
    ...found,
    statuses: [...new Set([...(found.request.times > 1 ? [200] : []), status])],
    expected: [
      `${status} with the body that is configured`,
      ...added.map(([name, text]) => `header ${name}: ${text}`),
    ].join(", "),
    isShown: (answers) => {
      const concerned = answers.filter((answer) => answer.status === status);
      return (
        concerned.length > 0 &&
        concerned.every((answer) => templatePattern(body).test(answer.body)) &&
        answers.every((answer) =>
          added.every(([name, text]) =>
            templatePattern(text).test(answer.headers[name.toLowerCase()] ?? "\0"),
          ),
        )
      );
    },
  };
}
