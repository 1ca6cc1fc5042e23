import type { CapabilityName } from "../../capabilities/all.ts";

const addOns = ["add-ons-namespace", "add-ons-release"];

/** What comes with each capability, with its defaults: ends of names, after `lab-capabilities-`. */
export const brings: Readonly<Record<CapabilityName, readonly string[]>> = {
  failover: ["failover-destination", "failover-outliers", "failover-policy", "failover-route"],
  faultInjection: ["fault-injection-policy", "route-ratings"],
  outlierDetection: ["outlier-detection-policy"],
  retries: ["retries-policy"],
  timeouts: ["route-reviews", "timeouts-policy"],
  trafficSplitting: ["route-reviews"],
  mirroring: ["mirroring-policy", "route-reviews"],
  rateLimiting: [
    ...addOns,
    "add-ons-rate-limiter",
    "rate-limiting-client",
    "rate-limiting-policy",
    "rate-limiting-server",
  ],
  headerManipulation: ["header-manipulation-policy"],
  transformation: ["transformation-policy"],
  accessControl: ["access-control-ratings"],
  serviceIsolation: [],
  waf: ["waf-policy"],
  oidc: [
    ...addOns,
    "add-ons-ext-auth-service",
    "keycloak-address",
    "keycloak-administrator",
    "keycloak-client-secret",
    "keycloak-deployment",
    "keycloak-logins",
    "keycloak-namespace",
    "keycloak-reader",
    "keycloak-realm",
    "keycloak-service",
    "oidc-client",
    "oidc-policy",
  ],
  opa: [...addOns, "add-ons-ext-auth-service", "opa-policy", "opa-rego"],
};
