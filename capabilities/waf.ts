import { key } from "../schema/describe.ts";
import { flag, object } from "../schema/fields.ts";
import { filled } from "../schema/traffic-fields.ts";
import type { CannotTell, Check } from "./common/check.ts";
import { capability } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { isOn, onRoute, pathOf } from "./common/routes.ts";

const rules = [
  "SecRuleEngine On",
  'SecRule REQUEST_URI|ARGS|REQUEST_HEADERS "@contains ${jndi:" "id:100,phase:1,t:urlDecodeUni,t:lowercase,deny,status:403,log,msg:\'JNDI lookup\'"',
].join("\n");

export const waf = capability({
  title: "WAF",
  description:
    "refuses requests that look like an attack; by default those with a JNDI lookup, as of Log4Shell",
  soloIstio: "its filter, io.solo.filters.http.modsecurity, is in no other",
  options: object({
    rules: key(filled.default(rules), "rules of ModSecurity", "one against JNDI lookups"),
    message: key(filled.default("Refused by the lab's firewall"), "what a refused request is answered with"),
    coreRuleSet: key(flag.default(false), "OWASP's core rules, too"),
  }),
  plan: ({ rules: ruleStr, message, coreRuleSet }) => ({
    routes: ["productpage"],
    policy: "WAFPolicy",
    objects: {
      policy: policy("security", "WAFPolicy", "waf", {
        ...onRoute("productpage"),
        config: {
          disableCoreRuleSet: !coreRuleSet,
          customInterventionMessage: message,
          customRuleSets: [{ ruleStr }],
        },
      }),
    },
    // What other rules refuse, only their author knows.
    answers:
      ruleStr === rules && !coreRuleSet
        ? []
        : [{ status: 403, isCertain: false, concerns: isOn("productpage") }],
    check: checkOf(ruleStr, message),
  }),
});

const attack = "/productpage?q=%24%7Bjndi%3Aldap%3A%2F%2Flab.test%7D";

function checkOf(ruleStr: string, message: string): Check | CannotTell {
  if (!ruleStr.includes(rules))
    return {
      cannotTell:
        "only the author of these rules knows which requests they refuse: send one with curl, and expect its status",
    };
  return {
    request: { path: attack, times: 1 },
    control: { path: pathOf.productpage, times: 1 },
    statuses: [403],
    expected: `403, with "${message}"`,
    isShown: (answers) => answers.every(({ body }) => body.includes(message)),
  };
}
