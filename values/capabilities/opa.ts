import { key } from "../../config/about.ts";
import { object, text } from "../../config/formats.ts";
import { bookinfoNamespace } from "../bookinfo.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { onRoute, pathOf } from "./routes.ts";
import { serverReference } from "./servers.ts";

const addOn = "ext-auth-service";
const module = { name: "opa-bookinfo", namespace: bookinfoNamespace };

const rego = `package bookinfo

default allow = false

# Everybody may read.
allow {
  input.http_request.method == "GET"
}
`;

export const opa = capability({
  title: "OPA authorization",
  description:
    "asks a policy in Rego about each request that comes in; by default all may read, and nobody may log in",
  addOn,
  knobs: object({
    rego: key(text.default(rego), "the policy", "`GET` is allowed"),
    query: key(text.default("data.bookinfo.allow == true"), "what must hold for a request"),
  }),
  plan: ({ rego: source, query }, { home }) => ({
    routes: ["productpage"],
    policy: "ExtAuthPolicy",
    configMaps: { rego: { metadata: module, data: { "policy.rego": source } } },
    objects: {
      policy: policy("security", "ExtAuthPolicy", "opa", {
        ...onRoute("productpage"),
        config: {
          server: serverReference(addOn, home),
          glooAuth: { configs: [{ opaAuth: { modules: [module], query } }] },
        },
      }),
    },
    check: {
      request: { path: "/login", method: "POST", headers: { referer: pathOf.productpage }, times: 1 },
      expected: "403, as it is no GET",
      isShown: (answers) => answers.every(({ status }) => status === 403),
    },
  }),
});
