import { key } from "../../config/about.ts";
import { count, object, oneOf } from "../../config/formats.ts";
import { bookinfoNamespace } from "../bookinfo.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { onRoute, pathOf } from "./routes.ts";
import { serverAt, serverReference } from "./servers.ts";

const addOn = "rate-limiter";
const name = "rate-limiting";
/** What requests that count together are called between proxy and server. */
const descriptor = "ingress";

export const rateLimiting = capability({
  title: "rate limiting",
  description: "refuses requests beyond a number; by default the fourth of a minute that comes in",
  soloIstio: "Solo.io supports rate limits at gateways with it only",
  addOn,
  knobs: object({
    requestsPerUnit: key(count.default(3), "how many requests are let in"),
    unit: key(
      oneOf(["SECOND", "MINUTE", "HOUR", "DAY"]).default("MINUTE"),
      "a `SECOND`, `MINUTE`, `HOUR` or `DAY`",
    ),
  }),
  plan: (rateLimit, { home: cluster }) => {
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
      check: {
        request: { path: pathOf.productpage, times: rateLimit.requestsPerUnit + 1 },
        expected: `429 after ${rateLimit.requestsPerUnit} requests`,
        isShown: (answers) => answers.some(({ status }) => status === 429),
      },
    };
  },
});
