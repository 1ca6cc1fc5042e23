import type { CapabilityName } from "../../../capabilities/all.ts";
import type { Answering } from "./gateway.ts";

export const redStars = '{"reviews": [{"rating": {"stars": 5, "color": "red"}}]}';
export const blackStars = '{"reviews": [{"rating": {"stars": 5, "color": "black"}}]}';
export const noStars = '{"reviews": [{"text": "An extremely entertaining play"}]}';
const isAttack: Answering = ({ url = "" }) => (url.includes("jndi") ? { status: 403 } : {});

/** What a gateway answers where a capability works, and where it does not. */
export const gateways: Readonly<Partial<Record<CapabilityName, { on: Answering; off: Answering }>>> = {
  failover: { on: () => ({}), off: () => ({ status: 503 }) },
  faultInjection: { on: (_, number) => ({ seconds: number % 2 === 0 ? 1.05 : 0 }), off: () => ({}) },
  outlierDetection: {
    on: (_, number) => ({ status: number % 60 < 40 ? 503 : 200 }),
    off: (_, number) => ({ status: number % 2 === 0 ? 503 : 200 }),
  },
  headerManipulation: {
    on: () => ({ headers: { "X-Mesh-Lab": "bookinfo" } }),
    off: () => ({ headers: { "x-envoy-upstream-service-time": "2" } }),
  },
  accessControl: { on: () => ({ status: 403 }), off: () => ({}) },
  opa: { on: ({ method }) => (method === "POST" ? { status: 403 } : {}), off: () => ({ status: 403 }) },
  trafficSplitting: {
    on: (_, number) => ({ body: number % 5 === 0 ? blackStars : noStars }),
    off: () => ({ body: noStars }),
  },
  rateLimiting: { on: (_, number) => ({ status: number > 3 ? 429 : 200 }), off: () => ({}) },
  transformation: {
    on: () => ({ status: 404, body: "There is no such page in the lab." }),
    off: () => ({ status: 404, body: "404 Not Found" }),
  },
  waf: {
    on: (request, number) => ({ ...isAttack(request, number), body: "Refused by the lab's firewall" }),
    off: () => ({}),
  },
  oidc: {
    on: () => ({
      status: 302,
      headers: { location: "http://keycloak.test/?response_type=code&client_id=bookinfo&scope=openid+email" },
    }),
    off: () => ({}),
  },
};
