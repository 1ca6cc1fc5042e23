import { key } from "../schema/describe.ts";
import { object } from "../schema/fields.ts";
import { headerNames, headerPattern, headersOf, headerValue } from "../schema/traffic-fields.ts";
import type { CannotTell, Check } from "./common/check.ts";
import { capability } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { onRoute, pathOf } from "./common/routes.ts";

interface Headers {
  readonly appendResponseHeaders: Readonly<Record<string, string>>;
  readonly removeResponseHeaders: readonly string[];
}

const headers = headersOf(headerValue);

const isEitherOr = (added: Readonly<Record<string, string>>, removed: readonly string[]): boolean =>
  removed.every((name) => !Object.keys(added).some((other) => other.toLowerCase() === name.toLowerCase()));

export const headerManipulation = capability({
  title: "header manipulation",
  description: "adds headers to what goes through the ingress gateway, and removes some",
  options: object({
    appendRequestHeaders: key(headers.default({}), "headers to add to requests"),
    removeRequestHeaders: key(headerNames.default([]), "headers to remove from them"),
    appendResponseHeaders: key(
      headers.default({ "x-mesh-lab": "bookinfo" }),
      "headers to add to answers",
      "`x-mesh-lab: bookinfo`",
    ),
    removeResponseHeaders: key(
      headerNames.default(["x-envoy-upstream-service-time"]),
      "headers to remove from them",
    ),
  })
    .refine(
      (config) => Object.values(config).some((some) => Object.keys(some).length > 0),
      "it neither adds nor removes a header",
    )
    .refine(
      ({ appendRequestHeaders, removeRequestHeaders }) =>
        isEitherOr(appendRequestHeaders, removeRequestHeaders),
      "it adds a header to requests and removes it from them",
    )
    .refine(
      ({ appendResponseHeaders, removeResponseHeaders }) =>
        isEitherOr(appendResponseHeaders, removeResponseHeaders),
      "it adds a header to answers and removes it from them",
    ),
  plan: (config) => ({
    routes: ["productpage"],
    objects: {
      policy: policy("trafficcontrol", "HeaderManipulationPolicy", "header-manipulation", {
        ...onRoute("productpage"),
        config: Object.fromEntries(
          Object.entries(config).filter(([, headers]) => Object.keys(headers).length > 0),
        ),
      }),
    },
    check: checkOf(config),
  }),
});

/** Headers that every answer has, unless somebody removes them. */
const usual = new Set(["content-length", "content-type", "date", "server", "x-envoy-upstream-service-time"]);

function checkOf({ appendResponseHeaders, removeResponseHeaders }: Headers): Check | CannotTell {
  const appended = Object.entries(appendResponseHeaders);
  const removed = removeResponseHeaders.filter((name) => usual.has(name.toLowerCase()));
  if (appended.length === 0 && removed.length === 0)
    return {
      cannotTell: `Bookinfo does not say which headers its requests have, and its answers have none of those that are removed: add a header to answers, or remove ${[...usual].join(" or ")}`,
    };
  return {
    request: { path: pathOf.productpage, times: 1 },
    expected: [
      ...appended.map(([name, value]) => `header ${name}: ${value}`),
      ...removeResponseHeaders.map((name) => `no header ${name}`),
    ].join(", "),
    isShown: (answers) =>
      answers.every(
        ({ headers }) =>
          appended.every(
            ([name, value]) =>
              headers[name.toLowerCase()] !== undefined &&
              headerPattern(value).test(headers[name.toLowerCase()] ?? ""),
          ) && removeResponseHeaders.every((name) => headers[name.toLowerCase()] === undefined),
      ),
  };
}
