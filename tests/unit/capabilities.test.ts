import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { capabilityRisks } from "../../config/capabilities.ts";
import { checkSettings } from "../../config/check.ts";
import type { Answer } from "../../values/capabilities/check.ts";
import {
  type CapabilityName,
  capabilityNames,
  labView,
  neededAddOns,
  type TurnedOn,
  turnedOn,
  workspaceOptions,
} from "../../values/capabilities/index.ts";
import { meshRoute } from "../../values/capabilities/routes.ts";
import { serverSettings } from "../../values/capabilities/servers.ts";
import { workspaceSettings } from "../../values/gloo-resources.ts";
import { complaintsAbout, glooKinds } from "./support/crds.ts";

const workloads = [
  { name: "east", bookinfo: { reviews: ["v1", "v2"] } },
  { name: "west", bookinfo: { reviews: ["v3"] } },
];

const settingsWith = (chosen: object, more: object = {}) =>
  checkSettings({ licenseKey: "key", workloads, capabilities: chosen, ...more });

/** What capabilities come to in a lab of two clusters, as the configuration turns them on. */
function plansOf(chosen: object, more: object = {}): TurnedOn[] {
  const { settings, mistakes } = settingsWith(chosen, more);
  expect(mistakes).toEqual([]);
  if (settings === undefined) throw new Error("no settings");
  const addresses = { ingressUrl: "http://gateway.test", issuerUrl: "http://keycloak.test/realms/lab" };
  return turnedOn(settings.capabilities, labView(settings.workloads, addresses));
}

function planOf(name: CapabilityName, knobs: unknown, more: object = {}): TurnedOn {
  const [plan] = plansOf({ [name]: knobs }, more);
  if (plan === undefined) throw new Error(`${name} is off`);
  return plan;
}

/** Objects in short: `Kind namespace/name`, each with its labels and spec. */
const inShort = ({ objects }: TurnedOn) =>
  Object.fromEntries(
    Object.values(objects).map(({ kind, metadata: { namespace, name, labels }, spec }) => [
      `${kind} ${namespace}/${name}`,
      labels === undefined ? spec : { labels, ...spec },
    ]),
  );

const defaults = parse(
  `
parts:
  - &productpage { applyToRoutes: [{ route: { labels: { route: productpage } } }] }
  - &reviews { applyToRoutes: [{ route: { labels: { route: reviews } } }] }
  - &ratings { applyToRoutes: [{ route: { labels: { route: ratings } } }] }
  - &failover { applyToDestinations: [{ kind: VIRTUAL_DESTINATION, selector: { labels: { failover: "true" } } }] }
  - &outliers { consecutiveErrors: 2, interval: 5s, baseEjectionTime: 30s, maxEjectionPercent: 100 }
  - &extAuth { name: ext-auth-server, namespace: gloo-mesh-addons, cluster: east }
  - &limits { name: rate-limiting, namespace: bookinfo, cluster: east }
failover:
  VirtualDestination bookinfo/productpage:
    labels: { failover: "true" }
    hosts: [productpage.global]
    services: [{ namespace: bookinfo, labels: { app: productpage } }]
    ports: [{ number: 9080, protocol: HTTP }]
  RouteTable bookinfo/failover:
    hosts: [productpage.global]
    virtualGateways: [{ name: north-south-gw, namespace: istio-gateways, cluster: east }]
    workloadSelectors: []
    http:
      - name: failover
        matchers: [{ uri: { prefix: / } }]
        forwardTo:
          destinations:
            - { kind: VIRTUAL_DESTINATION, ref: { name: productpage, namespace: bookinfo }, port: { number: 9080 } }
  FailoverPolicy bookinfo/failover: { <<: *failover, config: { localityMappings: [] } }
  OutlierDetectionPolicy bookinfo/failover: { <<: *failover, config: *outliers }
faultInjection:
  FaultInjectionPolicy bookinfo/fault-injection:
    <<: *ratings
    config: { delay: { fixedDelay: 2s, percentage: 50 } }
outlierDetection:
  OutlierDetectionPolicy bookinfo/outlier-detection:
    applyToDestinations: [{ selector: { namespace: bookinfo, labels: { app: ratings } } }]
    config: *outliers
retries:
  RetryTimeoutPolicy bookinfo/retries:
    <<: *productpage
    config: { retries: { attempts: 3, perTryTimeout: 3s, retryOn: 5xx } }
timeouts:
  RetryTimeoutPolicy bookinfo/timeouts: { <<: *reviews, config: { requestTimeout: 0.5s } }
trafficSplitting: {}
mirroring:
  MirrorPolicy bookinfo/mirroring:
    <<: *reviews
    config:
      destination: { ref: { name: reviews, namespace: bookinfo, cluster: west }, port: { number: 9080 } }
      percentage: 100
rateLimiting:
  RateLimitClientConfig bookinfo/rate-limiting:
    raw: { rateLimits: [{ actions: [{ genericKey: { descriptorValue: ingress } }] }] }
  RateLimitServerConfig bookinfo/rate-limiting:
    destinationServers:
      - { ref: { cluster: east, name: rate-limiter, namespace: gloo-mesh-addons }, port: { name: grpc } }
    raw:
      descriptors: [{ key: generic_key, value: ingress, rateLimit: { requestsPerUnit: 3, unit: MINUTE } }]
  RateLimitPolicy bookinfo/rate-limiting:
    <<: *productpage
    config:
      serverSettings: { name: rate-limit-server, namespace: gloo-mesh-addons, cluster: east }
      ratelimitClientConfig: *limits
      ratelimitServerConfig: *limits
      phase: { preAuthz: { priority: 1 } }
headerManipulation:
  HeaderManipulationPolicy bookinfo/header-manipulation:
    <<: *productpage
    config:
      appendResponseHeaders: { x-mesh-lab: bookinfo }
      removeResponseHeaders: [x-envoy-upstream-service-time]
transformation:
  TransformationPolicy bookinfo/transformation:
    <<: *productpage
    config:
      phase: { postAuthz: { priority: 1 } }
      response:
        injaTemplate:
          body:
            text: '{% if header(":status") == "404" %}There is no such page in the lab.{% else %}{{ body() }}{% endif %}'
          parseBodyBehavior: DontParse
accessControl:
  AccessPolicy bookinfo/ratings-access:
    applyToDestinations: [{ selector: { namespace: bookinfo, labels: { app: ratings } } }]
    config:
      authn: { tlsMode: STRICT }
      authz:
        allowedClients: [{ serviceAccountSelector: { name: bookinfo-reviews, namespace: bookinfo } }]
serviceIsolation: {}
waf:
  WAFPolicy bookinfo/waf:
    <<: *productpage
    config:
      disableCoreRuleSet: true
      customInterventionMessage: Refused by the lab's firewall
      customRuleSets:
        - ruleStr: |-
            SecRuleEngine On
            SecRule REQUEST_URI|ARGS|REQUEST_HEADERS "@contains \${jndi:" "id:100,phase:1,t:urlDecodeUni,t:lowercase,deny,status:403,log,msg:'JNDI lookup'"
oidc:
  ExtAuthPolicy bookinfo/oidc:
    <<: *productpage
    config:
      server: *extAuth
      glooAuth:
        configs:
          - oauth2:
              oidcAuthorizationCode:
                appUrl: http://gateway.test
                callbackPath: /callback
                issuerUrl: http://keycloak.test/realms/lab
                clientId: bookinfo
                clientSecretRef: { name: oidc-client, namespace: bookinfo }
                scopes: [email]
                session:
                  failOnFetchFailure: true
                  redis: { cookieName: mesh-lab-session, options: { host: "redis:6379" } }
                  cookieOptions: { notSecure: true }
                headers: { idTokenHeader: jwt }
opa:
  ExtAuthPolicy bookinfo/opa:
    <<: *productpage
    config:
      server: *extAuth
      glooAuth:
        configs:
          - opaAuth:
              modules: [{ name: opa-bookinfo, namespace: bookinfo }]
              query: data.bookinfo.allow == true
`,
  { merge: true },
) as Readonly<Record<CapabilityName, object>>;

describe("a capability with its defaults", () => {
  it.each(capabilityNames)("%s is exactly these objects", (name) => {
    expect(inShort(planOf(name, true))).toEqual(defaults[name]);
    expect(planOf(name, {}).objects).toEqual(planOf(name, true).objects);
  });

  it.each(capabilityNames)("%s is off by false, and where it is not named", (name) => {
    expect(plansOf({ [name]: false })).toEqual([]);
    expect(plansOf({})).toEqual([]);
  });

  it.each(capabilityNames)(
    "%s has only fields that Gloo Mesh knows, in groups that have its kinds",
    (name) => {
      const plan = planOf(name, true);
      const settings = workspaceSettings("developers", plan.settings);
      for (const { apiVersion, kind, spec } of [...Object.values(plan.objects), settings]) {
        expect(apiVersion).toBe(`${glooKinds.get(kind)?.spec.group ?? "no group"}/v2`);
        expect(complaintsAbout(kind, spec)).toEqual([]);
      }
    },
  );

  it("opa has its policy in Rego beside it", () => {
    expect(planOf("opa", true).configMaps).toEqual({
      rego: {
        metadata: { name: "opa-bookinfo", namespace: "bookinfo" },
        data: {
          "policy.rego":
            'package bookinfo\n\ndefault allow = false\n\n# Everybody may read.\nallow {\n  input.http_request.method == "GET"\n}\n',
        },
      },
    });
  });
});

describe("a knob", () => {
  const route = (name: string) => ({ applyToRoutes: [{ route: { labels: { route: name } } }] });
  it.each<[name: CapabilityName, knobs: object, object: string, part: object]>([
    [
      "failover",
      { regions: [{ from: "east", to: "west" }] },
      "FailoverPolicy bookinfo/failover",
      { config: { localityMappings: [{ from: { region: "east" }, to: [{ region: "west" }] }] } },
    ],
    [
      "failover",
      { consecutiveErrors: 5, interval: "1s", baseEjectionTime: "2m", maxEjectionPercent: 50 },
      "OutlierDetectionPolicy bookinfo/failover",
      { config: { consecutiveErrors: 5, interval: "1s", baseEjectionTime: "2m", maxEjectionPercent: 50 } },
    ],
    [
      "faultInjection",
      { route: "productpage", delay: { fixedDelay: "500ms" } },
      "FaultInjectionPolicy bookinfo/fault-injection",
      { ...route("productpage"), config: { delay: { fixedDelay: "500ms", percentage: 50 } } },
    ],
    [
      "faultInjection",
      { delay: { percentage: 0.5 }, abort: {} },
      "FaultInjectionPolicy bookinfo/fault-injection",
      {
        ...route("ratings"),
        config: {
          delay: { fixedDelay: "2s", percentage: 0.5 },
          abort: { httpStatus: 500, percentage: 50 },
        },
      },
    ],
    [
      "faultInjection",
      { delay: false, abort: { httpStatus: 418, percentage: 100 } },
      "FaultInjectionPolicy bookinfo/fault-injection",
      { ...route("ratings"), config: { abort: { httpStatus: 418, percentage: 100 } } },
    ],
    [
      "outlierDetection",
      { service: "details", consecutiveErrors: 1 },
      "OutlierDetectionPolicy bookinfo/outlier-detection",
      {
        applyToDestinations: [{ selector: { namespace: "bookinfo", labels: { app: "details" } } }],
        config: { consecutiveErrors: 1, interval: "5s", baseEjectionTime: "30s", maxEjectionPercent: 100 },
      },
    ],
    [
      "retries",
      { route: "ratings", attempts: 1, perTryTimeout: "1s", retryOn: "reset,503" },
      "RetryTimeoutPolicy bookinfo/retries",
      {
        ...route("ratings"),
        config: { retries: { attempts: 1, perTryTimeout: "1s", retryOn: "reset,503" } },
      },
    ],
    [
      "timeouts",
      { route: "productpage", requestTimeout: "3s" },
      "RetryTimeoutPolicy bookinfo/timeouts",
      { ...route("productpage"), config: { requestTimeout: "3s" } },
    ],
    [
      "mirroring",
      { percentage: 10, cluster: "east", version: "v2" },
      "MirrorPolicy bookinfo/mirroring",
      {
        ...route("reviews"),
        config: {
          destination: {
            ref: { name: "reviews", namespace: "bookinfo", cluster: "east" },
            port: { number: 9080 },
            subset: { version: "v2" },
          },
          percentage: 10,
        },
      },
    ],
    [
      "rateLimiting",
      { requestsPerUnit: 100, unit: "HOUR" },
      "RateLimitServerConfig bookinfo/rate-limiting",
      {
        raw: {
          descriptors: [
            { key: "generic_key", value: "ingress", rateLimit: { requestsPerUnit: 100, unit: "HOUR" } },
          ],
        },
      },
    ],
    [
      "headerManipulation",
      {
        appendRequestHeaders: { "x-a": "1" },
        removeRequestHeaders: ["x-b"],
        appendResponseHeaders: { "x-c": "2" },
        removeResponseHeaders: [],
      },
      "HeaderManipulationPolicy bookinfo/header-manipulation",
      {
        config: {
          appendRequestHeaders: { "x-a": "1" },
          removeRequestHeaders: ["x-b"],
          appendResponseHeaders: { "x-c": "2" },
        },
      },
    ],
    [
      "transformation",
      { status: 503, body: "Later.", headers: { "x-length": "{{ length(body()) }}" } },
      "TransformationPolicy bookinfo/transformation",
      {
        config: {
          response: {
            injaTemplate: {
              body: {
                text: '{% if header(":status") == "503" %}Later.{% else %}{{ body() }}{% endif %}',
              },
              headers: { "x-length": { text: "{{ length(body()) }}" } },
            },
          },
        },
      },
    ],
    [
      "accessControl",
      { allow: { productpage: ["ingress"] }, tlsMode: "PERMISSIVE" },
      "AccessPolicy bookinfo/productpage-access",
      {
        applyToDestinations: [{ selector: { namespace: "bookinfo", labels: { app: "productpage" } } }],
        config: {
          authn: { tlsMode: "PERMISSIVE" },
          authz: {
            allowedClients: [
              { serviceAccountSelector: { name: "istio-ingressgateway", namespace: "istio-gateways" } },
            ],
          },
        },
      },
    ],
    [
      "waf",
      { rules: "SecRuleEngine On", message: "No.", coreRuleSet: true },
      "WAFPolicy bookinfo/waf",
      {
        config: {
          disableCoreRuleSet: false,
          customInterventionMessage: "No.",
          customRuleSets: [{ ruleStr: "SecRuleEngine On" }],
        },
      },
    ],
    [
      "oidc",
      { scopes: ["email", "profile"] },
      "ExtAuthPolicy bookinfo/oidc",
      {
        config: {
          glooAuth: { configs: [{ oauth2: { oidcAuthorizationCode: { scopes: ["email", "profile"] } } }] },
        },
      },
    ],
    [
      "opa",
      { query: "data.test.ok" },
      "ExtAuthPolicy bookinfo/opa",
      { config: { glooAuth: { configs: [{ opaAuth: { query: "data.test.ok" } }] } } },
    ],
  ])("of %s: %j", (name, knobs, object, part) => {
    const plan = planOf(name, knobs);
    expect(inShort(plan)).toHaveProperty([object]);
    expect(inShort(plan)[object]).toMatchObject(part);
    for (const { kind, spec } of Object.values(plan.objects)) expect(complaintsAbout(kind, spec)).toEqual([]);
  });

  it("of accessControl: one policy for each service", () => {
    const allow = { ratings: ["reviews"], details: ["productpage", "reviews"] };
    expect(Object.keys(inShort(planOf("accessControl", { allow })))).toEqual([
      "AccessPolicy bookinfo/details-access",
      "AccessPolicy bookinfo/ratings-access",
    ]);
  });

  it("of serviceIsolation: whether proxies know of less", () => {
    const isolation = (knobs: object | true) => planOf("serviceIsolation", knobs).settings;
    expect(isolation(true)).toEqual({ serviceIsolation: { enabled: true, trimProxyConfig: true } });
    expect(isolation({ trimProxyConfig: false })).toEqual({
      serviceIsolation: { enabled: true, trimProxyConfig: false },
    });
  });

  it("of opa: another policy in Rego", () => {
    expect(planOf("opa", { rego: "package test" }).configMaps).toMatchObject({
      rego: { data: { "policy.rego": "package test" } },
    });
  });

  it("of oidc: an issuer, which takes Keycloak's place", () => {
    const issuer = { url: "https://login.test/", clientId: "lab" };
    const plan = planOf("oidc", { issuer }, { oidcClientSecret: "secret" });
    expect(plan.keycloak).toBe(false);
    expect(inShort(plan)["ExtAuthPolicy bookinfo/oidc"]).toMatchObject({
      config: {
        glooAuth: {
          configs: [
            { oauth2: { oidcAuthorizationCode: { issuerUrl: "https://login.test/", clientId: "lab" } } },
          ],
        },
      },
    });
    expect(planOf("oidc", true).keycloak).toBe(true);
  });
});

describe("traffic splitting", () => {
  const federation = {
    enabled: true,
    hostSuffix: "global",
    serviceSelector: [{ namespace: "bookinfo", labels: { app: "reviews" } }],
  };
  const destination = (cluster: string, weight: number, version?: string) => ({
    ref: { name: "reviews", namespace: "bookinfo", cluster },
    port: { number: 9080 },
    ...(version === undefined ? {} : { subset: { version } }),
    weight,
  });

  it("sends a fifth to the next cluster, whose reviews can be named then", () => {
    const plan = planOf("trafficSplitting", true);
    expect(plan.destinations).toEqual([destination("east", 80), destination("west", 20)]);
    expect(plan.settings).toEqual({ federation });
    expect(complaintsAbout("RouteTable", meshRoute("reviews", "east", plan.destinations).spec)).toEqual([]);
  });

  it("stays at home where it is told to, and changes no settings then", () => {
    const reviews = [
      { version: "v1", weight: 90 },
      { version: "v2", weight: 10 },
    ];
    const plan = planOf("trafficSplitting", { reviews }, { multiCluster: false });
    expect(plan.destinations).toEqual([destination("east", 90, "v1"), destination("east", 10, "v2")]);
    expect(plan.settings).toBeUndefined();
  });

  it("goes where it is told to", () => {
    const reviews = [
      { cluster: "west", version: "v3", weight: 50 },
      { cluster: "east", weight: 50 },
    ];
    expect(planOf("trafficSplitting", { reviews }).destinations).toEqual([
      destination("west", 50, "v3"),
      destination("east", 50),
    ]);
  });
});

describe("what capabilities share", () => {
  it("is a route inside the mesh, for requests of the home cluster's Bookinfo alone", () => {
    expect(meshRoute("ratings", "east")).toEqual({
      apiVersion: "networking.gloo.solo.io/v2",
      kind: "RouteTable",
      metadata: { name: "ratings", namespace: "bookinfo" },
      spec: {
        hosts: ["ratings.bookinfo.svc.cluster.local"],
        workloadSelectors: [{ selector: { namespace: "bookinfo", cluster: "east" } }],
        http: [
          {
            name: "ratings",
            labels: { route: "ratings" },
            matchers: [{ uri: { prefix: "/" } }],
            forwardTo: {
              destinations: [{ ref: { name: "ratings", namespace: "bookinfo" }, port: { number: 9080 } }],
            },
          },
        ],
      },
    });
  });

  it.each([
    ["ext-auth-service", "ExtAuthServer", "ext-auth-server", { requestTimeout: "2s" }],
    ["rate-limiter", "RateLimitServerSettings", "rate-limit-server", {}],
  ] as const)("is where %s is", (addOn, kind, name, more) => {
    const settings = serverSettings(addOn, "east");
    expect(settings).toEqual({
      apiVersion: "admin.gloo.solo.io/v2",
      kind,
      metadata: { name, namespace: "gloo-mesh-addons" },
      spec: {
        destinationServer: {
          ref: { cluster: "east", name: addOn, namespace: "gloo-mesh-addons" },
          port: { name: "grpc" },
        },
        ...more,
      },
    });
    expect(complaintsAbout(kind, settings.spec)).toEqual([]);
  });

  it("is each server once, and settings of the workspace that all have a part in", () => {
    expect(neededAddOns(plansOf({ rateLimiting: true, opa: true }))).toEqual([
      "ext-auth-service",
      "rate-limiter",
    ]);
    expect(neededAddOns(plansOf({ waf: true }))).toEqual([]);
    const options = workspaceOptions(
      plansOf({ serviceIsolation: true, mirroring: true, trafficSplitting: true }),
    );
    expect(workspaceSettings("developers", options).spec).toEqual({
      options: {
        serviceIsolation: { enabled: true, trimProxyConfig: true },
        federation: {
          enabled: true,
          hostSuffix: "global",
          serviceSelector: [{ namespace: "bookinfo", labels: { app: "reviews" } }],
        },
      },
    });
  });
});

describe("all capabilities", () => {
  it("live together by default, but for one of two that decide who comes in", () => {
    const all = Object.fromEntries(capabilityNames.map((name) => [name, true]));
    expect(plansOf({ ...all, opa: false }).map(({ name }) => name)).toEqual(
      capabilityNames.filter((name) => name !== "opa"),
    );
  });

  it("have objects that no other has", () => {
    const all = Object.fromEntries(capabilityNames.map((name) => [name, true]));
    const names = plansOf({ ...all, opa: false }).flatMap((plan) => Object.keys(inShort(plan)));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("mistakes in capabilities", () => {
  const [east, west] = workloads;
  const oneOfTwo = { workloads: [east, { name: "west" }] };
  it.each<[what: string, chosen: object, more: object, lines: string[]]>([
    ["an unknown one", { magic: true }, {}, ["capabilities.magic: there is no such setting"]],
    [
      "an unknown knob",
      { timeouts: { after: "1s" } },
      {},
      ["capabilities.timeouts.after: there is no such setting"],
    ],
    ["a word", { timeouts: "1s" }, {}, ["capabilities.timeouts: expected true, false or an object"]],
    [
      "no duration",
      { timeouts: { requestTimeout: "1" } },
      {},
      ['capabilities.timeouts.requestTimeout: "1" is no duration; expected one like 500ms or 2s'],
    ],
    [
      "more than all",
      { faultInjection: { delay: { percentage: 101 } } },
      {},
      ["capabilities.faultInjection.delay.percentage: expected 100 or less"],
    ],
    [
      "no status",
      { faultInjection: { abort: { httpStatus: 99 } } },
      {},
      ["capabilities.faultInjection.abort.httpStatus: expected an HTTP status from 200 to 599"],
    ],
    [
      "a fault that is none",
      { faultInjection: { delay: false } },
      {},
      ["capabilities.faultInjection: it has neither a delay nor an abort"],
    ],
    [
      "no route",
      { retries: { route: "details" } },
      {},
      ["capabilities.retries.route: expected one of productpage, reviews, ratings"],
    ],
    ["no attempt", { retries: { attempts: 0 } }, {}, ["capabilities.retries.attempts: expected 1 or more"]],
    [
      "no service",
      { outlierDetection: { service: "stars" } },
      {},
      ["capabilities.outlierDetection.service: expected one of details, ratings, reviews, productpage"],
    ],
    [
      "shares that are not all",
      {
        trafficSplitting: {
          reviews: [
            { version: "v1", weight: 50 },
            { version: "v2", weight: 40 },
          ],
        },
      },
      {},
      ["capabilities.trafficSplitting.reviews: the weights add up to 90, not to 100"],
    ],
    [
      "one share",
      { trafficSplitting: { reviews: [{ weight: 100 }] } },
      {},
      ["capabilities.trafficSplitting.reviews: expected two shares or more"],
    ],
    [
      "shares of what is not there",
      {
        trafficSplitting: {
          reviews: [
            { cluster: "north", weight: 50 },
            { version: "v3", weight: 50 },
          ],
        },
      },
      {},
      [
        "capabilities.trafficSplitting.reviews[0]: there is no workload cluster north that runs Bookinfo",
        "capabilities.trafficSplitting.reviews[1]: east runs no reviews v3, only v1, v2",
      ],
    ],
    [
      "a mirror that has no such version",
      { mirroring: { version: "v1" } },
      {},
      ["capabilities.mirroring.cluster: west runs no reviews v1, only v3"],
    ],
    [
      "a client that cannot be one",
      { accessControl: { allow: { ratings: ["stars"] } } },
      {},
      [
        "capabilities.accessControl.allow.ratings[0]: expected one of details, ratings, reviews, productpage, ingress",
      ],
    ],
    [
      "no unit",
      { rateLimiting: { unit: "WEEK" } },
      {},
      ["capabilities.rateLimiting.unit: expected one of SECOND, MINUTE, HOUR, DAY"],
    ],
    [
      "an issuer without an address",
      { oidc: { issuer: { url: "login.test", clientId: "lab" } } },
      {},
      ['capabilities.oidc.issuer.url: "login.test" is no URL; expected https://...'],
    ],
    [
      "an issuer without a secret",
      { oidc: { issuer: { url: "https://login.test", clientId: "lab" } } },
      {},
      [
        "capabilities.oidc.issuer: its client's secret is not set: pulumi config set --secret oidcClientSecret SECRET",
      ],
    ],
    [
      "a secret without an issuer",
      { oidc: true },
      { oidcClientSecret: "secret" },
      ["oidcClientSecret: it is for capabilities.oidc.issuer only"],
    ],
    [
      "Keycloak behind an address for people alone",
      { oidc: true },
      { expose: "NodePort", nodeAddress: "lab.test" },
      [
        "capabilities.oidc: people and pods must reach Keycloak at one address, and nodeAddress is for people alone: give an issuer",
      ],
    ],
    [
      "no Bookinfo on the first cluster",
      { opa: true, faultInjection: true },
      { workloads: [{ name: "east" }, west] },
      [
        "capabilities.faultInjection: it works on Bookinfo of the first workload cluster, and workloads[0].bookinfo is not set",
        "capabilities.opa: it works on Bookinfo of the first workload cluster, and workloads[0].bookinfo is not set",
      ],
    ],
    [
      "no way in",
      { waf: true, faultInjection: true },
      { workloads: [{ ...east, ingress: false }, west] },
      [
        "capabilities.waf: it works on what comes in through the first ingress gateway, and workloads[0].ingress is false",
      ],
    ],
    ...(["failover", "trafficSplitting", "mirroring"] as const).flatMap(
      (name): [string, object, object, string[]][] => [
        [
          `${name} between one cluster`,
          { [name]: true },
          { workloads: [east] },
          [
            `capabilities.${name}: it sends requests to another workload cluster that runs Bookinfo, and there is none`,
          ],
        ],
        [
          `${name} to a cluster without Bookinfo`,
          { [name]: true },
          oneOfTwo,
          [
            `capabilities.${name}: it sends requests to another workload cluster that runs Bookinfo, and there is none`,
          ],
        ],
        [
          `${name} between clusters that do not know of each other`,
          { [name]: true },
          { multiCluster: false },
          [`capabilities.${name}: it sends requests to another cluster, and multiCluster is false`],
        ],
        [
          `${name} to a cluster without a door`,
          { [name]: true },
          { workloads: [east, { ...west, eastWest: false }] },
          [
            `capabilities.${name}: it sends requests to west through its east-west gateway, and workloads[1].eastWest is false`,
          ],
        ],
      ],
    ),
    [
      "two policies of one kind on a route",
      { retries: { route: "reviews" }, timeouts: true },
      {},
      [
        "capabilities.timeouts: retries has its RetryTimeoutPolicy on route reviews, too, and only one of a kind is in effect there: choose another route for one, or turn it off",
      ],
    ],
    [
      "two that decide who comes in",
      { oidc: true, opa: true },
      {},
      [
        "capabilities.opa: oidc has its ExtAuthPolicy on route productpage, too, and only one of a kind is in effect there: turn one of them off",
      ],
    ],
    [
      "faults where requests are to be tried anew",
      { faultInjection: { route: "productpage" }, retries: true },
      {},
      [
        "capabilities.retries: faultInjection is on route productpage, too, and where Istio injects faults it neither retries nor times out: choose another route for one, or turn it off",
      ],
    ],
    [
      "mistakes of many kinds",
      { oidc: true, opa: true, timeouts: { requestTimeout: "soon" } },
      { multiCluster: "yes" },
      [
        'capabilities.timeouts.requestTimeout: "soon" is no duration; expected one like 500ms or 2s',
        "multiCluster: expected true or false",
        "capabilities.opa: oidc has its ExtAuthPolicy on route productpage, too, and only one of a kind is in effect there: turn one of them off",
      ],
    ],
  ])("%s", (_, chosen, more, lines) => {
    const { mistakes } = settingsWith(chosen, more);
    expect(mistakes.map(({ path, message }) => `${path}: ${message}`).sort()).toEqual(lines.sort());
  });
});

describe("another build of Istio than Solo.io's", () => {
  const risks = (chosen: object, more: object = {}) => {
    const { settings } = settingsWith(chosen, more);
    return settings && capabilityRisks(settings);
  };

  it("is warned of where a capability needs it, and nowhere else", () => {
    expect(risks({ waf: true, timeouts: true })).toEqual([
      "capabilities.waf needs Solo.io's build of Istio: its filter, io.solo.filters.http.modsecurity, is in no other. Istio is upstream's, with which it may be without effect: set istioImage.",
    ]);
    expect(risks({ transformation: true }, { istioImage: "registry.test/istio:1.12.6" })).toEqual([
      "capabilities.transformation needs Solo.io's build of Istio: its filter, io.solo.transformation, is in no other. Istio is registry.test/istio:1.12.6, with which it may be without effect: set istioImage.",
    ]);
    expect(risks({ rateLimiting: true })).toHaveLength(1);
    const solo = { istioImage: "registry.test/istio:1.12.6-solo" };
    expect(risks({ waf: true, transformation: true, rateLimiting: true }, solo)).toEqual([]);
  });

  it("is not the only risk: the servers' images have no known place for a mirror", () => {
    const mirror = { imageRegistry: "mirror.test" };
    expect(risks({ opa: true }, mirror)).toEqual([
      "capabilities.opa brings ext-auth-service, and where its chart takes its images from is not known: they do not come from imageRegistry, unless values.glooMeshAddOns says so.",
    ]);
    expect(risks({ opa: true }, { ...mirror, values: { glooMeshAddOns: {} } })).toEqual([]);
    expect(risks({ timeouts: true }, mirror)).toEqual([]);
  });
});

describe("what one sees of a capability", () => {
  const answer = (more: Partial<Answer>): Answer => ({
    status: 200,
    headers: {},
    body: "",
    seconds: 0.01,
    ...more,
  });
  const times = (count: number, more: Partial<Answer>) => Array.from({ length: count }, () => answer(more));
  const red = { body: '{"rating": {"stars": 5, "color": "red"}}' };
  const black = { body: '{"rating": {"stars": 5, "color": "black"}}' };

  it.each<
    [name: CapabilityName, knobs: unknown, on: readonly Answer[], off: readonly Answer[], log?: string]
  >([
    ["failover", true, times(10, {}), times(10, { status: 503 })],
    ["faultInjection", true, [answer({}), answer({ seconds: 2.1 })], times(20, {})],
    [
      "faultInjection",
      { delay: false, abort: {} },
      [answer({}), answer({ status: 500 })],
      times(20, { seconds: 2.1 }),
    ],
    [
      "outlierDetection",
      true,
      [...times(30, {}), ...times(12, { status: 503 }), ...times(18, {})],
      Array.from({ length: 60 }, (_, index) => answer({ status: index % 2 === 0 ? 503 : 200 })),
    ],
    [
      "retries",
      true,
      [...times(19, {}), answer({ status: 500 })],
      [...times(10, {}), ...times(10, { status: 500 })],
    ],
    ["timeouts", true, times(20, { status: 504, seconds: 1.1 }), [...times(19, {}), answer({ seconds: 4 })]],
    ["trafficSplitting", true, [answer({}), answer(black), answer(red)], [answer({}), answer(black)]],
    ["mirroring", true, times(20, {}), times(20, {}), "GET /reviews/0 reviews-shadow:9080"],
    ["rateLimiting", true, [...times(3, {}), answer({ status: 429 })], times(4, {})],
    [
      "headerManipulation",
      true,
      [answer({ headers: { "x-mesh-lab": "bookinfo" } })],
      [answer({ headers: { "x-mesh-lab": "bookinfo", "x-envoy-upstream-service-time": "3" } })],
    ],
    [
      "transformation",
      true,
      [answer({ status: 404, body: "There is no such page in the lab." })],
      [answer({ status: 404, body: "404 Not Found" })],
    ],
    ["accessControl", true, times(5, { status: 403 }), times(5, {})],
    ["accessControl", { allow: { ratings: ["productpage"] } }, times(5, {}), times(5, { status: 403 })],
    ["serviceIsolation", true, [answer({ status: 0 })], [answer({})]],
    ["waf", true, [answer({ status: 403, body: "Refused by the lab's firewall" })], [answer({})]],
    [
      "oidc",
      true,
      [answer({ status: 302, headers: { location: "http://keycloak.test/auth?response_type=code" } })],
      [answer({})],
    ],
    ["opa", true, [answer({ status: 403 })], [answer({ status: 302 })]],
  ])("%s, %j, tells on from off", (name, knobs, on, off, log = "") => {
    const { check } = planOf(name, knobs);
    expect(check.isShown(on, log)).toBe(true);
    expect(check.isShown(off, "")).toBe(false);
  });
});
