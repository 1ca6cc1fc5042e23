import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { V1Node, V1Pod, V1PodSpec, V1Service } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Check, Fact, findings, fine, wrong } from "../../../cli/doctor/check.ts";
import { configurationCheck, judgedLicense, judgedVersions } from "../../../cli/doctor/configuration.ts";
import { judgedArchitecture } from "../../../cli/doctor/host/architecture.ts";
import { type Facts, namespacesIn } from "../../../cli/doctor/facts.ts";
import { judgedRange } from "../../../cli/doctor/host/host.ts";
import { injectorCheck, type InjectorSigns, judgedInjectors } from "../../../cli/doctor/host/injector.ts";
import { judgedLimits, type Limited } from "../../../cli/doctor/host/limits.ts";
import { type Bearer, judgedNames } from "../../../cli/doctor/host/names.ts";
import { judgedRights, rightsGiven, rightsNeeded } from "../../../cli/doctor/host/rights.ts";
import { judgedStorage, type StorageSigns } from "../../../cli/doctor/host/storage.ts";
import { judgedSigns, type Signs } from "../../../cli/doctor/host/load-balancer.ts";
import { placesOf } from "../../../kubernetes/diagnosis/placement.ts";
import { amountsOf, inWords, requestsOf } from "../../../kubernetes/diagnosis/amounts.ts";
import { numberOf } from "../../../schema/quantity.ts";
import { judgedCharts } from "../../../cli/doctor/repositories.ts";
import { judgedRoom, judgedUntold } from "../../../cli/doctor/host/room.ts";
import { judgedPlugins } from "../../../cli/doctor/plugins.ts";
import { pathOfPrograms } from "../../../cli/doctor/tools.ts";
import { checkSettings } from "../../../config/check.ts";
import { amd64Only } from "../../../versions/compatibility.ts";
import { covering } from "../../../kubernetes/host/service-cidr.ts";
import { isAtLeast } from "../../../versions/versions.ts";
import { describe as described } from "../../../cli/commands/doctor.ts";
import { versionSets } from "../../../versions/versions.ts";

const { versions } = versionSets.article;

function settingsOf(more: object) {
  const { settings, mistakes } = checkSettings({
    workloads: [{ name: "alpha" }],
    licenseKey: "key",
    ...more,
  });
  if (settings === undefined) throw new Error(JSON.stringify(mistakes));
  return settings;
}

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

  it.each([
    [
      "a secret in plain text",
      { oidcClientSecret: "open" },
      [],
      "oidcClientSecret is in plain text",
      "pulumi config set --secret oidcClientSecret SECRET.",
    ],
    [
      "what would not stay secret",
      { expose: "NodePort" },
      ["expose"],
      "expose is secret, and would not stay so",
      "Set it without --secret.",
    ],
  ])("of %s doctor says what mends it", async (_, input, secretKeys, found, advice) => {
    const configuration = new Fact("it", 5, async () => ({ input, secretKeys: new Set(secretKeys) }));
    expect(await configurationCheck.look({ configuration } as Partial<Facts> as Facts)).toEqual(
      wrong(found, advice),
    );
  });

  it("warn of each combination that is not known", () => {
    expect(judgedVersions({ versionSet: "article", versions }).map(({ level }) => level)).toEqual(["fine"]);
    const newer = judgedVersions({ versionSet: "article", versions: { ...versions, istio: "1.20.0" } });
    expect(newer.map(({ level }) => level)).toEqual(["doubtful", "doubtful"]);
    expect(newer[0]?.found).toContain("Istio 1.20.0 is not known");
  });
});

describe("a storage class", () => {
  const named = (name: string, provisioner = "rancher.io/local-path", isDefault = false, made = 0) => ({
    provisioner,
    metadata: {
      name,
      creationTimestamp: new Date(made),
      annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault) },
    },
  });
  const volume = (storage: string, className = "local", phase = "Available") => ({
    spec: { storageClassName: className, capacity: { storage } },
    status: { phase },
  });
  const signs: StorageSigns = {
    classes: [],
    drivers: [],
    volumes: [],
    leases: [],
    programs: ["rancher/local-path-provisioner:v0.0.30"],
  };
  const local = named("local", "kubernetes.io/no-provisioner", true);
  const nfs = named("nfs", "example.com/nfs", true);

  it.each<
    [what: string, name: string | undefined, signs: Partial<StorageSigns>, level: string, found: string]
  >([
    ["the default one", undefined, { classes: [named("a"), named("b", undefined, true)] }, "fine", "b"],
    [
      "the newest of several default ones, as Kubernetes takes it",
      undefined,
      {
        classes: [
          named("b", undefined, true, 1),
          named("c", undefined, true, 3),
          named("a", undefined, true, 2),
        ],
      },
      "fine",
      "c, the newest of 3 default classes",
    ],
    [
      "the first by name of several that are as old",
      undefined,
      { classes: [named("b", undefined, true), named("a", undefined, true)] },
      "fine",
      "a, the newest of 2 default classes",
    ],
    [
      "none that is the default",
      undefined,
      { classes: [named("a")] },
      "wrong",
      "the host has no default class; it has: a",
    ],
    ["the configured one", "a", { classes: [named("a"), named("b", undefined, true)] }, "fine", "a"],
    ["none of that name", "c", {}, "wrong", "the host has no class c; it has: none"],
    [
      "one that waits for a driver",
      undefined,
      { classes: [named("gp2", "kubernetes.io/aws-ebs", true)], drivers: ["efs.csi.aws.com"] },
      "wrong",
      "class gp2 needs driver ebs.csi.aws.com, which the host does not have",
    ],
    [
      "one with its driver",
      "gp3",
      { classes: [named("gp3", "ebs.csi.aws.com")], drivers: ["ebs.csi.aws.com"] },
      "fine",
      "gp3",
    ],
    [
      "one whose provisioner nobody has seen",
      undefined,
      { classes: [named("b", undefined, true), named("c", "example.com/none", true, 1)] },
      "doubtful",
      "class c, the newest of 2 default classes: nothing on the host shows that its provisioner example.com/none runs",
    ],
    [
      "one whose provisioner leads",
      undefined,
      { classes: [nfs], leases: ["example.com-nfs"] },
      "fine",
      "nfs",
    ],
    [
      "one whose provisioner is a pod",
      undefined,
      { classes: [nfs], programs: ["nfs-provisioner-0"] },
      "fine",
      "nfs",
    ],
    [
      "one whose provisioner made a volume",
      undefined,
      {
        classes: [nfs],
        volumes: [{ metadata: { annotations: { "pv.kubernetes.io/provisioned-by": "example.com/nfs" } } }],
      },
      "fine",
      "nfs",
    ],
    [
      "one that makes no volumes, without any",
      undefined,
      {
        classes: [local],
        volumes: [volume("5Gi"), volume("4Gi"), volume("9Gi", "other"), volume("9Gi", "local", "Released")],
      },
      "wrong",
      "class local makes no volumes, and has 1 of 5Gi for 2 clusters",
    ],
    [
      "one that makes no volumes, with enough",
      undefined,
      { classes: [local], volumes: [volume("5Gi"), volume("6Gi", "local", "Bound")] },
      "fine",
      "class local makes no volumes, and has 2 of 5Gi for 2 clusters",
    ],
  ])("%s", (_, name, more, level, found) => {
    expect(judgedStorage({ name, count: 2, size: "5Gi" }, { ...signs, ...more })).toMatchObject({
      level,
      found,
    });
  });
});

describe("the range of ClusterIPs", () => {
  it.each<[configured: string | undefined, found: string[], level: string]>([
    [undefined, ["10.43.0.0/16"], "fine"],
    [undefined, [], "wrong"],
    ["10.43.0.0/16", ["10.43.0.0/16"], "fine"],
    // A virtual cluster's range must contain the host's.
    ["10.40.0.0/13", ["10.43.0.0/16"], "fine"],
    ["10.43.128.0/17", ["10.43.0.0/16"], "wrong"],
    ["10.96.0.0/16", ["10.43.0.0/16"], "wrong"],
    ["10.96.0.0/16", [], "doubtful"],
    // Addresses come from any of several, and from the first family.
    [undefined, ["10.96.0.0/24", "10.97.0.0/16"], "fine"],
    ["10.96.0.0/24", ["10.96.0.0/24", "10.97.0.0/16"], "wrong"],
    ["10.96.0.0/15", ["10.96.0.0/24", "10.97.0.0/16"], "fine"],
    [undefined, ["10.96.0.0/24", "192.168.0.0/24"], "wrong"],
    [undefined, ["10.96.0.0/16", "fd00::/108"], "fine"],
    [undefined, ["fd00::/108", "10.96.0.0/16"], "wrong"],
    ["10.96.0.0/16", ["fd00::/108"], "wrong"],
  ])("configured %s, the host's %j: %s", (configured, found, level) => {
    expect(judgedRange(configured, found).level).toBe(level);
  });

  it.each([
    [["10.96.0.0/16"], "10.96.0.0/16"],
    [["10.96.0.0/24", "10.96.1.0/24"], "10.96.0.0/23"],
    [["10.96.1.0/24", "10.96.2.0/24"], "10.96.0.0/22"],
    [["10.97.0.0/16", "10.96.0.0/16"], "10.96.0.0/15"],
    [["10.96.0.0/12", "10.97.0.0/16"], "10.96.0.0/12"],
    [["192.168.3.7/30", "fd00::/108"], "192.168.3.7/30"],
    [["10.0.0.0/24", "192.168.0.0/24"], "0.0.0.0/0"],
    [["fd00::/108"], undefined],
  ])("around %j is %s", (ranges, range) => {
    expect(covering(ranges)).toBe(range);
  });
});

describe("rights", () => {
  const group = "rbac.authorization.k8s.io";
  const bind = [
    { verb: "bind", group, resource: "clusterroles" },
    { verb: "bind", group, resource: "roles", namespaced: true as const },
  ];
  const nodes = { verb: "update", group: "", resource: "nodes" };

  it("that are missing are named", () => {
    expect(judgedRights([], [], []).level).toBe("fine");
    expect(
      judgedRights(
        [
          { verb: "create", resource: "namespaces" },
          { verb: "delete", resource: "namespaces" },
          { verb: "list", resource: "pods" },
        ],
        [],
        [],
      ),
    ).toMatchObject({ level: "wrong", found: "the user may not create, delete namespaces; list pods" });
  });

  it.each<[set: "current" | "article", persistence: boolean, made: string, looked: string]>([
    ["current", true, "statefulsets", "deployments"],
    ["current", false, "deployments", "statefulsets"],
    ["article", true, "statefulsets", "deployments"],
    ["article", false, "statefulsets", "deployments"],
  ])("on the %s set, persistence %s, are those to make %s", (set, persistence, made, looked) => {
    const needed = rightsNeeded(settingsOf({ versionSet: set, controlPlane: { persistence } }));
    const verbsOf = (resource: string) =>
      needed.filter((right) => right.resource === resource).map(({ verb }) => verb);
    expect(verbsOf(made)).toEqual(["get", "create", "patch", "delete"]);
    expect(verbsOf(looked)).toEqual(["get"]);
  });

  it("may be given by who holds them, or may give any", () => {
    // He holds all that virtual clusters get.
    expect(judgedRights([], bind, []).level).toBe("fine");
    expect(judgedRights([], bind, [nodes])).toEqual({
      level: "wrong",
      found:
        "the user may not bind clusterroles, to give virtual clusters their rights, nor does he hold them himself: update nodes",
      advice: "Ask for bind clusterroles, or for the rights themselves, as a cluster-admin has them.",
    });
    // Of a namespace, where he lacks nothing of those.
    expect(judgedRights([], bind.slice(1), [nodes]).level).toBe("fine");
    // Without helm it is not known what they get.
    expect(judgedRights([], bind, undefined).level).toBe("wrong");
  });

  it("of virtual clusters are those that the chart on the host gives", () => {
    const release = (kind: "vcluster" | "istiod", ...objects: object[]) =>
      ({ kind, objects }) as unknown as Parameters<typeof rightsGiven>[0][number];
    const rules = [{ apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] }];
    expect(
      rightsGiven([
        release("vcluster", { kind: "Role", rules }, { kind: "ClusterRole", rules: [...rules, ...rules] }),
        release("vcluster", { kind: "ClusterRole", rules: null }, { kind: "Service" }),
        release("istiod", {
          kind: "ClusterRole",
          rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
        }),
      ]),
    ).toEqual([
      { verb: "get", group: "", resource: "pods/exec", namespaced: true },
      { verb: "create", group: "", resource: "pods/exec", namespaced: true },
      { verb: "get", group: "", resource: "pods/exec" },
      { verb: "create", group: "", resource: "pods/exec" },
    ]);
  });
});

describe("an injector of the host's Istio", () => {
  const injectors = ["istio-sidecar-injector"];
  const open = { name: "alpha", labels: { "kubernetes.io/metadata.name": "alpha" } };
  const closed = { name: "beta", labels: { "istio-injection": "disabled" } };
  const missing = { name: "gamma", labels: undefined };
  const found = (names: string, namespaces: string) =>
    `the host has Istio's injector (${names}), which sees the label sidecar.istio.io/inject on the copies of gateways in ${namespaces}: they may be injected twice, and then have a proxy of the host's Istio in the place of the lab's`;
  const anew =
    "Gateways that are there by then have to be made anew, in each of these clusters: kubectl --namespace istio-gateways rollout restart deployment.";

  it.each<[what: string, signs: InjectorSigns, level: string, found: string, advice: string | undefined]>([
    [
      "that is not there",
      { injectors: [], namespaces: [open, missing] },
      "fine",
      "the host has none of its own",
      undefined,
    ],
    [
      "that is kept out",
      { injectors, namespaces: [closed] },
      "fine",
      "istio-sidecar-injector of the host: kept out of the lab's namespaces",
      undefined,
    ],
    [
      "that sees a namespace",
      { injectors, namespaces: [open, closed] },
      "doubtful",
      found("istio-sidecar-injector", "alpha"),
      `Keep it out of these namespaces: kubectl label namespace alpha istio-injection=disabled --overwrite. ${anew}`,
    ],
    [
      "that will see namespaces, with a revision",
      { injectors: ["istio-sidecar-injector-1-30", "istio-sidecar-injector"], namespaces: [open, missing] },
      "doubtful",
      found("istio-sidecar-injector-1-30, istio-sidecar-injector", "alpha, gamma"),
      `As soon as pulumi up has made these namespaces, whether it still waits, failed or is done: kubectl label namespace alpha gamma istio-injection=disabled --overwrite. ${anew}`,
    ],
  ])("%s", (_, signs, level, text, advice) => {
    expect(judgedInjectors(signs)).toEqual({
      level,
      found: text,
      ...(advice === undefined ? {} : { advice }),
    });
  });

  it("sees nothing of copies whose labels are hashed, so that the host is not asked", async () => {
    const asked = async (versionSet: "current" | "article") => {
      const facts = {
        settings: new Fact("the settings", 5, async () => settingsOf({ versionSet })),
        host: new Fact("the host", 5, async () => {
          throw new Error("it is off");
        }),
      };
      const told = await findings([injectorCheck], facts as Partial<Facts> as Facts);
      return told.map(({ level, found: text }) => `${level} ${text}`);
    };
    expect(await asked("article")).toEqual(["fine copies on the host have no labels that Istio goes by"]);
    expect(await asked("current")).toEqual(["doubtful not checked, it needs the host"]);
  });
});

describe("names on the host", () => {
  const bearer = (more: Partial<Bearer>): Bearer => ({
    cluster: "alpha",
    namespace: { metadata: { name: "alpha" } },
    isOwn: false,
    isVirtualCluster: false,
    roles: [],
    ...more,
  });
  const terminating = (conditions: { type: string; status: string; message: string }[]) =>
    bearer({
      namespace: { metadata: { deletionTimestamp: new Date() }, status: { conditions } },
      isOwn: true,
    });
  const role = (annotations: Record<string, string>, labels = {}) => ({
    kind: "ClusterRole",
    metadata: { name: "vc-alpha-v-alpha", annotations, labels },
  });
  const ofHelm = (name: string) =>
    role(
      { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": name },
      { "app.kubernetes.io/managed-by": "Helm" },
    );

  it.each<[what: string, bearer: Bearer, level: string, found: string, advice: RegExp]>([
    ["free", bearer({ namespace: undefined }), "fine", "none is taken", /^$/],
    [
      "the stack's own",
      bearer({ isOwn: true, roles: [ofHelm("alpha")] }),
      "fine",
      "1 of 1 namespaces are this stack's, and none is taken",
      /^$/,
    ],
    [
      "taken",
      bearer({}),
      "wrong",
      "there is a namespace alpha that is not this stack's",
      /another name.*kubectl delete namespace alpha/,
    ],
    [
      "those of another lab",
      bearer({ isVirtualCluster: true }),
      "wrong",
      "namespace alpha has a virtual cluster that is not this stack's",
      /another name.*pulumi destroy --stack/,
    ],
    [
      "of a namespace that goes",
      terminating([{ type: "NamespaceContentRemaining", status: "False", message: "" }]),
      "wrong",
      "namespace alpha is terminating",
      /^Wait until it is gone: kubectl wait/,
    ],
    [
      "of a namespace that cannot go",
      terminating([
        {
          type: "NamespaceFinalizersRemaining",
          status: "True",
          message: "configmaps. has 1 finalizers: a/b ",
        },
        { type: "NamespaceDeletionDiscoveryFailure", status: "False", message: "All resources discovered" },
      ]),
      "wrong",
      "namespace alpha is terminating: configmaps. has 1 finalizers: a/b",
      /finalizers/,
    ],
    [
      "of a role of somebody else",
      bearer({ namespace: undefined, roles: [role({})] }),
      "wrong",
      "there is a ClusterRole vc-alpha-v-alpha that is not of the lab's release",
      /kubectl delete clusterrole vc-alpha-v-alpha/,
    ],
    [
      "of a role of another release",
      bearer({ namespace: undefined, roles: [ofHelm("beta")] }),
      "wrong",
      "there is a ClusterRole vc-alpha-v-alpha that is not of the lab's release",
      /another name/,
    ],
    // Helm takes over what its release has left.
    [
      "of a role that is left of the release",
      bearer({ namespace: undefined, roles: [ofHelm("alpha")] }),
      "fine",
      "none is taken",
      /^$/,
    ],
  ])("%s", (_, given, level, found, advice) => {
    const findings = judgedNames([given]);
    expect(findings).toMatchObject([{ level, found }]);
    expect(findings[0]?.advice ?? "").toMatch(advice);
  });

  it("are the stack's own where its state has the same namespace", () => {
    const resource = (type: string, uid: string) => ({ type, outputs: { metadata: { uid } } });
    const resources = [
      resource("kubernetes:core/v1:Namespace", "1"),
      resource("kubernetes:core/v1:Secret", "2"),
      { type: "kubernetes:core/v1:Namespace" },
    ];
    expect([...namespacesIn(JSON.stringify({ deployment: { resources } }))]).toEqual(["1"]);
    expect([...namespacesIn("{}")]).toEqual([]);
  });
});

describe("the architecture of nodes", () => {
  const node = (name: string, architecture: string, more: V1Node["spec"] = {}, fake = false): V1Node => ({
    metadata: { name, annotations: fake ? { "kwok.x-k8s.io/node": "fake" } : {} },
    spec: more,
    status: { nodeInfo: { architecture } as never, conditions: [{ type: "Ready", status: "True" }] },
  });
  const parts = amd64Only(versions);
  const taints = [{ key: "arch", effect: "NoSchedule" }];

  it("is that of the images, or told", () => {
    expect(parts).toEqual(["Istio 1.12.6", "Bookinfo 1.16.2", "Gloo Mesh 2.0.9"]);
    expect(judgedArchitecture([node("a", "amd64")], parts)).toEqual([fine("amd64")]);
    expect(judgedArchitecture([node("a", "arm64")], parts)).toMatchObject([
      {
        level: "wrong",
        found:
          "nodes are arm64, and the images of Istio 1.12.6, Bookinfo 1.16.2, Gloo Mesh 2.0.9 are for amd64 only",
      },
    ]);
    expect(
      judgedArchitecture([node("a", "amd64"), node("b", "arm64"), node("c", "arm64")], parts),
    ).toMatchObject([
      {
        level: "doubtful",
        found: expect.stringMatching(/^b, c are arm64, and .*: pods that land there fail$/) as string,
        advice: expect.stringContaining(
          "kubectl taint node b mesh-lab=amd64-only:NoSchedule; kubectl taint node c",
        ) as string,
      },
    ]);
  });

  it("does not matter where the lab's pods do not come, nor to images for all", () => {
    expect(judgedArchitecture([node("a", "amd64"), node("b", "arm64", { taints })], parts)).toEqual([
      fine("amd64"),
    ]);
    expect(
      judgedArchitecture([node("a", "amd64"), node("b", "arm64", { unschedulable: true })], parts),
    ).toEqual([fine("amd64")]);
    expect(judgedArchitecture([node("a", "arm64", {}, true)], parts)).toEqual([]);
    expect(
      judgedArchitecture(
        [node("a", "arm64")],
        amd64Only({ ...versions, istio: "1.20.1", bookinfo: "1.18.0", glooMesh: "2.4.0" }),
      ),
    ).toEqual([fine("arm64")]);
  });
});

describe("quotas and limit ranges", () => {
  const container = (name: string, requests: object, limits: object) =>
    ({ name, resources: { requests, limits } }) as { name: string };
  const limited: Limited = {
    cluster: "east",
    quotas: [],
    ranges: [],
    pods: [
      {
        cluster: "east",
        workload: "east/east",
        count: 1,
        spec: {
          containers: [
            container(
              "vcluster",
              { cpu: "100m", memory: "256Mi", "ephemeral-storage": "1Gi" },
              { cpu: "200m", memory: "2Gi", "ephemeral-storage": "10Gi" },
            ),
            container("syncer", { cpu: "100m", memory: "128Mi" }, { cpu: "100m", memory: "1Gi" }),
          ],
        },
      },
      {
        cluster: "east",
        workload: "a/web",
        count: 3,
        spec: { containers: [container("web", { cpu: "1" }, {})] },
      },
    ],
    services: { LoadBalancer: 3, ClusterIP: 5 },
    claims: ["5Gi"],
    workloads: { StatefulSet: 1 },
  };
  const metadata = { namespace: "east", name: "small" };
  const ofRange = (...limits: object[]) =>
    judgedLimits([{ ...limited, ranges: [{ metadata, spec: { limits: limits as never } }] }]).map(
      ({ level, found }) => `${level} ${found}`,
    );
  const ofQuota = (hard: Record<string, string>, more = {}) =>
    judgedLimits([{ ...limited, quotas: [{ metadata, spec: { hard, ...more } }] }]).map(
      ({ level, found }) => `${level} ${found}`,
    );

  it.each<[limit: object, found: string[]]>([
    [
      { type: "Container", max: { memory: "1Gi" } },
      ["wrong LimitRange east/small has at most 1Gi of memory for a container: no east/east vcluster"],
    ],
    [
      { type: "Container", min: { cpu: "150m" } },
      [
        "wrong LimitRange east/small has at least 150m of cpu for a container: no east/east vcluster, east/east syncer",
      ],
    ],
    [
      { type: "Container", min: { memory: "64Mi" } },
      ["wrong LimitRange east/small has at least 64Mi of memory for a container: no a/web web"],
    ],
    [
      { type: "Container", max: { "ephemeral-storage": "8Gi" } },
      [
        "wrong LimitRange east/small has at most 8Gi of ephemeral-storage for a container: no east/east vcluster",
      ],
    ],
    [
      { type: "Pod", max: { "ephemeral-storage": "8Gi" } },
      ["wrong LimitRange east/small has at most 8Gi of ephemeral-storage for a pod: no east/east, a/web"],
    ],
    [
      { type: "Container", min: { memory: "64Mi" }, defaultRequest: { memory: "64Mi" } },
      ["fine east/small: all fits"],
    ],
    [
      { type: "Pod", max: { cpu: "250m" } },
      ["wrong LimitRange east/small has at most 250m of cpu for a pod: no east/east, a/web"],
    ],
    [
      { type: "PersistentVolumeClaim", max: { storage: "2Gi" } },
      ["wrong LimitRange east/small has at most 2Gi for a claim: no 5Gi"],
    ],
    [
      { type: "PersistentVolumeClaim", min: { storage: "10Gi" } },
      ["wrong LimitRange east/small has at least 10Gi for a claim: no 5Gi"],
    ],
    [
      { type: "Container", max: { memory: "4Gi" }, _default: { memory: "1Gi" } },
      ["fine east/small: all fits"],
    ],
  ])("a range %j", (limit, found) => {
    expect(ofRange(limit)).toEqual(found);
  });

  it.each<[hard: Record<string, string>, found: string[]]>([
    [
      { "services.loadbalancers": "1" },
      ["wrong ResourceQuota east/small has services.loadbalancers 1, and the lab asks for 3 there"],
    ],
    [
      { "requests.cpu": "2" },
      ["wrong ResourceQuota east/small has requests.cpu 2, and the lab asks for 3.2 there"],
    ],
    [{ cpu: "4" }, ["fine east/small: all fits"]],
    [
      { "limits.cpu": "40" },
      ["wrong ResourceQuota east/small has limits.cpu, and these pods say nothing of it: a/web"],
    ],
    [
      { "requests.memory": "8Gi" },
      ["wrong ResourceQuota east/small has requests.memory, and these pods say nothing of it: a/web"],
    ],
    [{ pods: "3" }, ["wrong ResourceQuota east/small has pods 3, and the lab asks for 4 there"]],
    [{ services: "8", persistentvolumeclaims: "1" }, ["fine east/small: all fits"]],
    [
      { persistentvolumeclaims: "0" },
      ["wrong ResourceQuota east/small has persistentvolumeclaims 0, and the lab asks for 1 there"],
    ],
    [
      { "requests.storage": "4Gi" },
      ["wrong ResourceQuota east/small has requests.storage 4Gi, and the lab asks for 5Gi there"],
    ],
    [
      { "requests.ephemeral-storage": "512Mi", "limits.ephemeral-storage": "8Gi" },
      [
        "wrong ResourceQuota east/small has requests.ephemeral-storage 512Mi, and the lab asks for 1Gi there",
        "wrong ResourceQuota east/small has limits.ephemeral-storage 8Gi, and the lab asks for 10Gi there",
      ],
    ],
    // Most pods say nothing of it, which no quota minds.
    [{ "ephemeral-storage": "1Gi", "limits.ephemeral-storage": "10Gi" }, ["fine east/small: all fits"]],
    [
      { "count/statefulsets.apps": "0", "count/deployments.apps": "0" },
      ["wrong ResourceQuota east/small has count/statefulsets.apps 0, and the lab asks for 1 there"],
    ],
    [{ "example.com/gpus": "0" }, ["fine east/small: all fits"]],
  ])("a quota %j", (hard, found) => {
    expect(ofQuota(hard)).toEqual(found);
  });

  it("a quota for some pods is left to people", () => {
    expect(ofQuota({ pods: "0" }, { scopes: ["BestEffort"] })).toEqual([
      "doubtful ResourceQuota east/small is for some pods only, and is not reckoned with",
    ]);
  });

  it("what a range gives counts for a quota", () => {
    const range = {
      metadata,
      spec: { limits: [{ type: "Container", _default: { cpu: "1", memory: "1Gi" } }] },
    };
    const quotas = [{ metadata, spec: { hard: { "limits.cpu": "3" } } }];
    expect(judgedLimits([{ ...limited, ranges: [range], quotas }]).map(({ found }) => found)).toEqual([
      "ResourceQuota east/small has limits.cpu 3, and the lab asks for 3.3 there",
    ]);
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
    expect(inWords({ cpu: 2, memory: 2 ** 30, ephemeralStorage: 3 * 2 ** 30, pods: 1 })).toBe(
      "2 CPUs, 1 GiB of memory and 3 GiB of ephemeral storage",
    );
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

  describe("of ephemeral storage", () => {
    const telling = (name: string, storage: string) => {
      const allocatable = { cpu: "4", memory: "8Gi", pods: "10", "ephemeral-storage": storage };
      return node(name, "4", {}, { allocatable });
    };
    const resources = (storage: string) => ({
      requests: { cpu: "1", memory: "1Gi", "ephemeral-storage": storage },
    });
    const asking = (count: number, storage: string) =>
      planned("x/storing", count, "1", { containers: [{ name: "main", resources: resources(storage) }] });
    const other: V1Pod = {
      metadata: { name: "p", namespace: "web" },
      spec: { nodeName: "a", containers: [{ name: "main", resources: resources("1Gi") }] },
    };

    it("is what nodes tell of, without what others ask for", () => {
      const places = placesOf([telling("a", "4Gi")], [other]);
      expect(judgedRoom(places, [asking(3, "1Gi")])).toMatchObject({
        level: "fine",
        found:
          "3 pods ask for 3 CPUs, 3 GiB of memory and 3 GiB of ephemeral storage; 1 node has 3 CPUs, 7 GiB of memory and 3 GiB of ephemeral storage free, for 9 pods",
      });
      expect(judgedRoom(places, [asking(1, "4Gi")])).toMatchObject({
        level: "wrong",
        found:
          "1 pods ask for 1 CPUs, 1 GiB of memory and 4 GiB of ephemeral storage; 1 node has 3 CPUs, 7 GiB of memory and 3 GiB of ephemeral storage free, for 9 pods: no room for east x/storing (1 CPUs, 1 GiB of memory and 4 GiB of ephemeral storage)",
        advice: "Make room on the host, add a node, or ask for less: resources, values, fewer clusters.",
      });
    });

    it("is not told where no pod asks for any", () => {
      expect(judgedRoom(placesOf([telling("a", "4Gi")], [other]), [planned("x/y", 1, "1")])).toMatchObject({
        found: "1 pods ask for 1 CPUs and 1 GiB; 1 node has 3 CPUs and 7 GiB free, for 9 pods",
      });
    });

    it("is enough on nodes that tell of none, which is doubtful", () => {
      const places = placesOf([telling("a", "4Gi"), node("b", "4"), node("c", "4")], []);
      expect(judgedRoom(places, [asking(1, "100Gi")])).toMatchObject({
        level: "fine",
        found:
          "1 pods ask for 1 CPUs, 1 GiB of memory and 100 GiB of ephemeral storage; 3 nodes have 12 CPUs and 24 GiB free, for 30 pods",
      });
      expect(judgedUntold(places, [asking(1, "1Gi")])).toEqual([
        {
          level: "doubtful",
          found: "b, c tell of no ephemeral storage, and pods that ask for some are not put there: x/storing",
          advice:
            "See that other nodes tell of it (kubectl describe nodes), or have control planes ask for none: null for ephemeral-storage in requests and limits of values.vcluster.controlPlane.statefulSet.resources.",
        },
      ]);
      expect(judgedUntold(places, [planned("x/y", 1, "1"), asking(0, "1Gi")])).toEqual([]);
      expect(judgedUntold(places.slice(0, 1), [asking(1, "1Gi")])).toEqual([]);
    });
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
