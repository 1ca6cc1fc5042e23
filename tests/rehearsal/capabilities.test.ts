import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CapabilityName, capabilityNames } from "../../capabilities/all.ts";
import { glooKinds } from "../unit/support/crds.ts";
import { rehearsalDir } from "../../rehearsal/kit/paths.ts";
import { brings } from "../support/capabilities.ts";
import { gateways } from "./support/answers.ts";
import { type Answering, whileAnswering } from "./support/gateway.ts";
import { rehearsalIn } from "./support/rehearsal.ts";

// The lab of the most workload clusters; the article's machine has no CPU left for all servers at once.
const { cluster, deployments, glooResources, pulumi, rehearse, rehearsed, updated } = rehearsalIn(
  rehearsalDir,
  {
    STACK: "four",
  },
);
const workloads = ["east-1", "east-2", "west-1", "west-2"];

const ofAll = (names: readonly CapabilityName[]): string[] => [
  ...new Set(names.flatMap((name) => brings[name])),
];
const created = (names: readonly CapabilityName[]): string[] =>
  ofAll(names).map((end) => `create lab-capabilities-${end}`);
const key = (name: CapabilityName) => `mesh-lab:capabilities.${name}`;

const turnOn = (names: readonly CapabilityName[]) =>
  pulumi("config", "set-all", "--path", ...names.flatMap((name) => ["--plaintext", `${key(name)}=true`]));
const turnOff = (names: readonly CapabilityName[]) => pulumi("config", "rm-all", "--path", ...names.map(key));

/** What an update does, after its preview has said the same. */
async function foretold(): Promise<string[]> {
  const preview = JSON.parse(await pulumi("preview", "--json")) as {
    steps: { op: string; urn: string; newState?: { type: string }; oldState?: { type: string } }[];
  };
  const said = preview.steps.flatMap(({ op, urn, newState, oldState }): string[] => {
    const type = (newState ?? oldState)?.type ?? "";
    const isGroup = type.startsWith("meshlab:") || type.startsWith("pulumi:pulumi:");
    return op === "same" || isGroup ? [] : [`${op} ${urn.split("::").at(-1) ?? ""}`];
  });
  const done = await updated();
  expect(said.sort()).toEqual(done);
  return done;
}

/** `Kind namespace/name` of every object of Gloo Mesh on a cluster. */
async function glooObjects(context: string): Promise<string[]> {
  const lists = await Promise.all(
    [...glooKinds.values()].map(async ({ spec: { group, names } }) => {
      const list = (await cluster(context).custom.listClusterCustomObject({
        group,
        version: "v2",
        plural: names.plural,
      })) as { items: { metadata: { namespace: string; name: string } }[] };
      return list.items.map(({ metadata }) => `${names.kind} ${metadata.namespace}/${metadata.name}`);
    }),
  );
  return lists.flat().sort();
}

const ofTheLab = [
  "RouteTable bookinfo/productpage",
  "VirtualGateway istio-gateways/north-south-gw",
  "WorkspaceSettings gloo-mesh/developers",
];

const ofTheFirst = [
  "VirtualDestination bookinfo/productpage",
  "RouteTable bookinfo/failover",
  "RouteTable bookinfo/ratings",
  "RouteTable bookinfo/reviews",
  "FailoverPolicy bookinfo/failover",
  "OutlierDetectionPolicy bookinfo/failover",
  "OutlierDetectionPolicy bookinfo/outlier-detection",
  "FaultInjectionPolicy bookinfo/fault-injection",
  "RetryTimeoutPolicy bookinfo/timeouts",
  "HeaderManipulationPolicy bookinfo/header-manipulation",
  "AccessPolicy bookinfo/ratings-access",
  "ExtAuthServer gloo-mesh-addons/ext-auth-server",
];

const ofTheSecond = [
  "RetryTimeoutPolicy bookinfo/retries",
  "MirrorPolicy bookinfo/mirroring",
  "RateLimitClientConfig bookinfo/rate-limiting",
  "RateLimitServerConfig bookinfo/rate-limiting",
  "RateLimitPolicy bookinfo/rate-limiting",
  "RateLimitServerSettings gloo-mesh-addons/rate-limit-server",
  "TransformationPolicy bookinfo/transformation",
  "WAFPolicy bookinfo/waf",
  "ExtAuthPolicy bookinfo/oidc",
];

/** Exercises whose requests go through the gateway, with what it answers, and the code that they end with. */
const exercisesOf = (names: readonly CapabilityName[]) =>
  names.flatMap((name) => {
    const gateway = gateways[name];
    return gateway === undefined
      ? []
      : ([
          [name, "with the effect", gateway.on, 0],
          [name, "without", gateway.off, 1],
          [name, "by silence", () => undefined, 1],
        ] as const);
  });

/** Tries a capability at a gateway; a node that nobody simulates is what makes it send requests. */
async function judged(name: CapabilityName, _: string, answering: Answering, code: number): Promise<void> {
  const { productPages } = JSON.parse(await pulumi("stack", "output", "--json")) as {
    productPages: Readonly<Record<string, string>>;
  };
  const { hostname } = new URL(productPages["east-1"] ?? "");
  const { core } = cluster("host");
  await core.createNode({ body: { metadata: { name: "real" } } });
  try {
    const run = await whileAnswering(hostname, answering, () =>
      rehearse("lab", "--", "try", name, "--timeout", "1"),
    );
    expect([run.code, run.output]).toEqual([
      code,
      expect.stringContaining(code === 0 ? "as expected: " : "expected: "),
    ]);
  } finally {
    await core.deleteNode({ name: "real" });
  }
}

beforeAll(async () => {
  await rehearsed("reset");
  await rehearsed("up");
});
afterAll(async () => {
  await rehearse("reset");
});

describe("a lab of four workload clusters", () => {
  it("comes up, each with what is its own", async () => {
    expect(await glooResources("devmgmt", "admin", "kubernetesclusters")).toEqual(
      workloads.map((name) => `gloo-mesh/${name}`),
    );
    const found = await Promise.all(workloads.map((name) => deployments(name)));
    const has = (prefix: string) => found.map((list) => list.some((line) => line.startsWith(prefix)));
    expect(has("istio-gateways/istio-ingressgateway")).toEqual([true, true, false, true]);
    expect(has("bookinfo/")).toEqual([true, true, true, false]);
    expect(found[3]).toContain("istio-gateways/istio-ingressgateway 2/2");
  });
});

// One lab, and what can be on together in one update; which of them brings what is told by the names.
describe("capabilities", () => {
  const first = [
    "failover",
    "faultInjection",
    "outlierDetection",
    "timeouts",
    "headerManipulation",
    "accessControl",
    "opa",
  ] as const satisfies readonly CapabilityName[];
  const second = capabilityNames.filter((name) => !first.some((other) => other === name));
  const together = capabilityNames.filter((name) => name !== "opa");

  it("bring their objects, and change nothing of the lab", async () => {
    await turnOn(first);
    // Long enough to be told from a busy machine, and short enough not to hold up the exercise.
    await pulumi("config", "rm", "--path", key("faultInjection"));
    await pulumi("config", "set", "--path", `${key("faultInjection")}.delay.fixedDelay`, "1s");
    expect(await foretold()).toEqual(created(first).sort());
    expect(await glooObjects("east-1")).toEqual(
      [...ofTheLab, ...ofTheFirst, "ExtAuthPolicy bookinfo/opa"].sort(),
    );
    expect(await deployments("east-1")).toEqual(
      expect.arrayContaining(["gloo-mesh-addons/ext-auth-service 1/1", "gloo-mesh-addons/redis 1/1"]),
    );
  });

  it.each<[args: string[], code: number, message: string]>([
    [
      ["faultInjection"],
      3,
      "faultInjection is on, with RouteTable bookinfo/ratings, FaultInjectionPolicy bookinfo/fault-injection, and it cannot be tried: the host's nodes are simulated",
    ],
    [["opa"], 3, "ExtAuthServer gloo-mesh-addons/ext-auth-server, ConfigMap bookinfo/opa-bookinfo"],
    [
      ["timeouts"],
      3,
      "requests cannot show whether it works: no request on route reviews can be made to take",
    ],
    [["waf"], 1, "waf is off: set capabilities.waf to true in Pulumi.four.yaml, then make rehearse."],
    [["magic"], 2, "There is no capability magic; there are failover, faultInjection,"],
  ])("are tried as far as simulated nodes allow it: %j", async (args, code, message) => {
    const run = await rehearse("lab", "--", "try", ...args);
    expect(run.output).toContain(message);
    expect(run.code).toBe(code);
  });

  it.each(exercisesOf(first))("are tried where something answers: %s, %s", judged);

  it("are refused by the API server where they have a field that Gloo Mesh does not know", async () => {
    const wrong = {
      apiVersion: "resilience.policy.gloo.solo.io/v2",
      kind: "FaultInjectionPolicy",
      metadata: { name: "wrong", namespace: "bookinfo" },
      spec: {
        applyToRoutes: [{ route: { labels: { route: "ratings" } } }],
        config: { delay: { fixedDelai: "2s" } },
      },
    };
    const creation = cluster("east-1").custom.createNamespacedCustomObject({
      group: "resilience.policy.gloo.solo.io",
      version: "v2",
      namespace: "bookinfo",
      plural: "faultinjectionpolicies",
      body: wrong,
      fieldValidation: "Strict",
    });
    await expect(creation).rejects.toThrow(/unknown field \S*spec\.config\.delay\.fixedDelai/);
  });

  it("go and come in one update, where servers that several need stay", async () => {
    await turnOff(first);
    await turnOn(second);
    const [going, coming] = [ofAll(first), ofAll(second)];
    const stay = going.filter((end) => coming.includes(end));
    expect(await foretold()).toEqual(
      [
        ...going.filter((end) => !stay.includes(end)).map((end) => `delete lab-capabilities-${end}`),
        ...coming.filter((end) => !stay.includes(end)).map((end) => `create lab-capabilities-${end}`),
        // The route is split now, the release has another server, and the workspace isolates and federates.
        "update lab-capabilities-add-ons-release",
        "update lab-capabilities-route-reviews",
        "update lab-workspace-settings",
      ].sort(),
    );
    expect(await deployments("east-1")).toEqual(
      expect.arrayContaining(["gloo-mesh-addons/ext-auth-service 1/1", "gloo-mesh-addons/rate-limiter 1/1"]),
    );
    expect(await deployments("devmgmt")).toContain("keycloak/keycloak 1/1");
  });

  it.each(exercisesOf(second))("are tried where something answers: %s, %s", judged);

  it("have sidecars in their servers", async () => {
    const { items } = await cluster("east-1").core.listNamespacedPod({ namespace: "gloo-mesh-addons" });
    expect(items.length).toBeGreaterThan(0);
    for (const { spec } of items)
      expect(spec?.containers.map(({ image }) => image)).toContain("docker.io/istio/proxyv2:1.12.6");
  });

  it("send people to an address where Keycloak is", async () => {
    const policy = (await cluster("east-1").custom.getNamespacedCustomObject({
      group: "security.policy.gloo.solo.io",
      version: "v2",
      namespace: "bookinfo",
      plural: "extauthpolicies",
      name: "oidc",
    })) as {
      spec: {
        config: {
          glooAuth: {
            configs: [{ oauth2: { oidcAuthorizationCode: { appUrl: string; issuerUrl: string } } }];
          };
        };
      };
    };
    const { appUrl, issuerUrl } = policy.spec.config.glooAuth.configs[0].oauth2.oidcAuthorizationCode;
    const addressOf = async (context: string, namespace: string, name: string) => {
      const { status } = await cluster(context).core.readNamespacedService({ namespace, name });
      return status?.loadBalancer?.ingress?.[0]?.ip ?? "";
    };
    expect(issuerUrl).toBe(`http://${await addressOf("devmgmt", "keycloak", "keycloak")}/realms/lab`);
    expect(appUrl).toBe(`http://${await addressOf("east-1", "istio-gateways", "istio-ingressgateway")}`);
  });

  it("are on together, all that can be", async () => {
    const more = first.filter((name) => name !== "opa");
    await turnOn(more);
    const had = ofAll(second);
    expect(await updated()).toEqual(
      ofAll(more)
        .filter((end) => !had.includes(end))
        .map((end) => `create lab-capabilities-${end}`)
        .sort(),
    );
    expect(await glooObjects("east-1")).toEqual([...ofTheLab, ...ofTheFirst, ...ofTheSecond].sort());
  });

  it("are not taken for granted: what is missing of one is named", async () => {
    await cluster("east-1").custom.deleteNamespacedCustomObject({
      group: "security.policy.gloo.solo.io",
      version: "v2",
      namespace: "bookinfo",
      plural: "wafpolicies",
      name: "waf",
    });
    const { code, output } = await rehearse("lab", "--", "try", "waf");
    expect(output).toContain("waf is on, and east-1 lacks WAFPolicy bookinfo/waf: make rehearse.");
    expect(code).toBe(1);
  });

  it("say what is in the way of another, before anything happens", async () => {
    await turnOn(["opa"]);
    await expect(pulumi("preview")).rejects.toThrow(
      "mesh-lab:capabilities.opa: oidc has its ExtAuthPolicy on route productpage, too, and only one of a kind is in effect there: turn one of them off",
    );
    await turnOff(["opa"]);
  });

  it("leave the lab as it was", async () => {
    await turnOff(together);
    expect(await updated()).toEqual(
      [
        ...ofAll(together).map((end) => `delete lab-capabilities-${end}`),
        "update lab-workspace-settings",
      ].sort(),
    );
    expect(await glooObjects("east-1")).toEqual(ofTheLab);
    expect((await deployments("east-1")).join()).not.toContain("gloo-mesh-addons");
    expect((await deployments("devmgmt")).join()).not.toContain("keycloak");
    expect(await updated()).toEqual([]);
  });
});

describe("taken down", () => {
  it("a lab that had all of them leaves nothing", async () => {
    expect((await rehearsed("down")).output).toMatch(/^Nothing is left/m);
  });
});
