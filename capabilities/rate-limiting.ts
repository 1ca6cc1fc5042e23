import { key } from "../schema/describe.ts";
import { object, oneOf } from "../schema/fields.ts";
import { uint32 } from "../schema/traffic-fields.ts";
import { bookinfoNamespace } from "../values/bookinfo.ts";
import type { CannotTell, Check } from "./common/check.ts";
import { capability } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { isOn, onRoute, pathOf } from "./common/routes.ts";
import { serverAt, serverReference } from "./common/servers.ts";
import { mostRequests } from "./common/shares.ts";

const addOn = "rate-limiter";
const name = "rate-limiting";
/** What requests that count together are called between proxy and server. */
const descriptor = "ingress";

const units = ["SECOND", "MINUTE", "HOUR", "DAY"] as const;

export const rateLimiting = capability({
  title: "rate limiting",
  description: "refuses requests beyond a number; by default the fourth of a minute that comes in",
  soloIstio: "Solo.io supports rate limits at gateways with it only",
  addOn,
  options: object({
    requestsPerUnit: key(uint32.default(3), "how many requests are let in"),
    unit: key(oneOf(units).default("MINUTE"), "a `SECOND`, `MINUTE`, `HOUR` or `DAY`"),
  }),
  plan: (rateLimit, { ingressCluster: cluster }) => {
    const own = { name, namespace: bookinfoNamespace, cluster };
    return {
      routes: ["productpage"],
      policy: "RateLimitPolicy",
      objects: {
        client: policy("trafficcontrol", "RateLimitClientConfig", name, {
          raw: { rateLimits: [{ actions: [{ genericKey: { descriptorValue: descriptor } }] }] },
        }),
        server: {
          apiVersion: "admin.gloo.solo.io/v2",
          kind: "RateLimitServerConfig",
          metadata: { name, namespace: bookinfoNamespace },
          spec: {
            destinationServers: [serverAt(addOn, cluster)],
            raw: { descriptors: [{ key: "generic_key", value: descriptor, rateLimit }] },
          },
        },
        policy: policy("trafficcontrol", "RateLimitPolicy", name, {
          ...onRoute("productpage"),
          config: {
            serverSettings: serverReference(addOn, cluster),
            ratelimitClientConfig: own,
            ratelimitServerConfig: own,
            phase: { preAuthz: { priority: 1 } },
          },
        }),
      },
      answers: [{ status: 429, isCertain: false, concerns: isOn("productpage") }],
      check: checkOf(rateLimit),
    };
  },
});

/** How many requests an exercise sends at the most while a unit of time lasts: one after the other takes its time. */
const mostPerUnit: Readonly<Record<(typeof units)[number], number>> = {
  SECOND: 20,
  MINUTE: 500,
  HOUR: mostRequests - 1,
  DAY: mostRequests - 1,
};

function checkOf({
  requestsPerUnit,
  unit,
}: {
  readonly requestsPerUnit: number;
  readonly unit: (typeof units)[number];
}): Check | CannotTell {
  if (requestsPerUnit > mostPerUnit[unit])
    return {
      cannotTell: `an exercise sends no more than ${mostPerUnit[unit]} requests a ${unit}, and ${requestsPerUnit} are let in`,
    };
  return {
    request: { path: pathOf.productpage, times: requestsPerUnit + 1 },
    statuses: [200, 429],
    expected: `429 after ${requestsPerUnit} requests with 200 in a ${unit}`,
    // All of them refused is no limit: it is either used up, or nothing comes in at all.
    isShown: (answers) =>
      answers.some(({ status }) => status === 200) && answers.some(({ status }) => status === 429),
  };
}
