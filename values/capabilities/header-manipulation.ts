import { key } from "../../config/about.ts";
import { object, strings, texts } from "../../config/formats.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { onRoute, pathOf } from "./routes.ts";

export const headerManipulation = capability({
  title: "header manipulation",
  description: "adds headers to what goes through the ingress gateway, and takes some away",
  knobs: object({
    appendRequestHeaders: key(strings.default({}), "headers that requests are given"),
    removeRequestHeaders: key(texts.default([]), "headers that are taken from them"),
    appendResponseHeaders: key(
      strings.default({ "x-mesh-lab": "bookinfo" }),
      "headers that answers are given",
      "`x-mesh-lab: bookinfo`",
    ),
    removeResponseHeaders: key(
      texts.default(["x-envoy-upstream-service-time"]),
      "headers that are taken from them",
    ),
  }),
  plan: (config) => {
    const { appendResponseHeaders, removeResponseHeaders } = config;
    const appended = Object.entries(appendResponseHeaders);
    return {
      routes: ["productpage"],
      objects: {
        policy: policy("trafficcontrol", "HeaderManipulationPolicy", "header-manipulation", {
          ...onRoute("productpage"),
          config: Object.fromEntries(
            Object.entries(config).filter(([, headers]) => Object.keys(headers).length > 0),
          ),
        }),
      },
      check: {
        request: { path: pathOf.productpage, times: 1 },
        expected: [
          ...appended.map(([name, value]) => `header ${name}: ${value}`),
          ...removeResponseHeaders.map((name) => `no header ${name}`),
        ].join(", "),
        isShown: (answers) =>
          answers.every(
            ({ headers }) =>
              appended.every(([name, value]) => headers[name.toLowerCase()]?.includes(value) === true) &&
              removeResponseHeaders.every((name) => headers[name.toLowerCase()] === undefined),
          ),
      },
    };
  },
});
