import { describe, expect, it } from "vitest";
import type { ClusterContents } from "../../../cli/clusters/look.ts";
import { pagesToAskFor, runChecks, whyNoPage } from "../../../cli/verify/checks.ts";
import type { Seen, SeenWorkload } from "../../../cli/verify/seen.ts";
import { healthyLab, managementContents, workloadContents } from "../support/looked.ts";

/** The lab with something of its first workload cluster changed. */
function withEast(change: Partial<SeenWorkload>, contents: Partial<ClusterContents> = {}): Seen {
  const lab = healthyLab();
  const [east, west] = lab.workloads;
  const changed = { ...workloadContents("east", "192.0.2.1", true), ...contents };
  return { ...lab, workloads: [{ ...east, contents: changed, ...change }, west] };
}

const eastContents = workloadContents("east", "192.0.2.1", true);
const without = <T extends { metadata?: { name?: string } }>(objects: readonly T[], name: string): T[] =>
  objects.filter(({ metadata }) => metadata?.name !== name);
const changed = <T extends { metadata?: { name?: string } }>(
  objects: readonly T[],
  name: string,
  change: object,
) =>
  objects.map((object) =>
    object.metadata?.name === name ? Object.assign(structuredClone(object), change) : object,
  );

const wrongIn = (seen: Seen) => runChecks(seen).filter(({ state }) => state === "wrong");

describe("a lab that is well", () => {
  it("passes each check", () => {
    const rows = runChecks(healthyLab());
    expect(rows.filter(({ state }) => state === "wrong")).toEqual([]);
    expect(new Set(rows.map(({ check }) => check)).size).toBe(14);
  });

  it("is asked for the page that there is a route to", () => {
    expect(pagesToAskFor(healthyLab())).toEqual([{ cluster: "east", url: "http://192.0.2.1/productpage" }]);
  });
});

describe("the first cause", () => {
  const bare = { spec: { containers: [{ name: "details" }] } };
  const status = (state: string, message: string) => ({ status: { global: { state, message } } });
  const cases: [what: string, seen: Seen, check: string, detail: string][] = [
    [
      "a cluster that does not answer",
      withEast({
        silence: "connect ECONNREFUSED 192.0.2.7:443",
        contents: undefined as unknown as ClusterContents,
      }),
      "API server",
      "it does not answer: connect ECONNREFUSED 192.0.2.7:443.",
    ],
    [
      "a management server that is not ready",
      {
        ...healthyLab(),
        management: {
          name: "devmgmt",
          paused: false,
          contents: {
            ...managementContents(["east", "west"]),
            deployments: changed(managementContents([]).deployments, "gloo-mesh-mgmt-server", { status: {} }),
          },
        },
      },
      "management server",
      "Deployment gloo-mesh-mgmt-server has 0 of 1 pods ready.",
    ],
    [
      "a cluster that is not registered",
      {
        ...healthyLab(),
        management: { name: "devmgmt", paused: false, contents: managementContents(["west"]) },
      },
      "registration",
      "there is no KubernetesCluster east on devmgmt",
    ],
    [
      "an agent that is gone",
      withEast({}, { deployments: without(eastContents.deployments, "gloo-mesh-agent") }),
      "agent",
      "there is no Deployment gloo-mesh-agent in namespace gloo-mesh",
    ],
    ["no certificate", withEast({ certificate: undefined }), "certificate", "the agent has not got one"],
    [
      "a certificate that ended",
      withEast({ certificate: { names: ["east"], validTo: new Date("2026-05-01") } }),
      "certificate",
      "ended on 2026-05-01",
    ],
    [
      "another's certificate",
      withEast({ certificate: { names: ["west"], validTo: new Date("2027-05-01") } }),
      "certificate",
      "is for west",
    ],
    [
      "an agent that is not connected",
      { ...healthyLab(), metrics: { text: 'relay_push_clients_connected{cluster="east"} 0\n' } },
      "relay",
      "the management server has no connection of its agent",
    ],
    [
      "istiod without pods",
      withEast({}, { deployments: changed(eastContents.deployments, "istiod", { spec: { replicas: 0 } }) }),
      "istiod",
      "Deployment istiod wants no pods: kubectl -n istio-system scale deployment istiod --replicas 1",
    ],
    [
      "a pod without sidecar",
      withEast({}, { pods: changed(eastContents.pods, "details-v1-x", bare) }),
      "sidecars",
      "no sidecar in details-v1-x",
    ],
    [
      "a Service without endpoints",
      withEast({}, { endpointSlices: without(eastContents.endpointSlices, "ratings-y") }),
      "bookinfo",
      "Service ratings has no ready endpoints",
    ],
    [
      "a gateway without pods",
      withEast(
        {},
        {
          endpointSlices: without(eastContents.endpointSlices, "istio-ingressgateway-y"),
          pods: without(eastContents.pods, "istio-ingressgateway-x"),
          deployments: changed(eastContents.deployments, "istio-ingressgateway", {
            spec: { replicas: 0, template: { metadata: { labels: { istio: "ingressgateway" } } } },
          }),
        },
      ),
      "ingress gateway",
      "Deployment istio-ingressgateway wants no pods",
    ],
    [
      "a gateway without address",
      withEast({}, { services: changed(eastContents.services, "istio-eastwestgateway", { status: {} }) }),
      "east-west gateway",
      "Service istio-eastwestgateway has no address. If the host has no load balancer",
    ],
    [
      "an address that changed",
      withEast({ productPage: "http://192.0.2.99/productpage" }),
      "address",
      "the stack has http://192.0.2.99/productpage, and the gateway is now at http://192.0.2.1",
    ],
    [
      "no virtual gateway",
      withEast({}, { virtualGateways: [] }),
      "virtual gateway",
      "no VirtualGateway listens on the HTTP port of its ingress gateway: pulumi up --refresh",
    ],
    [
      "a virtual gateway that is refused",
      withEast(
        {},
        {
          virtualGateways: changed(
            eastContents.virtualGateways,
            "north-south-gw",
            status("FAILED", "no such host"),
          ),
        },
      ),
      "virtual gateway",
      "VirtualGateway istio-gateways/north-south-gw on east is FAILED: no such host",
    ],
    [
      "no route",
      withEast({}, { routeTables: [] }),
      "route table",
      "no RouteTable leads from istio-gateways/north-south-gw on east to the product page",
    ],
    [
      "a route that is refused",
      withEast(
        {},
        { routeTables: changed(eastContents.routeTables, "productpage", status("INVALID", "no gateway")) },
      ),
      "route table",
      "RouteTable bookinfo/productpage on east is INVALID: no gateway",
    ],
  ];
  it.each(cases)("is told for %s", (_, seen, check, detail) => {
    const [first] = wrongIn(seen);
    expect(first).toMatchObject({ check });
    expect(first?.detail).toContain(detail);
  });

  it("comes before what comes of it", () => {
    const broken = withEast(
      { certificate: undefined },
      { virtualGateways: [], deployments: without(eastContents.deployments, "gloo-mesh-agent") },
    );
    expect(wrongIn(broken).map(({ check }) => check)).toEqual(["agent", "certificate", "virtual gateway"]);
  });
});

/** The lab with its management cluster paused, and some of east another way. */
const withoutManagement = (...east: Parameters<typeof withEast>): Seen => ({
  ...withEast(...east),
  management: { name: "devmgmt", paused: true },
  metrics: undefined,
});

describe("a lab with something paused", () => {
  it("is not excused for an agent that is gone, or that nobody wants", () => {
    const { deployments } = eastContents;
    for (const changedDeployments of [
      without(deployments, "gloo-mesh-agent"),
      changed(deployments, "gloo-mesh-agent", { spec: { replicas: 0 } }),
    ])
      expect(wrongIn(withoutManagement({}, { deployments: changedDeployments }))).toMatchObject([
        { check: "agent" },
      ]);
  });

  it("has no product page to ask for where its cluster is paused", () => {
    const paused = withEast({ paused: true, contents: undefined as unknown as ClusterContents });
    expect(pagesToAskFor(paused)).toEqual([]);
    expect(whyNoPage(paused)).toBe("east, which has the product page, is paused: npm run lab -- resume east");
    expect(whyNoPage(healthyLab())).toBe("there is no product page to ask for: see what is noted.");
  });
});

describe("what is no fault", () => {
  it.each<[what: string, seen: Seen, check: string, detail: string]>([
    [
      "a cluster that is paused",
      withEast({ paused: true, contents: undefined as unknown as ClusterContents }),
      "API server",
      "it is paused: npm run lab -- resume east",
    ],
    [
      "an agent that is not ready while the management cluster is paused",
      withoutManagement(
        {},
        { deployments: changed(eastContents.deployments, "gloo-mesh-agent", { status: {} }) },
      ),
      "agent",
      "Deployment gloo-mesh-agent has 0 of 1 pods ready. It takes devmgmt, which is paused",
    ],
    [
      "and its certificate",
      withoutManagement({ certificate: undefined }, {}),
      "certificate",
      "the agent has not got one from the relay. It takes devmgmt, which is paused",
    ],
    [
      "a certificate near its end",
      withEast({ certificate: { names: ["east"], validTo: new Date("2026-06-08") } }),
      "certificate",
      "it ends on 2026-06-08",
    ],
    [
      "metrics that cannot be read",
      { ...healthyLab(), metrics: { silence: "forbidden" } },
      "relay",
      "forbidden",
    ],
    [
      "a warning of Gloo Mesh's",
      withEast(
        {},
        {
          routeTables: changed(eastContents.routeTables, "productpage", {
            status: { global: { state: "WARNING", message: "odd" } },
          }),
        },
      ),
      "route table",
      "is WARNING: odd",
    ],
  ])("is noted: %s", (_, seen, check, detail) => {
    expect(wrongIn(seen)).toEqual([]);
    const row = runChecks(seen).find(
      (candidate) => candidate.cluster === "east" && candidate.check === check,
    );
    expect(row?.state).toBe("noted");
    expect(row?.detail).toContain(detail);
  });

  it.each<[word: string, state: string, detail: string]>([
    ["ACCEPTED", "fine", "productpage"],
    ["PENDING", "wrong", "is PENDING: why"],
    ["INVALID", "wrong", "is INVALID: why"],
    ["WARNING", "noted", "is WARNING: why"],
    [
      "UNLICENSED",
      "wrong",
      "is not covered by the license key, so that it is without effect: why. Another kind of key: pulumi config set --secret licenseKey KEY",
    ],
  ])("has what today's Gloo Mesh says: %s", (approval, state, detail) => {
    const status = { common: { State: { approval, message: "why", observedGeneration: 1 } } };
    const routeTables = changed(eastContents.routeTables, "productpage", { status });
    const row = runChecks(withEast({}, { routeTables })).find(
      ({ cluster, check }) => cluster === "east" && check === "route table",
    );
    expect(row?.state).toBe(state);
    expect(row?.detail).toContain(detail);
  });

  it("takes a native sidecar for one", () => {
    const pods = changed(eastContents.pods, "details-v1-x", {
      spec: {
        containers: [{ name: "details" }],
        initContainers: [{ name: "istio-proxy", restartPolicy: "Always" }],
      },
    });
    expect(wrongIn(withEast({}, { pods }))).toEqual([]);
  });

  it("looks at node ports where there is no load balancer", () => {
    const lab = healthyLab();
    const [east, west] = lab.workloads;
    const nodePort = (seen: SeenWorkload, productPage?: string): SeenWorkload => ({
      ...seen,
      productPage,
      ...(seen.contents === undefined
        ? {}
        : {
            contents: {
              ...seen.contents,
              services: seen.contents.services.map((service) =>
                Object.assign(structuredClone(service), { status: {} }),
              ),
            },
          }),
    });
    const page = "http://192.0.2.50:30080/productpage";
    const seen: Seen = {
      ...lab,
      expose: "NodePort",
      node: "192.0.2.50",
      workloads: [nodePort(east, page), nodePort(west)],
    };
    expect(wrongIn(seen)).toEqual([]);
    expect(runChecks(seen)).toContainEqual({
      cluster: "east",
      check: "ingress gateway",
      state: "fine",
      detail: "at http://192.0.2.50:30080",
    });
  });
});
