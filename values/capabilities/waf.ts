import { key } from "../../config/about.ts";
import { flag, object, text } from "../../config/formats.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { onRoute } from "./routes.ts";

const rules = [
  "SecRuleEngine On",
  'SecRule REQUEST_URI|ARGS|REQUEST_HEADERS "@contains ${jndi:" "id:100,phase:1,t:urlDecodeUni,t:lowercase,deny,status:403,log,msg:\'JNDI lookup\'"',
].join("\n");

export const waf = capability({
  title: "WAF",
  description:
    "refuses requests that look like an attack; by default those with a JNDI lookup, as of Log4Shell",
  soloIstio: "its filter, io.solo.filters.http.modsecurity, is in no other",
  knobs: object({
    rules: key(text.default(rules), "rules of ModSecurity", "one against JNDI lookups"),
    message: key(text.default("Refused by the lab's firewall"), "what a refused request is answered with"),
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
    check: {
      request: { path: "/productpage?q=%24%7Bjndi%3Aldap%3A%2F%2Flab.test%7D", times: 1 },
      expected: `403, with "${message}"`,
      isShown: (answers) => answers.every(({ status, body }) => status === 403 && body.includes(message)),
    },
  }),
});
