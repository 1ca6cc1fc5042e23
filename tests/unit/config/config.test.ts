import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, describe as group, it } from "vitest";
import {
  brokenFrom,
  objectionTo,
  otherLines,
  unknownCombinations,
  unknownHost,
} from "../../../versions/compatibility.ts";
import type { Versions } from "../../../versions/version-set.ts";
import { checkSecrets, secretsOf } from "../../../config/secrets.ts";
import { checkSettings, describe, settingsOf } from "../../../config/check.ts";
import { declarations, withDeclarations, withTables } from "../../../config/reference/main.ts";
import { type VersionSetName, versionSetNames, versionSets } from "../../../versions/versions.ts";
import { allCharts } from "../support/charts.ts";

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
      versionSet: "current",
      versions: versionSets.current.versions,
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
      version: "1.30.3",
      repositoryOpts: { repo: "https://blob.istio.io/istio-release/charts" },
    });
  });

  it("take a chart from another repository, or a registry, in another version", () => {
    const { settings } = checkSettings({
      ...minimal,
      versions: { istio: "1.29.9" },
      repositories: { istiod: "oci://registry.test/charts", gateway: "https://charts.test" },
    });
    expect(settings?.charts).toMatchObject({
      istiod: { chart: "oci://registry.test/charts/istiod", version: "1.29.9" },
      gateway: { chart: "gateway", version: "1.29.9", repositoryOpts: { repo: "https://charts.test" } },
    });
    expect(settings?.charts.istiod).not.toHaveProperty("repositoryOpts");
  });

  const directory = mkdtempSync(join(tmpdir(), "charts-"));
  const chartVersions = {
    vcluster: "0.36.1",
    "gloo-platform-crds": "2.14.0",
    "gloo-platform": "2.14.0",
    base: "1.30.3",
    istiod: "1.0.0",
    gateway: "1.30.3",
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
      `mesh-lab:charts: ${directory}/istiod/ is version 1.0.0 of chart istiod; expected 1.30.3`,
    );
  });

  it("take every chart from a directory, archives first", () => {
    writeFileSync(join(directory, "istiod-1.30.3.tgz"), "");
    const charts = checkSettings({ ...minimal, charts: directory }).settings?.charts;
    expect(charts?.istiod).toEqual({ chart: `${directory}/istiod-1.30.3.tgz`, version: "1.30.3" });
    expect(charts?.istioBase).toEqual({ chart: `${directory}/base`, version: "1.30.3" });
  });
});

group("settings that are empty", () => {
  it("are not set, wherever they are", () => {
    const empty = {
      management: null,
      hostContext: null,
      controlPlane: { storageClass: null, nodeSelector: null, tolerations: [{ key: "a", value: null }] },
      capabilities: { retries: null },
      workloads: [
        {
          name: "east",
          bookinfo: null,
          ingress: null,
          eastWest: { replicas: null },
          values: { istiod: null },
        },
      ],
    };
    const { settings, mistakes } = checkSettings({ ...minimal, ...empty });
    expect(mistakes).toEqual([]);
    const left = { ...minimal, controlPlane: { tolerations: [{ key: "a" }] } };
    expect(settings).toEqual(checkSettings(left).settings);
  });

  it("stay where they are values of Helm, to which they take a default away", () => {
    const values = { istiod: { pilot: { resources: null } }, ingress: null };
    expect(checkSettings({ ...minimal, values }).settings?.values).toEqual({
      istiod: { pilot: { resources: null } },
    });
  });
});

group("quantities", () => {
  const requests = (cpu: unknown) =>
    checkSettings({ ...minimal, management: { resources: { vcluster: { requests: { cpu } } } } });

  it.each([
    [1, "1"],
    [0.5, "0.5"],
    ["1500m", "1500m"],
    ["1e3", "1e3"],
    ["2Ki", "2Ki"],
  ])("may be numbers, as in Kubernetes: %j", (given, quantity) => {
    expect(requests(given).settings?.management.resources.vcluster?.requests?.cpu).toBe(quantity);
  });

  it.each([-1, true, "much", "2ki", "2 Gi", "1_000", {}])("are nothing else: %j", (given) => {
    expect(requests(given).mistakes).toEqual([
      {
        path: "management.resources.vcluster.requests.cpu",
        message: `expected a quantity like 500m or 2Gi, found ${JSON.stringify(given)}`,
      },
    ]);
  });
});

group("mistakes", () => {
  const cases: [what: string, settings: Record<string, unknown>, lines: string[]][] = [
    [
      "an unknown key",
      { licenceKey: "x" },
      ["licenceKey: there is no such setting; did you mean licenseKey?"],
    ],
    [
      "an unknown key inside",
      { workloads: [{ name: "east", gateway: {} }] },
      ["workloads[0].gateway: there is no such setting; did you mean workloads[0].resources.gateways?"],
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
        'management.name: expected the name of a cluster: lower-case letters, digits and "-", a letter first, no "-" last (RFC 1035), found "dev_mgmt"',
      ],
    ],
    [
      "a long name",
      { management: { name: "m".repeat(53) } },
      [`management.name: expected a name of at most 52 characters, found "${"m".repeat(53)}"`],
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
    [
      "no workload cluster",
      { workloads: [] },
      ["workloads: expected at least one workload cluster, found an empty list"],
    ],
    [
      "too many workload clusters",
      { workloads: Array.from({ length: 21 }, (_, index) => ({ name: `c${index}` })) },
      ["workloads: expected at most 20 workload clusters, found a list of 21"],
    ],
    ["no list", { workloads: "east" }, ['workloads: expected a list of workload clusters, found "east"']],
    [
      "an unknown version of reviews",
      { workloads: [{ name: "east", bookinfo: { reviews: ["v4"] } }] },
      ['workloads[0].bookinfo.reviews[0]: expected one of v1, v2, v3, found "v4"'],
    ],
    [
      "half a pod",
      { workloads: [{ name: "east", ingress: { replicas: 0.5 } }] },
      ["workloads[0].ingress.replicas: expected a whole number, found 0.5"],
    ],
    [
      "no range",
      { serviceCidr: "10.96.0.0" },
      ['serviceCidr: expected an IPv4 range like 10.96.0.0/12, found "10.96.0.0"'],
    ],
    ["no object", { management: "mgmt" }, ['management: expected an object, found "mgmt"']],
    [
      "another exposure",
      { expose: "ClusterIP" },
      ['expose: expected one of LoadBalancer, NodePort, found "ClusterIP"'],
    ],
    ["no flag", { multiCluster: "yes" }, ['multiCluster: expected true or false, found "yes"']],
    [
      "a gateway that is neither there nor not",
      { workloads: [{ name: "east", ingress: true }] },
      ["workloads[0].ingress: expected false or an object, found true"],
    ],
    [
      "no quantity",
      { workloads: [{ name: "east", resources: { istiod: { requests: { cpu: "much" } } } }] },
      ['workloads[0].resources.istiod.requests.cpu: expected a quantity like 500m or 2Gi, found "much"'],
    ],
    [
      "more asked for than allowed",
      {
        workloads: [
          { name: "a", resources: { istiod: { requests: { memory: "3Gi" }, limits: { memory: "2048Mi" } } } },
        ],
      },
      ["workloads[0].resources.istiod.requests.memory: 3Gi is more than what limits allow, 2048Mi"],
    ],
    [
      "a part that has no resources of its own",
      { management: { resources: { istiod: {} } } },
      ["management.resources.istiod: there is no such setting; did you mean workloads[0].resources.istiod?"],
    ],
    [
      "no label",
      { workloads: [{ name: "east", region: "eu west" }] },
      [
        'workloads[0].region: expected the value of a label: at most 63 letters, digits, "-", "_" and ".", a letter or digit at both ends, found "eu west"',
      ],
    ],
    [
      "a taint that nothing can have",
      { controlPlane: { tolerations: [{ key: "dedicated", effect: "Never" }] } },
      [
        'controlPlane.tolerations[0].effect: expected one of NoSchedule, PreferNoSchedule, NoExecute, found "Never"',
      ],
    ],
    [
      "no repository",
      { repositories: { istiod: "charts.test" } },
      ['repositories.istiod: expected a chart repository: https://... or oci://..., found "charts.test"'],
    ],
    [
      "a chart that is not the lab's",
      { repositories: { cilium: "https://charts.test" } },
      [
        "repositories.cilium: there is no such setting; repositories has vcluster, glooPlatformCrds, glooPlatform, glooMeshEnterprise, glooMeshAgent, istioBase, istiod, gateway",
      ],
    ],
    [
      "no place for images",
      { imageRegistry: "https://registry.test" },
      [
        'imageRegistry: expected a place for images like registry.example.com:5000/mirror, found "https://registry.test"',
      ],
    ],
    [
      "no build of Istio",
      { istioImage: "docker.io/istio" },
      [
        'istioImage: expected a build of Istio as HUB:TAG, e.g. docker.io/istio:1.30.3, found "docker.io/istio"',
      ],
    ],
    [
      "no address",
      { expose: "NodePort", nodeAddress: "node 1" },
      ['nodeAddress: expected an IPv4 address or a host name, found "node 1"'],
    ],
    ["no values", { values: { istiod: 1 } }, ["values.istiod: expected Helm values, found 1"]],
    ["no time", { timeoutSeconds: 0 }, ["timeoutSeconds: expected 1 or more, found 0"]],
    [
      "a directory without the charts",
      { charts: "nowhere" },
      [
        "charts: no chart vcluster 0.36.1: expected nowhere/vcluster-0.36.1.tgz or nowhere/vcluster/",
        "charts: no chart gloo-platform-crds 2.14.0: expected nowhere/gloo-platform-crds-2.14.0.tgz or nowhere/gloo-platform-crds/",
        "charts: no chart gloo-platform 2.14.0: expected nowhere/gloo-platform-2.14.0.tgz or nowhere/gloo-platform/",
        "charts: no chart base 1.30.3: expected nowhere/base-1.30.3.tgz or nowhere/base/",
        "charts: no chart istiod 1.30.3: expected nowhere/istiod-1.30.3.tgz or nowhere/istiod/",
        "charts: no chart gateway 1.30.3: expected nowhere/gateway-1.30.3.tgz or nowhere/gateway/",
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

  it.each<[what: string, settings: Record<string, unknown>, lines: string[]]>([
    [
      "a truth value for a label",
      { controlPlane: { nodeSelector: { dedicated: true } } },
      [
        "controlPlane.nodeSelector.dedicated: expected text, found the boolean true: put it in quotes, or pulumi config set --path controlPlane.nodeSelector.dedicated true --type string",
      ],
    ],
    [
      "a number for a label with a prefix",
      { controlPlane: { nodeSelector: { "example.com/pool": 1 } } },
      [
        'controlPlane.nodeSelector["example.com/pool"]: expected text, found the number 1: put it in quotes, or pulumi config set --path \'controlPlane.nodeSelector["example.com/pool"]\' 1 --type string',
      ],
    ],
    [
      "a number for the value of a taint",
      { controlPlane: { tolerations: [{ key: "a", value: 1 }] } },
      [
        "controlPlane.tolerations[0].value: expected text, found the number 1: put it in quotes, or pulumi config set --path 'controlPlane.tolerations[0].value' 1 --type string",
      ],
    ],
    [
      "texts of Kubernetes in Helm values",
      { values: { ingress: { podAnnotations: { scrape: true }, tolerations: [], labels: { app: "a" } } } },
      [
        "values.ingress.podAnnotations.scrape: expected text, found the boolean true: put it in quotes, or pulumi config set --path values.ingress.podAnnotations.scrape true --type string",
      ],
    ],
    [
      "a version that lost its end",
      { versions: { istio: 1.2 } },
      [
        "versions.istio: expected text, found the number 1.2: put it in quotes, or pulumi config set --path versions.istio VALUE --type string",
      ],
    ],
    [
      "texts for a number and a truth value",
      { workloads: [{ name: "east", ingress: { replicas: "2" }, paused: "true" }] },
      [
        "workloads[0].ingress.replicas: expected a whole number, found the text \"2\": leave out the quotes, or pulumi config set --path 'workloads[0].ingress.replicas' 2 --type int",
        "workloads[0].paused: expected true or false, found the text \"true\": leave out the quotes, or pulumi config set --path 'workloads[0].paused' true --type bool",
      ],
    ],
    [
      "texts that are not quite a number or a truth value",
      { workloads: [{ name: "east", ingress: { replicas: "02" }, paused: "yes" }] },
      [
        'workloads[0].ingress.replicas: expected a whole number, found "02"',
        'workloads[0].paused: expected true or false, found "yes"',
      ],
    ],
    [
      "another type that would not do as a text either",
      { workloads: [{ name: 2 }], capabilities: { timeouts: { requestTimeout: 2 } } },
      [
        "workloads[0].name: expected the name of a cluster, found 2",
        "capabilities.timeouts.requestTimeout: expected text, found 2",
      ],
    ],
    ["an object for a text", { renew: { on: "monday" } }, ['renew: expected text, found {"on":"monday"}']],
    ["an entry that is empty", { workloads: [null] }, ["workloads[0]: expected an object, found nothing"]],
    [
      "a cluster without a name",
      { workloads: [{}] },
      ["workloads[0].name: it is not set; expected the name of a cluster"],
    ],
    [
      "no list at all",
      { workloads: undefined },
      ["workloads: it is not set; expected a list of workload clusters"],
    ],
    [
      "a name that a Service may not have",
      { workloads: [{ name: "2east" }, { name: "west-" }] },
      ["2east", "west-"].map(
        (name, index) =>
          `workloads[${index}].name: expected the name of a cluster: lower-case letters, digits and "-", a letter first, no "-" last (RFC 1035), found "${name}"`,
      ),
    ],
    [
      "namespaces of Kubernetes itself",
      { workloads: [{ name: "default" }, { name: "kube-system" }] },
      [
        'workloads[0].name: "default" is a namespace that Kubernetes has for itself',
        'workloads[1].name: "kube-system" is a namespace that Kubernetes has for itself',
      ],
    ],
    [
      "a password in a URL",
      { repositories: { istiod: "ftp://me:it-is-me@charts.test" } },
      [
        'repositories.istiod: expected a chart repository: https://... or oci://..., found "ftp://***@charts.test"',
      ],
    ],
  ])("that are of the type: %s", (_, settings, lines) => {
    const mistakes = checkSettings({ ...minimal, ...settings }).mistakes;
    expect(mistakes.map(({ path, message }) => `${path}: ${message}`).sort()).toEqual(lines.sort());
  });

  it.each<[at: Record<string, unknown>, path: string, guess: string]>([
    [{ licenceKey: 1 }, "licenceKey", "did you mean licenseKey?"],
    [{ serviceCIDR: 1 }, "serviceCIDR", "did you mean serviceCidr?"],
    [{ "service-cidr": 1 }, "service-cidr", "did you mean serviceCidr?"],
    [{ workload: [] }, "workload", "did you mean workloads?"],
    [{ versions: { gloo: "2" } }, "versions.gloo", "did you mean versions.glooMesh?"],
    [{ nodeSelector: {} }, "nodeSelector", "did you mean controlPlane.nodeSelector?"],
    [{ faultInjection: true }, "faultInjection", "did you mean capabilities.faultInjection?"],
    [
      { capabilities: { retries: { attempt: 1 } } },
      "capabilities.retries.attempt",
      "did you mean capabilities.retries.attempts?",
    ],
    [
      { workloads: [{ name: "a" }, { name: "b", replicas: 2 }] },
      "workloads[1].replicas",
      "did you mean workloads[1].ingress.replicas or workloads[1].eastWest.replicas?",
    ],
    [
      { workloads: [{ name: "a", ingress: { replica: 2 } }] },
      "workloads[0].ingress.replica",
      "did you mean workloads[0].ingress.replicas?",
    ],
    [
      { management: { resources: { istiod: {} } } },
      "management.resources.istiod",
      "did you mean workloads[0].resources.istiod?",
    ],
    [
      { management: { resources: { vcluster: { requests: { mem: 1 } } } } },
      "management.resources.vcluster.requests.mem",
      "did you mean management.resources.vcluster.requests.memory?",
    ],
    [
      { workloads: [{ name: "a", ingress: { colour: 1 } }] },
      "workloads[0].ingress.colour",
      "workloads[0].ingress has replicas",
    ],
  ])("in the name of a key are guessed at: %j", (settings, path, guess) => {
    expect(checkSettings({ ...minimal, ...settings }).mistakes).toEqual([
      { path, message: `there is no such setting; ${guess}` },
    ]);
  });

  it("show nothing of what is secret", () => {
    const settings = {
      licenseKey: { key: "hidden" },
      oidcClientSecret: ["hidden"],
      values: { istiod: "hidden" },
      imageRegistry: "https://hidden",
      workloads: [{ name: "hidden" }, { name: "hidden" }],
    };
    const secret = new Set(["values", "imageRegistry", "workloads"]);
    const { mistakes } = checkSettings({ ...minimal, ...settings }, secret);
    expect(mistakes.map(({ path }) => path).sort()).toEqual([
      "imageRegistry",
      "licenseKey",
      "oidcClientSecret",
      "oidcClientSecret",
      "values.istiod",
    ]);
    expect(describe("mesh-lab", mistakes)).not.toContain("hidden");
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
  const charts = allCharts();
  afterAll(() => {
    rmSync(charts, { recursive: true });
  });
  const off = { controlPlane: { persistence: false } };
  it.each<[what: string, settings: Record<string, unknown>, line: string]>([
    [
      "a node's address, and load balancers",
      { nodeAddress: "10.0.0.1" },
      "nodeAddress: it is for expose NodePort only",
    ],
    [
      "a directory of charts, and repositories",
      { versionSet: "article", charts, repositories: { istiod: "https://charts.test" } },
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
  const inSet = (versionSet: VersionSetName, chosen: Partial<Versions> = {}) => ({
    versionSet,
    versions: { ...versionSets[versionSet].versions, ...chosen },
  });

  it.each(versionSetNames)("of set %s are known to work together", (name) => {
    expect(unknownCombinations(inSet(name))).toEqual([]);
    expect(otherLines(name, versionSets[name].versions)).toEqual([]);
  });

  it.each<[set: VersionSetName, chosen: Partial<Versions>, risks: string[]]>([
    [
      "article",
      { vcluster: "0.11.0" },
      [
        "vcluster 0.11.0 is not known, only 0.10.2 is: other charts have other values, which are ignored or refused.",
      ],
    ],
    [
      "article",
      { kubernetes: "v1.24.17-k3s1" },
      [
        "Istio 1.12.6 is known on Kubernetes 1.19 to 1.22 only, and Kubernetes inside is v1.24.17-k3s1: its charts may use APIs that are not there.",
        "Gloo Mesh 2.0.9 is known on Kubernetes 1.17 to 1.23 only, and Kubernetes inside is v1.24.17-k3s1: its charts may use APIs that are not there.",
      ],
    ],
    [
      "article",
      { istio: "1.14.6" },
      [
        "Gloo Mesh 2.0.9 is known with Istio 1.9 to 1.13 only, and Istio is 1.14.6: what it translates to may not be understood.",
      ],
    ],
    [
      "article",
      { istio: "1.26.0" },
      [
        "Istio 1.26.0 is not known, and Kubernetes inside is v1.22.5-k3s1: its charts may use APIs that are not there.",
        "Gloo Mesh 2.0.9 is known with Istio 1.9 to 1.13 only, and Istio is 1.26.0: what it translates to may not be understood.",
      ],
    ],
    [
      "article",
      { glooMesh: "2.1.5" },
      [
        "Gloo Mesh 2.1.5 is not known, only 2.0 is: its charts may have other values, and its resources other fields.",
      ],
    ],
    ["current", { istio: "1.31.4" }, []],
    ["current", { glooMesh: "2.13.1" }, []],
    [
      "current",
      { vcluster: "0.37.0" },
      [
        "vcluster 0.37.0 is not known, only 0.36.1 is: other charts have other values, which are ignored or refused.",
      ],
    ],
    [
      "current",
      { kubernetes: "v1.37.0" },
      [
        "vcluster 0.36.1 is known with Kubernetes 1.30 to 1.36 inside only, and Kubernetes inside is v1.37.0: it may not start.",
        "Istio 1.30.3 is known on Kubernetes 1.32 to 1.36 only, and Kubernetes inside is v1.37.0: its charts may use APIs that are not there.",
      ],
    ],
    [
      "current",
      { glooMesh: "2.12.3" },
      [
        "Gloo Mesh 2.12.3 is known with Istio 1.27 to 1.29 only, and Istio is 1.30.3: what it translates to may not be understood.",
      ],
    ],
    [
      "current",
      { glooMesh: "2.15.0" },
      [
        "Gloo Mesh 2.15.0 is not known, only 2.11 to 2.14 is: its charts may have other values, and its resources other fields.",
      ],
    ],
  ])("of set %s with %j come with their risks", (set, chosen, risks) => {
    expect(unknownCombinations(inSet(set, chosen))).toEqual(risks);
  });

  it.each<[version: string, set: VersionSetName, risk: string | undefined]>([
    ["v1.31.4+k3s1", "article", undefined],
    [
      "v1.36.3",
      "article",
      "vcluster 0.10.2 is known on hosts of Kubernetes 1.16 to 1.33 only, and the host is v1.36.3: pods inside may never become ready.",
    ],
    ["v1.34.2-eks-1", "current", undefined],
    [
      "v1.31.4",
      "current",
      "vcluster 0.36.1 is known on hosts of Kubernetes 1.33 to 1.36 only, and the host is v1.31.4: pods inside may never become ready.",
    ],
    [
      "v1.37.2",
      "current",
      "vcluster 0.36.1 is known on hosts of Kubernetes 1.33 to 1.36 only, and the host is v1.37.2: pods inside may never become ready.",
    ],
  ])("of a host %s come with their risks for set %s", (version, set, risk) => {
    expect(unknownHost(version, inSet(set))).toBe(risk);
  });

  it("are refused on a host that is known to break them", () => {
    const broken = brokenFrom(inSet("article"));
    expect(objectionTo("v1.33.13", broken)).toBeUndefined();
    expect(objectionTo("v1.34.0", broken)).toBe(
      "the host is Kubernetes v1.34.0. With vcluster 0.10.2 and Kubernetes v1.22.5-k3s1 inside, pods never become ready on a host of 1.34 or newer (vcluster #3578). Set versionSet to current, or take a host of an older Kubernetes.",
    );
    expect(brokenFrom(inSet("current"))).toBeUndefined();
    expect(brokenFrom(inSet("current", { vcluster: "0.36.1", kubernetes: "v1.32.1" }))).toBeUndefined();
    expect(
      objectionTo("v1.36.3", brokenFrom(inSet("current", { vcluster: "0.35.0", kubernetes: "v1.32.1" }))),
    ).toBe(
      "the host is Kubernetes v1.36.3. With vcluster 0.35.0 and Kubernetes v1.32.1 inside, pods never become ready on a host of 1.34 or newer (vcluster #3578). Leave versions out, or take a host of an older Kubernetes.",
    );
  });

  it.each<[settings: Record<string, unknown>, lines: string[]]>([
    [{ versionSet: "newest" }, ['versionSet: expected one of current, article, found "newest"']],
    [
      { versionSet: "article", versions: { istio: "1.30.3", vcluster: "0.36.1" } },
      [
        "versions.vcluster: 0.36.1 is of the line of versionSet current, and the set is article: its chart has other values from 0.20 on. Set versionSet to current, or leave it out",
        "versions.istio: 1.30.3 is of the line of versionSet current, and the set is article: its sidecars are init containers that stay from 1.27 on, which vcluster older than 0.20 does not pass on to the host. Set versionSet to current, or leave it out",
      ],
    ],
    [
      { versions: { kubernetes: "v1.22.5-k3s1", glooMesh: "2.0.9" } },
      [
        "versions.kubernetes: v1.22.5-k3s1 is of the line of versionSet article, and the set is current: vcluster has had no k3s inside since 0.33. Set versionSet to article, or leave it out",
        "versions.glooMesh: 2.0.9 is of the line of versionSet article, and the set is current: its charts have other names and values from 2.3 on. Set versionSet to article, or leave it out",
      ],
    ],
    [
      { versionSet: "article", versions: { kubernetes: "v1.35.0" } },
      [
        "versions.kubernetes: v1.35.0 is of the line of versionSet current, and the set is article: the article's vcluster has k3s inside, as v1.22.5-k3s1. Set versionSet to current, or leave it out",
      ],
    ],
    [
      { management: { resources: { syncer: {} } }, workloads: [{ name: "east", resources: { syncer: {} } }] },
      [
        "management.resources.syncer: the control plane of versionSet current is one container: set resources.vcluster",
        "workloads[0].resources.syncer: the control plane of versionSet current is one container: set resources.vcluster",
      ],
    ],
    [{ licenseKind: "gold" }, ['licenseKind: expected one of trial, mesh, found "gold"']],
    [
      { versionSet: "article", licenseKind: "mesh" },
      ["licenseKind: the charts of versionSet article ask for no kind of key: leave it out"],
    ],
    [
      { repositories: { glooMeshAgent: "https://charts.test" } },
      [
        "repositories.glooMeshAgent: versionSet current has no such chart; it has vcluster, glooPlatformCrds, glooPlatform, istioBase, istiod, gateway",
      ],
    ],
    [
      { versionSet: "article", values: { glooMeshCrds: {} } },
      [
        "values.glooMeshCrds: versionSet article has no such release: its kinds come with glooMeshEnterprise and glooMeshAgent",
      ],
    ],
    [
      { versions: { k3s: "v1.22.5-k3s1" } },
      [
        "versions.k3s: there is no such setting; versions has vcluster, kubernetes, glooMesh, istio, bookinfo, keycloak",
      ],
    ],
  ])("that do not go together are refused: %j", (settings, lines) => {
    const { mistakes } = checkSettings({ ...minimal, ...settings });
    expect(mistakes.map(({ path, message }) => `${path}: ${message}`)).toEqual(lines);
  });

  it("that are refused are told with every other mistake", () => {
    const { mistakes } = checkSettings({
      ...minimal,
      versionSet: "article",
      versions: { istio: "1.30.3" },
      workloads: [],
      licenseKind: "mesh",
    });
    expect(mistakes.map(({ path }) => path)).toEqual(["workloads", "versions.istio", "licenseKind"]);
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
    expect(
      settingsOf("mesh-lab", { "mesh-lab:renew": '{"on":"monday"}', "mesh-lab:licenseKey": '{"a":1}' }),
    ).toEqual({ renew: { on: "monday" }, licenseKey: '{"a":1}' });
  });

  it("that are empty are not set, as by the defaults in Pulumi.yaml", () => {
    expect(settingsOf("mesh-lab", { "mesh-lab:hostContext": "", "mesh-lab:licenseKey": "" })).toEqual({});
    // Pulumi itself refuses a stack that leaves out a key without a default, or has another type, in words of its own.
    for (const declared of Object.values(declarations()))
      expect(Object.keys(declared)).toEqual(["description", "default"]);
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
