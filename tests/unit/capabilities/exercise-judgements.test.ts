import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkSettings } from "../../../config/check.ts";
import { type Answer, type Check, isCheck } from "../../../capabilities/common/check.ts";
import { type CapabilityName, capabilityNames, type TurnedOn } from "../../../capabilities/all.ts";
import { judge } from "../../../capabilities/common/judge.ts";
import { isShare, timesFor } from "../../../capabilities/common/shares.ts";

const workloads = [
  { name: "east", bookinfo: { reviews: ["v1", "v2"] } },
  { name: "west", bookinfo: { reviews: ["v3"] } },
];

function on(chosen: object): TurnedOn[] {
  const { settings, mistakes } = checkSettings({ licenseKey: "key", workloads, capabilities: chosen });
  expect(mistakes).toEqual([]);
  if (settings === undefined) throw new Error("no settings");
  return [...settings.enabled];
}

/** A capability with what else is on. */
function tried(name: CapabilityName, options: unknown, more: object = {}) {
  const all = on({ ...more, [name]: options });
  const mine = all.find((one) => one.name === name);
  if (mine === undefined) throw new Error(`${name} is off`);
  return { check: mine.check, others: all.filter((one) => one !== mine) };
}

function exercise(name: CapabilityName, options: unknown, more: object = {}) {
  const { check, others } = tried(name, options, more);
  if (!isCheck(check)) throw new Error(check.cannotTell);
  return {
    check,
    judged: (answers: readonly Answer[], log = "") => judge(check, answers, log, others),
  };
}

const answer = (more: Partial<Answer> = {}): Answer => ({
  status: 200,
  headers: {},
  body: "",
  seconds: 0.01,
  ...more,
});

/** As many answers as the exercise sends requests; each of these parts has its share, the rest is plain. */
function answers(check: Check, ...parts: readonly (readonly [percent: number, more: Partial<Answer>])[]) {
  const { times } = check.request;
  const special = parts.flatMap(([percent, more]) =>
    Array.from({ length: Math.round((percent * times) / 100) }, () => answer(more)),
  );
  return [...special, ...Array.from({ length: times }, () => answer())].slice(0, times);
}

const error = { status: 500 };
const rated = (color: string) => ({ body: `{"reviews": [{"rating": {"stars": 5, "color": "${color}"}}]}` });
const unrated = { body: '{"reviews": [{"text": "An extremely entertaining play"}]}' };
const login = (query = "response_type=code&client_id=bookinfo&scope=openid+email") => ({
  status: 302,
  headers: { location: `http://keycloak.test/auth?${query}` },
});
const halfAborted = { faultInjection: { delay: false, abort: {} } };
const shadows = (count: number) =>
  Array.from({ length: count }, () => "GET /reviews/0 reviews-shadow:9080").join("\n");

interface Case {
  readonly options?: unknown;
  /** What else is on. */
  readonly more?: object;
  readonly there: (check: Check) => readonly Answer[];
  readonly absent: (check: Check) => readonly Answer[];
  /** Log where the effect is there; where it is absent, there is none. */
  readonly log?: string;
}

/** Each capability with its effect there, and absent. */
const cases: Readonly<Record<CapabilityName, readonly Case[]>> = {
  failover: [{ there: (check) => answers(check), absent: (check) => answers(check, [100, { status: 503 }]) }],
  faultInjection: [
    { there: (check) => answers(check, [50, { seconds: 2.1 }]), absent: (check) => answers(check) },
    {
      options: { delay: false, abort: { httpStatus: 418, percentage: 10 } },
      there: (check) => answers(check, [10, { status: 418 }]),
      absent: (check) => answers(check, [10, { seconds: 3 }]),
    },
    {
      options: { delay: false, abort: { httpStatus: 503, percentage: 100 } },
      there: (check) => answers(check, [100, { status: 503 }]),
      absent: (check) => answers(check, [50, { status: 503 }]),
    },
    {
      options: { route: "reviews", delay: false, abort: {} },
      // The product page asks twice.
      there: (check) => answers(check, [25, error]),
      absent: (check) => answers(check, [90, error]),
    },
    {
      options: { delay: { fixedDelay: "10s", percentage: 100 } },
      there: (check) => answers(check, [100, { status: 500, seconds: 3 }]),
      absent: (check) => answers(check, [100, error]),
    },
  ],
  outlierDetection: [
    {
      there: (check) => [...answers(check).slice(20), ...answers(check, [100, { status: 503 }]).slice(40)],
      absent: (check) =>
        answers(check).map((one, index) => (index % 2 === 0 ? { ...one, status: 503 } : one)),
    },
  ],
  retries: [
    {
      more: halfAborted,
      there: (check) => answers(check, [6, error]),
      absent: (check) => answers(check, [50, error]),
    },
    {
      options: { attempts: 1, retryOn: "503" },
      more: { faultInjection: { delay: false, abort: { httpStatus: 503, percentage: 50 } } },
      there: (check) => answers(check, [25, { status: 503 }]),
      absent: (check) => answers(check, [50, { status: 503 }]),
    },
  ],
  timeouts: [
    {
      there: (check) => answers(check, [10, { status: 504, seconds: 1.1 }]),
      absent: (check) => answers(check, [10, { seconds: 6 }]),
    },
    {
      options: { route: "ratings", requestTimeout: "1s" },
      there: (check) => answers(check, [50, { status: 504, seconds: 1 }]),
      absent: (check) => answers(check, [50, { status: 500, seconds: 3 }]),
    },
    {
      options: { route: "productpage", requestTimeout: "4s" },
      there: (check) => answers(check, [10, { status: 504, seconds: 4 }]),
      absent: (check) => answers(check),
    },
  ],
  trafficSplitting: [
    {
      there: (check) => answers(check, [20, rated("red")], [40, rated("black")], [40, unrated]),
      absent: (check) => answers(check, [50, rated("black")], [50, unrated]),
    },
    {
      options: {
        reviews: [
          { version: "v1", weight: 90 },
          { version: "v2", weight: 10 },
        ],
      },
      there: (check) => answers(check, [10, rated("black")], [90, unrated]),
      absent: (check) => answers(check, [50, rated("black")], [50, unrated]),
    },
    {
      options: {
        reviews: [
          { version: "v1", weight: 100 },
          { version: "v2", weight: 0 },
        ],
      },
      there: (check) => answers(check, [100, unrated]),
      // Without ratings nobody can tell one version from another.
      absent: (check) =>
        answers(check, [100, { body: '{"reviews": [{"rating": {"error": "unavailable"}}]}' }]),
    },
  ],
  mirroring: [
    { there: (check) => answers(check), absent: (check) => answers(check), log: shadows(20) },
    {
      options: { percentage: 50 },
      there: (check) => answers(check),
      absent: (check) => answers(check),
      log: shadows(10),
    },
  ],
  rateLimiting: [
    { there: (check) => answers(check, [25, { status: 429 }]), absent: (check) => answers(check) },
    {
      options: { requestsPerUnit: 9, unit: "HOUR" },
      there: (check) => answers(check, [10, { status: 429 }]),
      absent: (check) => answers(check),
    },
  ],
  headerManipulation: [
    {
      there: (check) => answers(check, [100, { headers: { "x-mesh-lab": "bookinfo" } }]),
      absent: (check) =>
        answers(check, [
          100,
          { headers: { "x-mesh-lab": "bookinfo", "x-envoy-upstream-service-time": "3" } },
        ]),
    },
    {
      options: {
        appendResponseHeaders: { "X-Load": "100%% of %REQ(:path)%, (all)" },
        removeResponseHeaders: [],
      },
      there: (check) => answers(check, [100, { headers: { "x-load": "100% of /productpage, (all)" } }]),
      absent: (check) => answers(check, [100, { headers: { "x-load": "100%% of %REQ(:path)%, all" } }]),
    },
    {
      options: { appendResponseHeaders: {}, removeResponseHeaders: ["Server"] },
      there: (check) => answers(check),
      absent: (check) => answers(check, [100, { headers: { server: "istio-envoy" } }]),
    },
  ],
  transformation: [
    {
      there: (check) => answers(check, [100, { status: 404, body: "There is no such page in the lab." }]),
      absent: (check) => answers(check, [100, { status: 404, body: "404 Not Found" }]),
    },
    {
      options: { status: 503, body: 'Later: {{ header("x") }}.', headers: { "x-lab": "yes" } },
      there: (check) =>
        answers(check, [100, { status: 503, body: "Later: no.", headers: { "x-lab": "yes" } }]),
      absent: (check) => answers(check, [100, { status: 503, body: "Later: no." }]),
    },
    {
      options: { status: 418 },
      more: { faultInjection: { delay: false, abort: { httpStatus: 418, percentage: 50 } } },
      there: (check) => answers(check, [50, { status: 418, body: "There is no such page in the lab." }]),
      absent: (check) => answers(check, [50, { status: 418, body: "fault filter abort" }]),
    },
  ],
  accessControl: [
    { there: (check) => answers(check, [100, { status: 403 }]), absent: (check) => answers(check) },
    {
      options: { allow: { productpage: ["reviews"] } },
      there: (check) => answers(check, [100, { status: 403 }]),
      absent: (check) => answers(check),
    },
    {
      // All who can be seen asking may: a pod without an identity may not.
      options: { allow: { ratings: ["productpage", "reviews"] } },
      there: (check) => answers(check, [100, { status: 0 }]),
      absent: (check) => answers(check),
    },
    {
      options: { allow: { details: ["productpage"] }, tlsMode: "PERMISSIVE" },
      there: (check) => answers(check, [100, { status: 403 }]),
      absent: (check) => answers(check),
    },
  ],
  serviceIsolation: [
    { there: (check) => answers(check, [100, { status: 0 }]), absent: (check) => answers(check) },
  ],
  waf: [
    {
      there: (check) => answers(check, [100, { status: 403, body: "Refused by the lab's firewall" }]),
      absent: (check) => answers(check, [100, { status: 403, body: "RBAC: access denied" }]),
    },
    {
      options: { message: "No." },
      there: (check) => answers(check, [100, { status: 403, body: "No." }]),
      absent: (check) => answers(check),
    },
  ],
  oidc: [
    { there: (check) => answers(check, [100, login()]), absent: (check) => answers(check) },
    {
      options: { scopes: ["email", "groups"] },
      there: (check) =>
        answers(check, [100, login("response_type=code&client_id=bookinfo&scope=groups%20openid%20email")]),
      absent: (check) => answers(check, [100, login()]),
    },
  ],
  opa: [
    {
      there: (check) => answers(check, [100, { status: 403 }]),
      absent: (check) => answers(check, [100, { status: 302 }]),
    },
  ],
};

/** Effects that are nothing but one status for every request. */
const bareEffects: readonly (readonly [expected: string, status: number])[] = [
  ["100 % of them are 503", 503],
  ["no answer of productpage for a pod without a sidecar", 0],
  ["no answer of ratings for a pod without a sidecar, which has no identity", 0],
];

const table = capabilityNames.flatMap((name) =>
  cases[name].map((one) => [name, one.options ?? true, one] as const),
);

describe("an exercise", () => {
  it.each(table)(
    "%s, %j: shows the effect where it is there, and misses it where it is not",
    (name, options, one) => {
      const { check, judged } = exercise(name, options, one.more);
      expect(judged(one.there(check), one.log)).toEqual({ state: "shown", because: "" });
      expect(judged(one.absent(check)).state).toBe("missing");
    },
  );

  it.each(table)("%s, %j: takes no other answers for its effect", (name, options, one) => {
    const { check, judged } = exercise(name, options, one.more);
    for (const status of [0, 503, 302, 429]) {
      // Bare: without the headers or the body that an answer of the capability's has.
      const isEffect = bareEffects.some(([who, what]) => who === check.expected && what === status);
      const { state } = judged(answers(check, [100, { status }]), one.log);
      expect([status, state]).toEqual([status, isEffect ? "shown" : "missing"]);
    }
  });

  it.each(table)(
    "%s, %j: is not satisfied where half of what comes back is an error of the gateway",
    (name, options, one) => {
      const { check, judged } = exercise(name, options, one.more);
      const statuses = check.statuses ?? [200];
      const stray = [502, 0].find((status) => !statuses.includes(status)) ?? 502;
      const there = one.there(check);
      const half = there.map((each, index) => (index % 2 === 0 ? answer({ status: stray }) : each));
      expect(judged(half, one.log).state).toBe("missing");
    },
  );

  it("says which statuses came instead, and how often", () => {
    const { check, judged } = exercise("timeouts", true);
    const mixed = [
      ...answers(check).slice(3),
      answer({ status: 0 }),
      answer({ status: 0 }),
      answer({ status: 404 }),
    ];
    expect(judged(mixed).because).toBe(
      `2 of ${check.request.times} requests got no answer; 1 of ${check.request.times} requests got 404`,
    );
  });
});

describe("an exercise beside other capabilities", () => {
  it.each<[name: CapabilityName, more: object, status: number, because: string]>([
    ["accessControl", { rateLimiting: true }, 429, "429, which rateLimiting gives"],
    ["headerManipulation", { oidc: true }, 302, "302, which oidc gives"],
    ["trafficSplitting", { oidc: true }, 302, "302, which oidc gives"],
    ["failover", { oidc: true }, 302, "302, which oidc gives"],
    [
      "mirroring",
      { faultInjection: { route: "reviews", delay: false, abort: {} } },
      500,
      "500, which faultInjection gives",
    ],
    ["faultInjection", { accessControl: true }, 403, "403, which accessControl gives"],
  ])("%s beside %j: says who answered", (name, more, status, because) => {
    const { check, judged } = exercise(name, true, more);
    const { state, because: said } = judged(answers(check, [100, { status }]));
    expect(state).toBe("open");
    expect(said).toContain(because);
  });

  it("does not blame a capability for what it cannot have answered", () => {
    const { check, judged } = exercise("headerManipulation", true, {
      faultInjection: { delay: false, abort: {} },
    });
    // Faults are injected for ratings, and the product page itself is asked for.
    expect(judged(answers(check, [100, error])).state).toBe("missing");
  });
});

describe("an exercise that cannot tell", () => {
  it.each<[name: CapabilityName, options: unknown, more: object, reason: string]>([
    [
      "outlierDetection",
      { service: "reviews" },
      {},
      "Bookinfo's reviews cannot be made to fail now and then; its ratings can",
    ],
    [
      "outlierDetection",
      { consecutiveErrors: 50 },
      {},
      "ratings fail every second time, and 50 times in a row hardly ever; up to 5 can be seen",
    ],
    [
      "outlierDetection",
      { baseEjectionTime: "100ms" },
      {},
      "an endpoint is back after 100ms; from 2s on one sees that it was gone",
    ],
    [
      "retries",
      true,
      {},
      "nothing fails that could be tried again: turn on faultInjection on route ratings with an abort (capabilities.faultInjection.abort.percentage: 50), so that requests inside fail",
    ],
    [
      "retries",
      { route: "ratings" },
      {},
      "only retries on route productpage can be seen: on ratings Istio retries by itself, and it does not retry faults that it injects there",
    ],
    [
      "retries",
      { retryOn: "reset" },
      halfAborted,
      "retryOn is reset, and the requests that fail get 500: choose another capabilities.faultInjection.abort.httpStatus",
    ],
    [
      "retries",
      // Without a status beside it, it stands for none.
      { retryOn: "retriable-status-codes" },
      { faultInjection: { delay: false, abort: { percentage: 50, httpStatus: 503 } } },
      "retryOn is retriable-status-codes, and the requests that fail get 503: choose another capabilities.faultInjection.abort.httpStatus",
    ],
    [
      "retries",
      true,
      { faultInjection: { delay: false, abort: { percentage: 100 } } },
      "100 % of the requests inside fail, which looks alike with retries and without: turn on faultInjection on route ratings with an abort (capabilities.faultInjection.abort.percentage: 50), so that requests inside fail",
    ],
    [
      "timeouts",
      { requestTimeout: "3s" },
      {},
      "no request on route reviews can be made to take longer than 3s; the slowest takes 3 s",
    ],
    [
      "timeouts",
      { route: "productpage", requestTimeout: "10s" },
      {},
      "no request on route productpage can be made to take longer than 10s; the slowest takes 6 s",
    ],
    [
      "trafficSplitting",
      {
        reviews: [
          { version: "v1", weight: 50 },
          { version: "v2", weight: 50 },
        ],
      },
      {},
      "answers look alike with these shares and without: choose versions with other stars, or other weights",
    ],
    [
      "mirroring",
      { percentage: 0.1 },
      {},
      "so few requests are copied that 9206 would be needed to see one, and an exercise sends 1000 at most",
    ],
    [
      "faultInjection",
      { delay: { percentage: 0.1 } },
      {},
      "so few requests get a fault that 9206 would be needed to see one, and an exercise sends 1000 at most",
    ],
    [
      "faultInjection",
      { delay: { fixedDelay: "10ms" } },
      {},
      "a delay of 10ms looks like the time that an answer takes anyway; from 250ms on it can be seen",
    ],
    [
      "faultInjection",
      { route: "productpage", delay: { fixedDelay: "1m" } },
      {},
      "a request would take 60 s, and an exercise waits for 20 s",
    ],
    [
      "rateLimiting",
      { requestsPerUnit: 100, unit: "SECOND" },
      {},
      "an exercise sends no more than 20 requests a SECOND, and 100 are let in",
    ],
    [
      "transformation",
      { status: 451 },
      {},
      "Bookinfo does not answer with 451; choose one of 200, 302, 404, 405, 500, 503, or let faultInjection on route ratings answer with it",
    ],
    [
      "headerManipulation",
      { appendRequestHeaders: { "x-a": "1" }, appendResponseHeaders: {}, removeResponseHeaders: ["x-b"] },
      {},
      "Bookinfo does not say which headers its requests have, and its answers have none of those that are removed: add a header to answers, or remove content-length or content-type or date or server or x-envoy-upstream-service-time",
    ],
    [
      "waf",
      { rules: 'SecRule ARGS "@contains attack" "id:1,phase:1,deny"' },
      {},
      "only the author of these rules knows which requests they refuse: send one with curl, and expect its status",
    ],
    [
      "opa",
      { rego: "package bookinfo\ndefault allow = true" },
      {},
      "only the author of this policy knows which requests it refuses: send one with curl, and expect 403",
    ],
    [
      "opa",
      { query: "data.bookinfo.deny == false" },
      {},
      "only the author of this policy knows which requests it refuses: send one with curl, and expect 403",
    ],
  ])("%s, %j beside %j, says why", (name, options, more, reason) => {
    expect(tried(name, options, more).check).toEqual({ cannotTell: reason });
  });
});

const pages = join(import.meta.dirname, "..", "..", "..", "docs", "capabilities");

describe("exercises that follow the options", () => {
  it.each(readdirSync(pages))("can tell of what the page %s turns on", (page) => {
    const text = readFileSync(join(pages, page), "utf8");
    const [, yaml = ""] = /^```yaml\n([\s\S]*?)^```/m.exec(text) ?? [];
    const [, name = ""] = /lab -- try (\w+)/.exec(text) ?? [];
    const { config } = parse(yaml.replace("devcluster2", "west")) as {
      config: Record<string, Record<string, object>>;
    };
    const { [name]: options = {}, ...more } = config["mesh-lab:capabilities"] ?? {};
    expect(isCheck(tried(name as CapabilityName, options, more).check)).toBe(true);
  });

  it("ask for the default rules in other blanks and with other comments as for the default", () => {
    const rego = `package bookinfo
default allow = false

# Who reads, comes in.
allow {

  input.http_request.method == "GET"
}`;
    expect(isCheck(tried("opa", { rego }).check)).toBe(true);
  });

  it.each<[options: object, more: object, request: object]>([
    [{ status: 200 }, {}, { path: "/productpage" }],
    [{ status: 503 }, {}, { path: "/api/v1/products/0/ratings" }],
    [{ status: 405 }, {}, { path: "/productpage", method: "POST" }],
  ])("transformation %j sends what Bookinfo answers with that status", (options, more, request) => {
    expect(exercise("transformation", options, more).check.request).toMatchObject(request);
  });

  it("outside requests go to the service that is restricted", () => {
    const { check } = exercise("accessControl", { allow: { details: ["productpage"] } });
    expect(check).toMatchObject({
      outsideOf: "details",
      request: { path: "/details/0" },
      control: { path: "/productpage" },
    });
  });
});

describe("shares", () => {
  it("are seen, all but surely, in so many requests", () => {
    expect([100, 50, 20, 1].map(timesFor)).toEqual([1, 14, 42, 917]);
  });

  it.each<[seen: number, all: number, percent: number, isOne: boolean]>([
    [10, 20, 50, true],
    [0, 20, 50, false],
    [20, 20, 50, false],
    [20, 20, 100, true],
    [19, 20, 100, false],
    [0, 20, 0, true],
    [1, 20, 0, false],
    [6, 100, 6.25, true],
    [50, 100, 6.25, false],
  ])("%i of %i may be %d %%: %s", (seen, all, percent, isOne) => {
    expect(isShare(seen, all, percent)).toBe(isOne);
  });
});
