import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pairs } from "../../../config/reference/capability-pairs.ts";
import { capabilityRisks } from "../../../config/capability-rules.ts";
import { checkSettings } from "../../../config/check.ts";
import {
  type CapabilityName,
  capabilityNames,
  topologyOf,
  neededAddOns,
  type TurnedOn,
  enabledCapabilities,
  workspaceOptions,
} from "../../../capabilities/all.ts";
import { meshRoute } from "../../../capabilities/common/routes.ts";
import { serverSettings } from "../../../capabilities/common/servers.ts";
import { workspaceSettings } from "../../../values/gloo-resources.ts";
import { complaintsAbout as complaintsOf, glooKinds, glooPlatformKinds } from "../support/crds.ts";

const kindsOfSets = [glooKinds, glooPlatformKinds()];

/** What the kinds of any set have against a spec. */
const complaintsAbout = (kind: string, spec: unknown): string[] =>
  kindsOfSets.flatMap((kinds) => complaintsOf(kind, spec, kinds));

const workloads = [
  { name: "east", bookinfo: { reviews: ["v1", "v2"] } },
  { name: "west", bookinfo: { reviews: ["v3"] } },
];

const [east, west] = workloads;
const regions = {
  workloads: [
    { ...east, region: "europe" },
    { ...west, region: "asia" },
  ],
};

const settingsWith = (chosen: object, more: object = {}) =>
  checkSettings({ licenseKey: "key", workloads, capabilities: chosen, ...more });

/** What capabilities come to in a lab of two clusters, as the configuration turns them on. */
function plansOf(chosen: object, more: object = {}): TurnedOn[] {
  const { settings, mistakes } = settingsWith(chosen, more);
  expect(mistakes).toEqual([]);
  if (settings === undefined) throw new Error("no settings");
  const addresses = { ingressUrl: "http://gateway.test", issuerUrl: "http://keycloak.test/realms/lab" };
  return enabledCapabilities(settings.capabilities, topologyOf(settings.workloads, addresses));
}

function planOf(name: CapabilityName, options: unknown, more: object = {}): TurnedOn {
  const [plan] = plansOf({ [name]: options }, more);
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
        labels: { route: productpage }
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
        for (const kinds of kindsOfSets)
          expect(apiVersion).toBe(`${kinds.get(kind)?.spec.group ?? "no group"}/v2`);
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
  it.each<[name: CapabilityName, options: object, object: string, part: object, more?: object]>([
    [
      "failover",
      { regions: [{ from: "europe", to: "asia" }] },
      "FailoverPolicy bookinfo/failover",
      { config: { localityMappings: [{ from: { region: "europe" }, to: [{ region: "asia" }] }] } },
      regions,
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
  ])("of %s: %j", (name, options, object, part, more) => {
    const plan = planOf(name, options, more);
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
    const isolation = (options: object | true) => planOf("serviceIsolation", options).settings;
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
  it("is a route inside the mesh, for requests of the ingress cluster's Bookinfo alone", () => {
    expect(meshRoute("ratings", "east")).toEqual({
      apiVersion: "networking.gloo.solo.io/v2",
      kind: "RouteTable",
      metadata: { name: "ratings", namespace: "bookinfo" },
      spec: {
        hosts: ["ratings.bookinfo.svc.cluster.local"],
        workloadSelectors: [{ selector: { labels: { "mesh-lab/cluster": "east" } } }],
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
  const oneOfTwo = { workloads: [east, { name: "west" }] };
  it.each<[what: string, chosen: object, more: object, lines: string[]]>([
    ["an unknown one", { magic: true }, {}, ["capabilities.magic: there is no such setting"]],
    [
      "an unknown knob",
      { timeouts: { after: "1s" } },
      {},
      [
        "capabilities.timeouts.after: there is no such setting; capabilities.timeouts has route, requestTimeout",
      ],
    ],
    [
      "a word",
      { timeouts: "1s" },
      {},
      ['capabilities.timeouts: expected true, false or an object, found "1s"'],
    ],
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
      ["capabilities.faultInjection.delay.percentage: expected 100 or less, found 101"],
    ],
    [
      "no status",
      { faultInjection: { abort: { httpStatus: 99 } } },
      {},
      ["capabilities.faultInjection.abort.httpStatus: expected an HTTP status from 200 to 599, found 99"],
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
      ['capabilities.retries.route: expected one of productpage, reviews, ratings, found "details"'],
    ],
    [
      "no attempt",
      { retries: { attempts: 0 } },
      {},
      ["capabilities.retries.attempts: expected 1 or more, found 0"],
    ],
    [
      "no service",
      { outlierDetection: { service: "stars" } },
      {},
      [
        'capabilities.outlierDetection.service: expected one of details, ratings, reviews, productpage, found "stars"',
      ],
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
      ["capabilities.trafficSplitting.reviews: expected two shares or more, found a list of 1"],
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
        'capabilities.accessControl.allow.ratings[0]: expected one of details, ratings, reviews, productpage, ingress, found "stars"',
      ],
    ],
    [
      "no unit",
      { rateLimiting: { unit: "WEEK" } },
      {},
      ['capabilities.rateLimiting.unit: expected one of SECOND, MINUTE, HOUR, DAY, found "WEEK"'],
    ],
    [
      "an issuer without an address",
      { oidc: { issuer: { url: "login.test", clientId: "lab" } } },
      {},
      ['capabilities.oidc.issuer.url: expected a URL like https://login.example.com, found "login.test"'],
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
          `${name} to a cluster without an east-west gateway`,
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
      "a timeout that would be none",
      { timeouts: { requestTimeout: "0s" } },
      {},
      ['capabilities.timeouts.requestTimeout: "0s" is too short; expected 1ms or more'],
    ],
    [
      "durations that Istio refuses",
      {
        faultInjection: { delay: { fixedDelay: "0.9ms" } },
        retries: { perTryTimeout: "1.0005s" },
        outlierDetection: { interval: "0ms", baseEjectionTime: "-1s" },
      },
      {},
      [
        'capabilities.faultInjection.delay.fixedDelay: "0.9ms" is too short; expected 1ms or more',
        'capabilities.outlierDetection.baseEjectionTime: "-1s" is no duration; expected one like 500ms or 2s',
        'capabilities.outlierDetection.interval: "0ms" is too short; expected 1ms or more',
        'capabilities.retries.perTryTimeout: "1.0005s" has a fraction of a millisecond; expected whole milliseconds',
      ],
    ],
    [
      "shares of nothing",
      {
        faultInjection: { delay: { percentage: 0 }, abort: { percentage: 0.00001 } },
        mirroring: { percentage: 0 },
      },
      {},
      [
        "capabilities.faultInjection.abort.percentage: expected more than 0 (0.0001 is the least), found 0.00001",
        "capabilities.faultInjection.delay.percentage: expected more than 0 (0.0001 is the least), found 0",
        "capabilities.mirroring.percentage: expected more than 0 (0.0001 is the least), found 0",
      ],
    ],
    [
      "numbers that a field has no room for",
      {
        outlierDetection: { consecutiveErrors: 4294967296, maxEjectionPercent: 33.3 },
        failover: { maxEjectionPercent: 0, consecutiveErrors: 1.5 },
        retries: { attempts: 2147483648 },
        rateLimiting: { requestsPerUnit: 1e18 },
        faultInjection: { abort: { httpStatus: 500.5 } },
      },
      {},
      [
        "capabilities.failover.consecutiveErrors: expected a whole number, found 1.5",
        "capabilities.failover.maxEjectionPercent: expected 1 or more, found 0",
        "capabilities.faultInjection.abort.httpStatus: expected an HTTP status from 200 to 599, found 500.5",
        "capabilities.outlierDetection.consecutiveErrors: expected 4294967295 or less, found 4294967296",
        "capabilities.outlierDetection.maxEjectionPercent: expected a whole number of percent, found 33.3",
        "capabilities.rateLimiting.requestsPerUnit: expected 4294967295 or less, found 1000000000000000000",
        "capabilities.retries.attempts: expected 2147483647 or less, found 2147483648",
      ],
    ],
    [
      "conditions for retries that Istio does not know",
      { retries: { retryOn: "5xx,foo, reset,599,600" } },
      {},
      [
        'capabilities.retries.retryOn: "foo", " reset", "600" is no condition for a retry; expected a list like 5xx,reset of 5xx, gateway-error, reset, connect-failure, retriable-4xx, refused-stream, retriable-status-codes, retriable-headers, envoy-ratelimited, cancelled, deadline-exceeded, internal, resource-exhausted, unavailable, or HTTP statuses',
      ],
    ],
    [
      "headers for which Envoy refuses all routes",
      {
        headerManipulation: {
          appendResponseHeaders: {
            "x load": "1",
            "x-load": "100%",
            ":status": "200",
            "x-line": "a\nb",
            "x-nope": "%NOPE% on %HOSTNAME%",
          },
          removeRequestHeaders: ["Host"],
        },
      },
      {},
      [
        'capabilities.headerManipulation.appendResponseHeaders[":status"]: ":status" cannot be changed: Envoy keeps Host and what begins with ":" to itself',
        'capabilities.headerManipulation.appendResponseHeaders["x load"]: "x load" is no name of a header; expected letters, digits and "-"',
        'capabilities.headerManipulation.appendResponseHeaders.x-line: "a\\nb" has a control character, which no header can have',
        'capabilities.headerManipulation.appendResponseHeaders.x-load: "100%" has a single "%", for which Envoy refuses all routes; expected %% for the sign itself, or a command like %REQ(:path)%',
        'capabilities.headerManipulation.appendResponseHeaders.x-nope: "%NOPE% on %HOSTNAME%" has %NOPE%, which Envoy does not know and refuses all routes for; expected a command like %REQ(:path)%, %START_TIME% or %HOSTNAME%',
        'capabilities.headerManipulation.removeRequestHeaders[0]: "Host" cannot be changed: Envoy keeps Host and what begins with ":" to itself',
      ],
    ],
    [
      "headers that undo one another",
      {
        headerManipulation: {
          appendResponseHeaders: { "x-a": "1" },
          removeResponseHeaders: ["X-A", "x-b", "X-B"],
        },
      },
      {},
      ["capabilities.headerManipulation.removeResponseHeaders: x-b stands there twice"],
    ],
    [
      "a header that is added and removed",
      { headerManipulation: { appendResponseHeaders: { "x-a": "1" }, removeResponseHeaders: ["X-A"] } },
      {},
      ["capabilities.headerManipulation: it adds a header to answers and removes it from them"],
    ],
    [
      "headers without any",
      { headerManipulation: { appendResponseHeaders: {}, removeResponseHeaders: [] } },
      {},
      ["capabilities.headerManipulation: it neither adds nor removes a header"],
    ],
    [
      "a template that is left open",
      { transformation: { body: "Hello {{ name }" } },
      {},
      ['capabilities.transformation.body: "Hello {{ name }" has not as many {{ as }}'],
    ],
    [
      "texts that say nothing",
      { waf: { rules: " " }, opa: { query: "" } },
      {},
      [
        'capabilities.opa.query: expected text that is not empty, found ""',
        'capabilities.waf.rules: expected text that is not empty, found " "',
      ],
    ],
    [
      "a scope with blanks",
      { oidc: { scopes: ["email profile"] } },
      {},
      ['capabilities.oidc.scopes[0]: "email profile" is no scope; expected one without blanks, like email'],
    ],
    [
      "nobody who may ask, and nothing that is restricted",
      { accessControl: { allow: { ratings: [] } } },
      {},
      [
        "capabilities.accessControl.allow.ratings: expected one client or more of details, ratings, reviews, productpage, ingress; without any, Gloo Mesh allows all of them, found an empty list",
      ],
    ],
    [
      "access control without an object",
      { accessControl: { allow: {} } },
      {},
      [
        "capabilities.accessControl.allow: expected one service or more of details, ratings, reviews, productpage, found {}",
      ],
    ],
    [
      "a share that stands there twice",
      {
        trafficSplitting: {
          reviews: [
            { version: "v1", weight: 50 },
            { version: "v1", weight: 50 },
          ],
        },
      },
      {},
      ["capabilities.trafficSplitting.reviews: v1 on the first cluster stands there twice"],
    ],
    [
      "a region that fails over to itself, and one that nobody is in",
      {
        failover: {
          regions: [
            { from: "europe", to: "asia" },
            { from: "europe", to: "mars" },
          ],
        },
      },
      regions,
      [
        "capabilities.failover.regions[1].to: no workload cluster that runs Bookinfo is in region mars; there are europe, asia",
      ],
    ],
    [
      "a region that fails over to itself",
      { failover: { regions: [{ from: "asia", to: "asia" }] } },
      regions,
      [
        "capabilities.failover.regions[0]: requests of a region go to itself anyway: expected another one in `to`",
      ],
    ],
    [
      "regions where none is configured",
      { failover: { regions: [{ from: "east", to: "lab" }] } },
      {},
      [
        "capabilities.failover.regions[0].from: no workload cluster that runs Bookinfo is in region east; there are lab",
      ],
    ],
    ...(
      [
        ["rateLimiting", 429],
        ["oidc", 302],
        ["oidc", 401],
        ["oidc", 403],
        ["opa", 403],
        ["waf", 403],
      ] as const
    ).map(([other, status]): [string, object, object, string[]] => [
      `a transformation of what ${other} answers, ${status}`,
      { [other]: true, transformation: { status } },
      {},
      [
        `capabilities.transformation.status: ${other} answers with ${status} before the transformation, and such answers keep their bodies: choose another status, or turn ${other} off`,
      ],
    ]),
    [
      "permissive beside isolated",
      { accessControl: { tlsMode: "PERMISSIVE" }, serviceIsolation: true },
      {},
      [
        "capabilities.accessControl.tlsMode: serviceIsolation lets in clients with mutual TLS only: choose STRICT, or turn serviceIsolation off",
      ],
    ],
    [
      "one header in the hands of two",
      { headerManipulation: true, transformation: { headers: { "X-Mesh-Lab": "{{ status }}" } } },
      {},
      [
        "capabilities.transformation.headers: headerManipulation changes X-Mesh-Lab of answers, too: leave each header to one of them",
      ],
    ],
    [
      "reviews without a version, and one that stands there twice",
      {},
      {
        workloads: [
          { name: "east", bookinfo: { reviews: [] } },
          { name: "west", bookinfo: { reviews: ["v1", "v3", "v1"] } },
        ],
      },
      [
        "workloads[0].bookinfo.reviews: expected one or more of v1, v2, v3, found an empty list",
        "workloads[1].bookinfo.reviews: v1 stands there twice",
      ],
    ],
    [
      "mistakes of many kinds",
      { oidc: true, opa: true, timeouts: { requestTimeout: "soon" } },
      { multiCluster: "yes" },
      [
        'capabilities.timeouts.requestTimeout: "soon" is no duration; expected one like 500ms or 2s',
        'multiCluster: expected true or false, found "yes"',
        "capabilities.opa: oidc has its ExtAuthPolicy on route productpage, too, and only one of a kind is in effect there: turn one of them off",
      ],
    ],
  ])("%s", (_, chosen, more, lines) => {
    const { mistakes } = settingsWith(chosen, more);
    expect(mistakes.map(({ path, message }) => `${path}: ${message}`).sort()).toEqual(lines.sort());
  });
});

describe("values at the ends of their ranges", () => {
  it.each<[name: CapabilityName, options: object]>([
    ["outlierDetection", { consecutiveErrors: 4294967295, maxEjectionPercent: 100, interval: "1ms" }],
    ["outlierDetection", { consecutiveErrors: 1, maxEjectionPercent: 1, baseEjectionTime: "0.001s" }],
    ["retries", { attempts: 2147483647, perTryTimeout: "0.5m", retryOn: "5xx,reset,429" }],
    ["faultInjection", { delay: { percentage: 0.0001 }, abort: { httpStatus: 599, percentage: 100 } }],
    ["mirroring", { percentage: 0.0001 }],
    ["rateLimiting", { requestsPerUnit: 4294967295 }],
    [
      "headerManipulation",
      { appendRequestHeaders: { "x-load": "100%% of %REQ(:path)% since %START_TIME(%s)%" } },
    ],
    ["headerManipulation", { appendRequestHeaders: { "x-tls": "%DOWNSTREAM_TLS_VERSION% %REQ(X?Y):10%" } }],
  ])("%s takes %j, and so does its kind", (name, options) => {
    for (const { kind, spec } of Object.values(planOf(name, options).objects))
      expect(complaintsAbout(kind, spec)).toEqual([]);
  });
});

describe("two capabilities", () => {
  const all = pairs();
  const named = all.map((pair) => [`${pair.one} and ${pair.other}`, pair] as const);

  it.each(named)(
    "%s are independent, refused with a reason, or documented",
    (_, { one, other, state, reasons }) => {
      const { mistakes } = settingsWith({ [one]: true, [other]: true });
      expect(mistakes.length > 0).toBe(state === "refused");
      expect(reasons.length > 0).toBe(state !== "independent");
      if (state === "refused") return;
      const together = plansOf({ [one]: true, [other]: true });
      // Each is what it is alone, and has its objects for itself.
      expect(together.map(inShort)).toEqual(together.map(({ name }) => inShort(planOf(name, true))));
      expect(new Set(together.flatMap((plan) => Object.keys(inShort(plan)))).size).toBe(
        together.reduce((count, { objects }) => count + Object.keys(objects).length, 0),
      );
      const settings = together.flatMap(({ settings: own = {} }) => Object.keys(own));
      const isShared = one === "trafficSplitting" && other === "mirroring";
      expect(new Set(settings).size).toBe(settings.length - (isShared ? 1 : 0));
      if (isShared) expect(together[0]?.settings).toEqual(together[1]?.settings);
    },
  );

  it("are, by number", () => {
    const count = (state: string) => all.filter((pair) => pair.state === state).length;
    expect(all).toHaveLength((capabilityNames.length * (capabilityNames.length - 1)) / 2);
    expect([count("independent"), count("documented"), count("refused")]).toEqual([72, 32, 1]);
  });

  it("with failover: nobody comes in through its host who may not come in through the lab's", () => {
    const routes = plansOf({ failover: true, oidc: true }).flatMap(({ objects }) => Object.values(objects));
    const labels = (
      routes.find(({ kind }) => kind === "RouteTable")?.spec["http"] as { labels: object }[]
    ).map((route) => route.labels);
    const selected = routes.find(({ kind }) => kind === "ExtAuthPolicy")?.spec["applyToRoutes"];
    expect(selected).toEqual(labels.map((each) => ({ route: { labels: each } })));
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
    const mirror = { versionSet: "article", imageRegistry: "mirror.test" };
    expect(risks({ opa: true }, mirror)).toEqual([
      "capabilities.opa brings ext-auth-service, and where its chart takes its images from is not known: they do not come from imageRegistry, unless values.glooMeshAddOns says so.",
    ]);
    expect(risks({ opa: true }, { ...mirror, values: { glooMeshAddOns: {} } })).toEqual([]);
    expect(risks({ timeouts: true }, mirror)).toEqual([]);
    // Today's charts have keys for them.
    expect(risks({ opa: true }, { ...mirror, versionSet: "current" })).toEqual([]);
  });

  it("is not the only risk: today's Gloo Mesh may refuse what that of 2022 takes", () => {
    expect(risks({ outlierDetection: true })).toEqual([
      "capabilities.outlierDetection may be refused: Gloo Mesh documents outlier detection for virtual destinations and external services alone, and the lab's is for a service.",
    ]);
    expect(risks({ outlierDetection: true }, { versionSet: "article" })).toEqual([]);
  });
});
