import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, describe as group, it } from "vitest";
import { unknownCombinations, unknownHost } from "../../compatibility.ts";
import { checkSecrets, secretsOf } from "../../config/secrets.ts";
import { checkSettings, describe, settingsOf } from "../../config/check.ts";
import { declarations, withDeclarations, withTables } from "../../config/reference.ts";
import { versions } from "../../versions.ts";

const minimal = { workloads: [{ name: "east" }], licenseKey: "key" };

const messageFor = (settings: Record<string, unknown>) =>
  describe("mesh-lab", checkSettings({ ...minimal, ...settings }).mistakes);

group("settings", () => {
  it("are completed with defaults", () => {
    const { settings, mistakes } = checkSettings({
      ...minimal,
      workloads: [
        { name: "east", bookinfo: {} },
        { name: "west", ingress: { replicas: 2 } },
      ],
    });
    expect(mistakes).toEqual([]);
    const cluster = { resources: {}, paused: false, values: {} };
    expect(settings?.workloads).toEqual([
      {
        ...cluster,
        name: "east",
        ingress: { replicas: 1 },
        eastWest: { replicas: 1 },
        bookinfo: { reviews: ["v1", "v2", "v3"] },
      },
      { ...cluster, name: "west", ingress: { replicas: 2 }, eastWest: { replicas: 1 } },
    ]);
    expect(settings).toMatchObject({
      expose: "LoadBalancer",
      management: { ...cluster, name: "devmgmt" },
      controlPlane: { nodeSelector: {}, tolerations: [], persistence: true, storageSize: "5Gi" },
      multiCluster: true,
      versions,
      timeoutSeconds: 600,
    });
  });

  it("leave gateways out where they are told to", () => {
    const { settings } = checkSettings({ ...minimal, workloads: [{ name: "east", ingress: false }] });
    expect(settings?.workloads[0]).toMatchObject({ ingress: false, eastWest: { replicas: 1 } });
  });

  it("take each chart from its repository", () => {
    expect(checkSettings(minimal).settings?.charts.istiod).toEqual({
      chart: "istiod",
      version: "1.12.6",
      repositoryOpts: { repo: "https://blob.istio.io/istio-release/charts" },
    });
  });

  it("take a chart from another repository, or a registry, in another version", () => {
    const { settings } = checkSettings({
      ...minimal,
      versions: { istio: "1.13.9" },
      repositories: { istiod: "oci://registry.test/charts", gateway: "https://charts.test" },
    });
    expect(settings?.charts).toMatchObject({
      istiod: { chart: "oci://registry.test/charts/istiod", version: "1.13.9" },
      gateway: { chart: "gateway", version: "1.13.9", repositoryOpts: { repo: "https://charts.test" } },
    });
    expect(settings?.charts.istiod).not.toHaveProperty("repositoryOpts");
  });

  const directory = mkdtempSync(join(tmpdir(), "charts-"));
  const chartVersions = {
    vcluster: "0.10.2",
    "gloo-mesh-enterprise": "2.0.9",
    "gloo-mesh-agent": "2.0.9",
    base: "1.12.6",
    istiod: "1.0.0",
    gateway: "1.12.6",
  };
  for (const [name, version] of Object.entries(chartVersions)) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, "Chart.yaml"), `version: ${version}\n`);
  }
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it("take no chart of another version", () => {
    expect(messageFor({ charts: directory })).toContain(
      `mesh-lab:charts: ${directory}/istiod/ is version 1.0.0 of chart istiod; expected 1.12.6`,
    );
  });

  it("take every chart from a directory, archives first", () => {
    writeFileSync(join(directory, "istiod-1.12.6.tgz"), "");
    const charts = checkSettings({ ...minimal, charts: directory }).settings?.charts;
    expect(charts?.istiod).toEqual({ chart: `${directory}/istiod-1.12.6.tgz`, version: "1.12.6" });
    expect(charts?.istioBase).toEqual({ chart: `${directory}/base`, version: "1.12.6" });
  });
});

group("mistakes", () => {
  const cases: [what: string, settings: Record<string, unknown>, lines: string[]][] = [
    ["an unknown key", { licenceKey: "x" }, ["licenceKey: there is no such setting"]],
    [
      "an unknown key inside",
      { workloads: [{ name: "east", gateway: {} }] },
      ["workloads[0].gateway: there is no such setting"],
    ],
    [
      "no license key",
      { licenseKey: undefined },
      [
        "licenseKey: it is not set. Gloo Mesh needs a license key from solo.io: pulumi config set --secret licenseKey KEY",
      ],
    ],
    [
      "a name with an underscore",
      { management: { name: "dev_mgmt" } },
      [
        'management.name: "dev_mgmt" is no name for a cluster: lower-case letters, digits and "-" only (RFC 1123), no "-" at either end',
      ],
    ],
    [
      "a long name",
      { management: { name: "m".repeat(53) } },
      [`management.name: "${"m".repeat(53)}" is longer than 52 characters`],
    ],
    [
      "a cluster called host",
      { management: { name: "host" } },
      ['management.name: "host" is what the cluster around them is called'],
    ],
    [
      "the same name twice",
      { workloads: [{ name: "east" }, { name: "east" }] },
      ['workloads[1].name: "east" is already the name of workloads[0]'],
    ],
    [
      "a workload cluster named like the management cluster",
      { workloads: [{ name: "devmgmt" }] },
      ['workloads[0].name: "devmgmt" is already the name of management'],
    ],
    ["no workload cluster", { workloads: [] }, ["workloads: expected at least one workload cluster"]],
    [
      "too many workload clusters",
      { workloads: Array.from({ length: 21 }, (_, index) => ({ name: `c${index}` })) },
      ["workloads: expected at most 20 workload clusters"],
    ],
    ["no list", { workloads: "east" }, ["workloads: expected a list of workload clusters"]],
    [
      "an unknown version of reviews",
      { workloads: [{ name: "east", bookinfo: { reviews: ["v4"] } }] },
      ["workloads[0].bookinfo.reviews[0]: expected one of v1, v2, v3"],
    ],
    [
      "half a pod",
      { workloads: [{ name: "east", ingress: { replicas: 0.5 } }] },
      ["workloads[0].ingress.replicas: expected a whole number"],
    ],
    [
      "no range",
      { serviceCidr: "10.96.0.0" },
      ['serviceCidr: "10.96.0.0" is no IPv4 range; expected one like 10.96.0.0/12'],
    ],
    ["no object", { management: "mgmt" }, ["management: expected an object"]],
    ["another exposure", { expose: "ClusterIP" }, ["expose: expected one of LoadBalancer, NodePort"]],
    ["no flag", { multiCluster: "yes" }, ["multiCluster: expected true or false"]],
    [
      "a gateway that is neither there nor not",
      { workloads: [{ name: "east", ingress: true }] },
      ["workloads[0].ingress: expected false or an object"],
    ],
    [
      "no quantity",
      { workloads: [{ name: "east", resources: { istiod: { requests: { cpu: "much" } } } }] },
      ['workloads[0].resources.istiod.requests.cpu: "much" is no quantity; expected one like 500m or 2Gi'],
    ],
    [
      "a part that has no resources of its own",
      { management: { resources: { istiod: {} } } },
      ["management.resources.istiod: there is no such setting"],
    ],
    [
      "no label",
      { workloads: [{ name: "east", region: "eu west" }] },
      ['workloads[0].region: "eu west" cannot be the value of a label'],
    ],
    [
      "a taint that nothing can have",
      { controlPlane: { tolerations: [{ key: "dedicated", effect: "Never" }] } },
      ["controlPlane.tolerations[0].effect: expected one of NoSchedule, PreferNoSchedule, NoExecute"],
    ],
    [
      "no repository",
      { repositories: { istiod: "charts.test" } },
      ['repositories.istiod: "charts.test" is no chart repository; expected https://... or oci://...'],
    ],
    [
      "a chart that is not the lab's",
      { repositories: { cilium: "https://charts.test" } },
      ["repositories.cilium: there is no such setting"],
    ],
    [
      "no place for images",
      { imageRegistry: "https://registry.test" },
      [
        'imageRegistry: "https://registry.test" is no place for images; expected one like registry.example.com:5000/mirror',
      ],
    ],
    [
      "no build of Istio",
      { istioImage: "docker.io/istio" },
      [
        'istioImage: "docker.io/istio" names no build of Istio; expected HUB:TAG, e.g. docker.io/istio:1.12.6',
      ],
    ],
    [
      "no address",
      { expose: "NodePort", nodeAddress: "node 1" },
      ['nodeAddress: "node 1" is neither an IPv4 address nor a host name'],
    ],
    ["no values", { values: { istiod: 1 } }, ["values.istiod: expected Helm values"]],
    ["no time", { timeoutSeconds: 0 }, ["timeoutSeconds: expected 1 or more"]],
    [
      "a directory without the charts",
      { charts: "nowhere" },
      [
        "charts: no chart vcluster 0.10.2: expected nowhere/vcluster-0.10.2.tgz or nowhere/vcluster/",
        "charts: no chart gloo-mesh-enterprise 2.0.9: expected nowhere/gloo-mesh-enterprise-2.0.9.tgz or nowhere/gloo-mesh-enterprise/",
        "charts: no chart gloo-mesh-agent 2.0.9: expected nowhere/gloo-mesh-agent-2.0.9.tgz or nowhere/gloo-mesh-agent/",
        "charts: no chart base 1.12.6: expected nowhere/base-1.12.6.tgz or nowhere/base/",
        "charts: no chart istiod 1.12.6: expected nowhere/istiod-1.12.6.tgz or nowhere/istiod/",
        "charts: no chart gateway 1.12.6: expected nowhere/gateway-1.12.6.tgz or nowhere/gateway/",
      ],
    ],
  ];
  it.each(cases)("%s", (_, settings, lines) => {
    expect(messageFor(settings)).toBe(
      [
        `The configuration of this stack has mistakes (${lines.length}):`,
        ...lines.map((line) => `  mesh-lab:${line}`),
      ].join("\n"),
    );
  });

  it("are told all at once", () => {
    const message = messageFor({
      management: { name: "Mgmt" },
      workloads: [{ name: "a" }, { name: "a" }],
      unknown: 1,
    });
    expect(message).toContain("mistakes (3)");
  });
});

group("settings that do not go together", () => {
  const off = { controlPlane: { persistence: false } };
  it.each<[what: string, settings: Record<string, unknown>, line: string]>([
    [
      "a node's address, and load balancers",
      { nodeAddress: "10.0.0.1" },
      "nodeAddress: it is for expose NodePort only",
    ],
    [
      "a directory of charts, and repositories",
      { charts: "rehearsal/charts", repositories: { istiod: "https://charts.test" } },
      "repositories: charts takes every chart from a directory",
    ],
    [
      "a class of volumes, and no volumes",
      { controlPlane: { persistence: false, storageClass: "fast" } },
      "controlPlane.storageClass: there are no volumes, controlPlane.persistence is false",
    ],
    [
      "a size of volumes, and no volumes",
      { controlPlane: { persistence: false, storageSize: "1Gi" } },
      "controlPlane.storageSize: there are no volumes, controlPlane.persistence is false",
    ],
    [
      "a pause, and no volumes",
      { ...off, management: { paused: true } },
      "management.paused: it would lose everything, controlPlane.persistence is false",
    ],
    [
      "a pause of a workload cluster, and no volumes",
      { ...off, workloads: [{ name: "east", paused: true }] },
      "workloads[0].paused: it would lose everything, controlPlane.persistence is false",
    ],
    [
      "a zone, and no clusters that know of each other",
      { multiCluster: false, workloads: [{ name: "east", zone: "a" }] },
      "workloads[0].zone: nodes are left as they are, multiCluster is false",
    ],
  ])("%s", (_, settings, line) => {
    expect(messageFor(settings)).toBe(
      `The configuration of this stack has mistakes (1):\n  mesh-lab:${line}`,
    );
  });
});

group("versions", () => {
  it("of the lab are known to work together", () => {
    expect(unknownCombinations(versions)).toEqual([]);
  });

  it.each<[chosen: Partial<Record<keyof typeof versions, string>>, risks: string[]]>([
    [
      { vcluster: "0.20.0" },
      [
        "vcluster 0.20.0 is not known, only 0.10.2 is: other charts have other values, which are ignored or refused.",
      ],
    ],
    [
      { k3s: "v1.24.17-k3s1" },
      [
        "Istio 1.12.6 is known on Kubernetes 1.19 to 1.22 only, and k3s is v1.24.17-k3s1: its charts may use APIs that are not there.",
        "Gloo Mesh 2.0.9 is known on Kubernetes 1.17 to 1.23 only, and k3s is v1.24.17-k3s1: its charts may use APIs that are not there.",
      ],
    ],
    [
      { istio: "1.14.6" },
      [
        "Gloo Mesh 2.0.9 is known with Istio 1.9 to 1.13 only, and Istio is 1.14.6: what it translates to may not be understood.",
      ],
    ],
    [
      { istio: "1.29.0" },
      [
        "Istio 1.29.0 is not known, and k3s is v1.22.5-k3s1: its charts may use APIs that are not there.",
        "Gloo Mesh 2.0.9 is known with Istio 1.9 to 1.13 only, and Istio is 1.29.0: what it translates to may not be understood.",
      ],
    ],
    [
      { glooMesh: "2.1.5" },
      [
        "Gloo Mesh 2.1.5 is not known, only 2.0 is: its charts may have other values, and its resources other fields.",
      ],
    ],
  ])("%j come with their risks", (chosen, risks) => {
    expect(unknownCombinations({ ...versions, ...chosen })).toEqual(risks);
  });

  it("of the host come with theirs", () => {
    expect(unknownHost("v1.31.4+k3s1", versions)).toBeUndefined();
    expect(unknownHost("v1.36.3", versions)).toBe(
      "vcluster 0.10.2 is known on hosts of Kubernetes 1.16 to 1.33 only, and the host is v1.36.3: pods inside may never become ready.",
    );
  });
});

group("secrets", () => {
  const mistakes = (settings: Record<string, unknown>, ...secret: string[]) =>
    describe("mesh-lab", checkSecrets(settings, new Set(secret)));

  it("are the license key, and extra values that hold some", () => {
    expect(checkSecrets({ licenseKey: "key", values: {} }, new Set(["licenseKey", "values"]))).toEqual([]);
    expect(mistakes({ licenseKey: "key" })).toContain(
      "mesh-lab:licenseKey: it is in plain text: pulumi config set --secret licenseKey KEY",
    );
    expect(checkSecrets({}, new Set())).toEqual([]);
  });

  it("are refused where they would not stay secret", () => {
    expect(mistakes({ workloads: [] }, "workloads")).toContain(
      "mesh-lab:workloads: it holds a secret, which would not stay one; only licenseKey, oidcClientSecret, imagePullSecret, values may",
    );
  });

  it("are told by the keys that Pulumi lists", () => {
    const keys = '["mesh-lab:licenseKey", "kubernetes:kubeconfig"]';
    expect([...secretsOf("mesh-lab", keys)]).toEqual(["licenseKey"]);
    expect([...secretsOf("mesh-lab", undefined)]).toEqual([]);
  });
});

group("keys of the stack", () => {
  it("are those of the project; lists and numbers come as JSON, text as it is", () => {
    expect(
      settingsOf("mesh-lab", {
        "mesh-lab:workloads": '[{"name":"east"}]',
        "mesh-lab:timeoutSeconds": "60",
        "mesh-lab:licenseKey": "1234",
        "kubernetes:context": "other",
      }),
    ).toEqual({ workloads: [{ name: "east" }], timeoutSeconds: 60, licenseKey: "1234" });
  });

  it("that are empty are not set, as by the defaults in Pulumi.yaml", () => {
    expect(settingsOf("mesh-lab", { "mesh-lab:hostContext": "", "mesh-lab:licenseKey": "" })).toEqual({});
    // Pulumi itself refuses a stack that leaves out a key without a default, in words of its own.
    const required = Object.entries(declarations()).filter(([, declared]) => !("default" in declared));
    expect(required.map(([key]) => key)).toEqual(["workloads"]);
  });

  it("are as the defaults in Pulumi.yaml say, where these are all that is set", () => {
    const defaults = Object.entries(declarations()).flatMap(([key, { default: value }]) =>
      value === undefined
        ? []
        : [[`mesh-lab:${key}`, typeof value === "string" ? value : JSON.stringify(value)]],
    );
    const settings = settingsOf("mesh-lab", Object.fromEntries(defaults) as Record<string, string>);
    expect(checkSettings({ ...settings, ...minimal })).toEqual(checkSettings(minimal));
  });

  it("that are no JSON fail in the words of their check", () => {
    const settings = settingsOf("mesh-lab", { "mesh-lab:timeoutSeconds": "ten" });
    expect(messageFor(settings)).toContain("mesh-lab:timeoutSeconds: expected whole seconds");
  });
});

group("the reference", () => {
  it.each([
    ["README.md", withTables],
    ["Pulumi.yaml", withDeclarations],
  ])("in %s is up to date (make docs writes it)", (file, update) => {
    const text = readFileSync(file, "utf8");
    expect(text).toBe(update(text));
  });
});
