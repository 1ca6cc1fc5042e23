import { key } from "../../config/about.ts";
import { httpStatus, object, strings, text } from "../../config/formats.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { onRoute } from "./routes.ts";

export const transformation = capability({
  title: "payload transformation",
  description:
    "puts another body into answers of one status; by default into those that say that a page is not there",
  soloIstio: "its filter, io.solo.transformation, is in no other",
  knobs: object({
    status: key(httpStatus.default(404), "the status of these answers"),
    body: key(text.default("There is no such page in the lab."), "their body, a template of Inja"),
    headers: key(strings.default({}), "headers for all answers, each a template of Inja"),
  }),
  plan: ({ status, body, headers }) => ({
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
                      Object.entries(headers).map(([name, template]) => [name, { text: template }]),
                    ),
                  }),
            },
          },
        },
      }),
    },
    check: {
      request: { path: "/nowhere", times: 1 },
      expected: `${status} with the body that is configured`,
      isShown: (answers) => answers.some((answer) => answer.status === status && answer.body === body),
    },
  }),
});
