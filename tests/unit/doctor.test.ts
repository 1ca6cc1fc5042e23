import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Node, V1Pod, V1PodSpec, V1Service } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Check, Fact, findings, fine, wrong } from "../../lab/doctor/check.ts";
import { judgedLicense, judgedVersions } from "../../lab/doctor/configuration.ts";
import { giving, judgedRange, judgedRights, judgedStorage } from "../../lab/doctor/host.ts";
import { judgedSigns, type Signs } from "../../lab/doctor/load-balancer.ts";
import { placesOf } from "../../steps/placement.ts";
import { amountsOf, inWords, numberOf, requestsOf } from "../../steps/quantity.ts";
import { judgedCharts } from "../../lab/doctor/repositories.ts";
import { judgedRoom } from "../../lab/doctor/room.ts";
import { judgedPlugins } from "../../lab/doctor/plugins.ts";
import { pathOfPrograms } from "../../lab/doctor/tools.ts";
import { isAtLeast } from "../../versions.ts";
import { describe as described } from "../../lab/verbs/doctor.ts";
import { versions } from "../../versions.ts";

describe("checks", () => {
  const check = (name: string, look: Check<undefined>["look"]): Check<undefined> => ({ name, look });

  it("are done side by side, and told in their order", async () => {
    const told = await findings(
      [
        check("slow", async () => {
          await sleep(50);
          return fine("late");
        }),
        check("quick", async () => [fine("first"), wrong("second", "mend it")]),
        check("none", async () => []),
      ],
      undefined,
    );
    expect(told.map((each) => `${each.check} ${each.found}`)).toEqual([
      "slow late",
      "quick first",
      "quick second",
    ]);
  });

  it("do not fail: what they could not find out is doubtful", async () => {
    const broken = check("broken", async () => {
      throw new Error("the cable is cut");
    });
    expect(await findings([broken], undefined)).toEqual([
      { check: "broken", level: "doubtful", found: "not found out: the cable is cut" },
    ]);
  });

  it("say what they need, and leave it to one of them to tell why it is not there", async () => {
    let asked = 0;
    const host = new Fact("the host", 5, async (): Promise<string> => {
      asked += 1;
      throw new Error("it is off");
    });
    const nodes = new Fact("the nodes", 5, async () => [await host.needed()]);
    await expect(host.get()).rejects.toThrow("it is off");
    const told = await findings(
      [
        check("range", async () => fine(await host.needed())),
        check("room", async () => fine(String(await nodes.needed()))),
      ],
      undefined,
    );
    expect(told.map(({ found }) => found)).toEqual(Array(2).fill("not checked, it needs the host"));
    expect(asked).toBe(1);
  });

  it("wait for a fact that long only", async () => {
    const never = new Fact("the host", 0.05, () => new Promise<string>(() => undefined));
    await expect(never.get()).rejects.toThrow("no answer from the host within 0.05 s");
  });

  it("are a table of marks, with what to do below what was found", () => {
    const text = described([
      { check: "room", ...wrong("too little", "buy more") },
      { check: "host", ...fine("it is there") },
    ]);
    expect(text.split("\n")).toEqual([
      "    CHECK   FOUND, AND WHAT TO DO",
      "✗   room    too little",
      "            → buy more",
      "✓   host    it is there",
    ]);
  });
});

describe("versions of tools", () => {
  it.each([
    ["v22.18.0", "22.18.0", true],
    ["22.17.9", "22.18.0", false],
    ["v24.0.1", "22.18.0", true],
    ["v3.244.0-alpha.x1", "3.244.0", true],
    ["3.243.10", "3.244.0", false],
  ])("%s against %s", (version, minimum, expected) => {
    expect(isAtLeast(version, minimum)).toBe(expected);
  });

  it("are those that a shell finds, not those that npm put before", () => {
    const PATH = "/lab/node_modules/.bin:/node_modules/.bin:/npm/node-gyp-bin:/usr/bin";
    expect(pathOfPrograms({ PATH, npm_execpath: "/npm/cli.js" })).toBe("/usr/bin");
    expect(pathOfPrograms({ PATH })).toBe(PATH);
  });
});

describe("plugins", () => {
  const all = ["kubernetes", "random", "command"].map((name) => ({
    name,
    kind: "resource",
    version: "1.0.0",
  }));
  const judged = (installed: typeof all, onPath: readonly string[]) =>
    judgedPlugins(
      installed,
      (program) => onPath.find((each) => each === program),
      () => "1.0.0",
    );
  const language = "pulumi-language-nodejs";

  it("are installed, or on PATH", () => {
    expect(judged(all, [language]).level).toBe("fine");
    expect(judged(all.slice(1), [language, "pulumi-resource-kubernetes"]).level).toBe("fine");
  });

  it("in another version are fetched by pulumi up", () => {
    const [first, ...rest] = all;
    expect(
      judged([{ ...first, version: "0.9.0" } as (typeof all)[number], ...rest], [language]),
    ).toMatchObject({
      level: "doubtful",
      found: "not installed yet: kubernetes 1.0.0",
    });
  });

  it("of languages come with Pulumi, or there is no starting", () => {
    expect(judged(all, [])).toMatchObject({ level: "wrong", found: "there is no pulumi-language-nodejs" });
  });
});

describe("the license key and versions", () => {
  it.each([
    [true, true, "fine"],
    [true, false, "wrong"],
    [false, false, "wrong"],
  ] as const)("set %s, secret %s: %s", (isSet, isSecret, level) => {
    expect(judgedLicense(isSet, isSecret).level).toBe(level);
  });

  it("warn of each combination that is not known", () => {
    expect(judgedVersions({ versions }).map(({ level }) => level)).toEqual(["fine"]);
    const newer = judgedVersions({ versions: { ...versions, istio: "1.20.0" } });
    expect(newer.map(({ level }) => level)).toEqual(["doubtful", "doubtful"]);
    expect(newer[0]?.found).toContain("Istio 1.20.0 is not known");
  });
});

describe("a storage class", () => {
  const named = (name: string, provisioner = "rancher.io/local-path", isDefault = false) => ({
    provisioner,
    metadata: {
      name,
      annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) },
    },
  });

  it.each([
    ["the default one", undefined, [named("a"), named("b", undefined, true)], [], "fine", "b"],
    [
      "none that is the default",
      undefined,
      [named("a")],
      [],
      "wrong",
      "the host has no default class; it has: a",
    ],
    ["the configured one", "a", [named("a"), named("b", undefined, true)], [], "fine", "a"],
    ["none of that name", "c", [], [], "wrong", "the host has no class c; it has: none"],
    [
      "one that waits for a driver",
      undefined,
      [named("gp2", "kubernetes.io/aws-ebs", true)],
      ["efs.csi.aws.com"],
      "wrong",
      "class gp2 needs driver ebs.csi.aws.com, which the host does not have",
    ],
    ["one with its driver", "gp3", [named("gp3", "ebs.csi.aws.com")], ["ebs.csi.aws.com"], "fine", "gp3"],
  ] as const)("%s", (_, configured, classes, drivers, level, found) => {
    expect(judgedStorage(configured, [...classes], [...drivers])).toMatchObject({ level, found });
  });
});

describe("the range of ClusterIPs", () => {
  it.each([
    [undefined, "10.43.0.0/16", "fine"],
    [undefined, undefined, "wrong"],
    ["10.43.0.0/16", "10.43.0.0/16", "fine"],
    // A virtual cluster's range must contain the host's.
    ["10.40.0.0/13", "10.43.0.0/16", "fine"],
    ["10.43.128.0/17", "10.43.0.0/16", "wrong"],
    ["10.96.0.0/16", "10.43.0.0/16", "wrong"],
    ["10.96.0.0/16", undefined, "doubtful"],
  ] as const)("configured %s, the host's %s: %s", (configured, found, level) => {
    expect(judgedRange(configured, found).level).toBe(level);
  });
});

describe("rights", () => {
  it("that are missing are named", () => {
    expect(judgedRights([]).level).toBe("fine");
    expect(judgedRights([giving])).toMatchObject({ level: "doubtful" });
    expect(
      judgedRights([
        giving,
        { verb: "create", resource: "namespaces" },
        { verb: "delete", resource: "namespaces" },
        { verb: "list", resource: "pods" },
      ]),
    ).toMatchObject({ level: "wrong", found: "the user may not create, delete namespaces; list pods" });
  });
});

describe("a load balancer", () => {
  const now = Date.parse("2026-01-01T00:10:00Z");
  const none: Signs = { version: "v1.30.1", nodes: [], services: [], pools: [], now };
  const service = (name: string, createdAgo: number, ip?: string): V1Service => ({
    metadata: { name, namespace: "web", creationTimestamp: new Date(now - createdAgo * 1000) },
    spec: { type: "LoadBalancer" },
    status: { loadBalancer: ip === undefined ? {} : { ingress: [{ ip }] } },
  });
  const node = (providerID: string, args?: string): V1Node => ({
    metadata: { annotations: args === undefined ? {} : { "k3s.io/node-args": args } },
    spec: { providerID },
  });

  it.each<[string, Partial<Signs>, string, RegExp]>([
    ["nothing to see", {}, "doubtful", /^nothing on the host shows/],
    [
      "a Service that has an address",
      { services: [service("a", 9e3), service("b", 9, "192.0.2.1")] },
      "fine",
      /web\/b$/,
    ],
    ["a Service that waits", { services: [service("a", 9)] }, "doubtful", /web\/a has waited 9 s/],
    [
      "a Service that has waited long",
      { services: [service("b", 9), service("a", 500)] },
      "wrong",
      /web\/a has waited 500 s/,
    ],
    ["a ClusterIP", { services: [{ spec: { type: "ClusterIP" } }] }, "doubtful", /^nothing/],
    ["a cloud", { nodes: [node("aws:///eu-central-1a/i-0")] }, "fine", /AWS/],
    ["kind", { nodes: [node("kind://docker/kind/node")] }, "doubtful", /^nothing/],
    ["MetalLB with a pool", { pools: [{ controller: "MetalLB", count: 1 }] }, "fine", /MetalLB/],
    ["MetalLB without one", { pools: [{ controller: "MetalLB", count: 0 }] }, "doubtful", /no pool/],
    [
      "k3s' own, which serves its own ingress",
      {
        version: "v1.30.1+k3s1",
        services: [service("traefik", 9, "192.0.2.1")],
        nodes: [node("k3s://a", '["server"]')],
      },
      "wrong",
      /each port of a node once/,
    ],
    [
      "k3s without its own",
      { version: "v1.30.1+k3s1", nodes: [node("k3s://a", '["server","--disable","traefik,servicelb"]')] },
      "doubtful",
      /^nothing/,
    ],
    [
      "k3s with MetalLB",
      { version: "v1.30.1+k3s1", pools: [{ controller: "MetalLB", count: 2 }] },
      "fine",
      /MetalLB/,
    ],
  ])("%s", (_, signs, level, found) => {
    const finding = judgedSigns({ ...none, ...signs });
    expect(finding.found).toMatch(found);
    expect(finding.level).toBe(level);
  });
});

describe("quantities", () => {
  it.each([
    ["500m", 0.5],
    ["2", 2],
    [3, 3],
    ["1.5Gi", 1.5 * 2 ** 30],
    ["128974848", 128974848],
    ["129M", 129e6],
    ["1e3", 1000],
    ["250000n", 0.00025],
    [undefined, 0],
  ])("%s is %s", (quantity, number) => {
    expect(numberOf(quantity)).toBeCloseTo(number, 9);
  });

  it("are refused where they are none", () => {
    expect(() => numberOf("much")).toThrow("much is no quantity of Kubernetes");
  });

  const asking = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory } } });

  it("of a pod are those of its containers, or of the largest that runs before them", () => {
    const spec: V1PodSpec = {
      initContainers: [
        { name: "first", ...asking("2", "10Mi") },
        { name: "second", ...asking("1", "1Gi") },
        // This one stays.
        { name: "stays", restartPolicy: "Always", ...asking("100m", "10Mi") },
      ],
      containers: [
        { name: "a", ...asking("500m", "100Mi") },
        { name: "b", resources: { limits: { cpu: "250m" }, requests: { memory: "100Mi" } } },
        { name: "c" },
      ],
      overhead: { cpu: "50m" },
    };
    const { cpu, memory, pods } = requestsOf(spec);
    expect(cpu).toBeCloseTo(2.05);
    expect(memory).toBe(2 ** 30);
    expect(pods).toBe(1);
    expect(inWords({ cpu: 2.054, memory: 1.5 * 2 ** 30, pods: 1 })).toBe("2.05 CPUs and 1.5 GiB");
  });
});

describe("room", () => {
  const ready = [{ type: "Ready", status: "True" }];
  const node = (name: string, cpu: string, more: object = {}, status: object = {}): V1Node => ({
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name, ...("labels" in more ? (more.labels as object) : {}) },
    },
    spec: { ...more },
    status: { allocatable: { cpu, memory: "8Gi", pods: "10" }, conditions: ready, ...status },
  });
  const spec = (cpu: string, more: Partial<V1PodSpec> = {}): V1PodSpec => ({
    containers: [{ name: "main", resources: { requests: { cpu, memory: "1Gi" } } }],
    ...more,
  });
  const pod = (namespace: string, nodeName: string, cpu: string, phase = "Running"): V1Pod => ({
    metadata: { name: "p", namespace },
    spec: spec(cpu, { nodeName }),
    status: { phase },
  });
  const planned = (workload: string, count: number, cpu: string, more: Partial<V1PodSpec> = {}) => ({
    cluster: "east",
    workload,
    count,
    spec: spec(cpu, more),
  });

  it("is what others leave on nodes that are ready and take pods", () => {
    const places = placesOf(
      [
        node("a", "4"),
        node("b", "4", { unschedulable: true }),
        node("c", "4", {}, { conditions: [{ type: "Ready", status: "Unknown" }] }),
      ],
      [
        pod("web", "a", "1"),
        pod("web", "a", "1", "Succeeded"),
        pod("web", "b", "1"),
        // The lab's own.
        pod("east", "a", "1"),
      ],
      ["east"],
    );
    expect(places.map(({ name, free }) => ({ name, free }))).toEqual([
      { name: "a", free: { ...amountsOf({ cpu: "3", memory: "7Gi" }), pods: 9 } },
    ]);
  });

  it("is there where each pod finds a node", () => {
    const places = placesOf([node("a", "2"), node("b", "2")], [], []);
    expect(judgedRoom(places, [planned("x/large", 2, "1500m"), planned("x/small", 2, "500m")])).toMatchObject(
      {
        level: "fine",
        found: "4 pods ask for 4 CPUs and 4 GiB; 2 nodes have 4 CPUs and 16 GiB free, for 20 pods",
      },
    );
  });

  it("is not there for pods that are larger than any node, though all nodes together are not", () => {
    const places = placesOf([node("a", "2"), node("b", "2")], [], []);
    const finding = judgedRoom(places, [planned("x/huge", 1, "3")]);
    expect(finding).toMatchObject({ level: "wrong", details: { noRoomFor: ["east x/huge"] } });
    expect(finding.found).toContain("no room for east x/huge (3 CPUs and 1 GiB)");
  });

  it("may be there in another order where it is there in sum", () => {
    // Two nodes of 3 hold 2+1 and 2+1, and not 2, 2 and 2.
    const places = placesOf([node("a", "3"), node("b", "3")], [], []);
    expect(judgedRoom(places, [planned("x/two", 3, "2")])).toMatchObject({ level: "doubtful" });
  });

  it("counts pods too", () => {
    const places = placesOf([node("a", "4")], [], []);
    expect(judgedRoom(places, [planned("x/many", 11, "1m")])).toMatchObject({ level: "wrong" });
    expect(judgedRoom(places, [planned("x/paused", 0, "100")])).toMatchObject({ level: "fine" });
  });

  it("is on the nodes that a pod wants and bears", () => {
    const taints = [{ key: "dedicated", value: "control", effect: "NoSchedule" }];
    const places = placesOf(
      [node("a", "1"), node("b", "4", { taints, labels: { pool: "control" } })],
      [],
      [],
    );
    const needs = { nodeSelector: { pool: "control" } };
    expect(judgedRoom(places, [planned("x/any", 1, "2")])).toMatchObject({ level: "wrong" });
    expect(judgedRoom(places, [planned("x/chosen", 1, "2", needs)])).toMatchObject({ level: "wrong" });
    for (const toleration of [
      { key: "dedicated", operator: "Equal", value: "control", effect: "NoSchedule" },
      { key: "dedicated", operator: "Exists" },
      { operator: "Exists" },
    ]) {
      const bears = planned("x/bears", 1, "2", { ...needs, tolerations: [toleration] });
      expect(judgedRoom(places, [bears])).toMatchObject({ level: "fine" });
    }
    const other = { key: "dedicated", value: "others" };
    expect(
      judgedRoom(places, [planned("x/bears-others", 1, "2", { ...needs, tolerations: [other] })]),
    ).toMatchObject({ level: "wrong" });
  });
});

describe("chart repositories", () => {
  let server: Server;
  let base = "";
  const index = [
    "apiVersion: v1",
    "entries:",
    "  istiod:",
    "  - { name: istiod, version: 1.12.6 }",
    "  - { name: istiod, version: 1.12.5 }",
  ].join("\n");

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { url = "", headers } = request;
      const answer = (status: number, body = "", more: Record<string, string> = {}) =>
        response.writeHead(status, more).end(body);
      if (url === "/charts/index.yaml") answer(200, index);
      else if (url === "/private/index.yaml") {
        const isKnown = headers.authorization === `Basic ${Buffer.from("me:it is me").toString("base64")}`;
        answer(isKnown ? 200 : 401, index);
      } else if (url.startsWith("/token?")) {
        const scope = new URL(url, base).searchParams.get("scope") ?? "";
        answer(scope.includes("secret") ? 403 : 200, JSON.stringify({ token: "for-anybody" }));
      } else if (headers.authorization === "Bearer for-anybody") {
        answer(url === "/v2/public/istiod/manifests/1.12.6_a" ? 200 : 404, "{}");
      } else if (url.startsWith("/v2/")) {
        const scope = `repository:${url.split("/")[2] ?? ""}/istiod:pull`;
        answer(401, "", {
          "www-authenticate": `Bearer realm="${base}/token",service="registry.test",scope="${scope}"`,
        });
      } else answer(404);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Registries are asked by TLS, for which this server stands in. */
  const get: Parameters<typeof judgedCharts>[1] = (url, options) =>
    fetch(url.replace("https://registry.test", base), options);
  const inRepo = (path: string, version = "1.12.6") => ({
    chart: "istiod",
    version,
    repositoryOpts: { repo: `${base}${path}` },
  });
  const inRegistry = (path: string, version = "1.12.6+a") => ({
    chart: `oci://registry.test/${path}/istiod`,
    version,
  });

  it("that have the chart are fine, and asked once", async () => {
    expect(await judgedCharts([inRepo("/charts"), inRepo("/charts", "1.12.5")], get)).toEqual([
      { level: "fine", found: `${base}/charts` },
    ]);
    expect(await judgedCharts([inRegistry("public")], get)).toEqual([
      { level: "fine", found: "registry.test" },
    ]);
  });

  it("that lack it, or do not answer, are told", async () => {
    expect(await judgedCharts([inRepo("/charts", "9.9.9")], get)).toMatchObject([
      { level: "wrong", found: `${base}/charts has no istiod 9.9.9` },
    ]);
    expect(await judgedCharts([inRegistry("public", "9.9.9")], get)).toMatchObject([
      { level: "wrong", found: "registry.test has no istiod 9.9.9" },
    ]);
    expect(await judgedCharts([inRepo("/nothing")], get)).toMatchObject([
      { level: "wrong", found: `${base}/nothing answered 404` },
    ]);
    const dead = { chart: "istiod", version: "1", repositoryOpts: { repo: "http://127.0.0.1:1" } };
    expect(await judgedCharts([dead], get)).toMatchObject([{ level: "wrong" }]);
  });

  it("that want credentials are given those of their URL, and tell none", async () => {
    const known = inRepo("/private").repositoryOpts.repo.replace("http://", "http://me:it%20is%20me@");
    const [found] = await judgedCharts([{ ...inRepo("/private"), repositoryOpts: { repo: known } }], get);
    expect(found).toEqual({ level: "fine", found: `${base}/private` });
    expect(await judgedCharts([inRepo("/private")], get)).toMatchObject([
      { level: "doubtful", found: `${base}/private wants credentials` },
    ]);
    expect(await judgedCharts([inRegistry("secret")], get)).toMatchObject([
      { level: "doubtful", found: "registry.test wants credentials" },
    ]);
  });

  it("of a directory are where they are", async () => {
    const local = { chart: "./charts/istiod-1.tgz", version: "1" };
    expect(await judgedCharts([local], get)).toEqual([{ level: "fine", found: "1 in ./charts" }]);
  });
});
