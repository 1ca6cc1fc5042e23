import { key } from "../schema/describe.ts";
import { object } from "../schema/fields.ts";
import { filled } from "../schema/traffic-fields.ts";
import { bookinfoNamespace } from "../values/bookinfo.ts";
import type { CannotTell, Check, OwnAnswer } from "./common/check.ts";
import { capability } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { isOn, onRoute, pathOf } from "./common/routes.ts";
import { serverReference } from "./common/servers.ts";

const addOn = "ext-auth-service";
const module = { name: "opa-bookinfo", namespace: bookinfoNamespace };

const rego = `package bookinfo

default allow = false

# Everybody may read.
allow {
  input.http_request.method == "GET"
}
`;

const allowed = "data.bookinfo.allow == true";

export const opa = capability({
  title: "OPA authorization",
  description:
    "asks a policy in Rego about each request that comes in; by default all may read, and nobody may log in",
  addOn,
  options: object({
    rego: key(filled.default(rego), "the policy", "`GET` is allowed"),
    query: key(filled.default(allowed), "what must hold for a request"),
  }),
  plan: ({ rego: source, query }, { ingressCluster }) => ({
    routes: ["productpage"],
    policy: "ExtAuthPolicy",
    configMaps: { rego: { metadata: module, data: { "policy.rego": source } } },
    objects: {
      policy: policy("security", "ExtAuthPolicy", "opa", {
        ...onRoute("productpage"),
        config: {
          server: serverReference(addOn, ingressCluster),
          glooAuth: { configs: [{ opaAuth: { modules: [module], query } }] },
        },
      }),
    },
    answers: [refusal(isLabs(source, query))],
    check: checkOf(isLabs(source, query)),
  }),
});

/** Whether policy and query are those of the lab, whatever blanks and comments are between its lines. */
const isLabs = (source: string, query: string): boolean =>
  statementsOf(source) === statementsOf(rego) && query === allowed;

const statementsOf = (source: string): string =>
  source
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");

const refusal = (isLabs: boolean): OwnAnswer => ({
  status: 403,
  isCertain: isLabs,
  concerns: ({ path, method = "GET" }) => isOn("productpage")({ path }) && (!isLabs || method !== "GET"),
});

function checkOf(isLabs: boolean): Check | CannotTell {
  if (!isLabs)
    return {
      cannotTell:
        "only the author of this policy knows which requests it refuses: send one with curl, and expect 403",
    };
  return {
    request: { path: "/login", method: "POST", headers: { referer: pathOf.productpage }, times: 1 },
    control: { path: pathOf.productpage, times: 1 },
    statuses: [403],
    expected: "403, as it is no GET",
    isShown: (answers) => answers.every(({ status }) => status === 403),
  };
}
