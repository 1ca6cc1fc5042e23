import { readdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { podsOf } from "../../../cli/rendered/pods.ts";
import { type RenderedRelease, renderLabs } from "../../../cli/rendered/render.ts";
import { checkSettings, describe as inWords, settingsOf } from "../../../config/check.ts";
import type { CheckedSettings } from "../../../config/settings.ts";
import { readProject, readStackFile, textsOf } from "../../../config/stack-file/stack-file.ts";
import { paths, root } from "../../../rehearsal/kit/paths.ts";
import { decode, type Manifest } from "../../../rehearsal/tests/support/charts.ts";
import { gateways } from "../../../values/istio.ts";
import { clusterRoleOf } from "../../../values/vcluster.ts";
import { type VersionSetName, versionSetNames } from "../../../versions/versions.ts";
import { allCharts } from "../support/charts.ts";

// What the lab gives the charts themselves, in all that a configuration can ask for.

type Input = Readonly<Record<string, unknown>>;

/** A lab with what Helm makes of each of its releases. */
class Lab {
  readonly settings: CheckedSettings;
  readonly releases: readonly RenderedRelease[];
  constructor(settings: CheckedSettings, releases: readonly RenderedRelease[]) {
    this.settings = settings;
    this.releases = releases;
  }

  /** All objects of a cluster, or those of one release of it. */
  in(cluster: string, kind?: RenderedRelease["kind"]): Manifest[] {
    return this.releases
      .filter((release) => release.cluster === cluster && (kind === undefined || release.kind === kind))
      .flatMap(({ objects }) => objects as unknown as Manifest[]);
  }

  /** The one object of a kind and name in a cluster. */
  get(cluster: string, kind: string, name: string): Manifest {
    const found = this.in(cluster).filter((one) => one.kind === kind && one.metadata.name === name);
    expect(
      found.map(({ metadata }) => metadata.name),
      `${kind} ${name} in ${cluster}`,
    ).toEqual([name]);
    return found[0] as Manifest;
  }

  has(cluster: string, kind: string, name: string): boolean {
    return this.in(cluster).some((one) => one.kind === kind && one.metadata.name === name);
  }

  /** What runs the control plane of a cluster. */
  controlPlane(cluster: string): Manifest {
    const { versionSet, controlPlane } = this.settings;
    const isDeployment = versionSet === "current" && !controlPlane.persistence;
    return this.get(cluster, isDeployment ? "Deployment" : "StatefulSet", cluster);
  }
}

const podOf = ({ spec }: Manifest) => {
  if (spec?.template === undefined) throw new Error("it has no pods");
  return spec.template.spec;
};
const containerOf = (manifest: Manifest, name: string) => {
  const found = podOf(manifest).containers.find((container) => container.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
};

/** The container whose resources are those of `resources.vcluster`. */
const apiServer = { current: "syncer", article: "vcluster" } as const;
const containers = { current: ["syncer"], article: ["vcluster", "syncer"] } as const;

/** What the program waits for, and counts on, whatever is configured. */
function expectAwaited(lab: Lab): void {
  const { management, workloads } = lab.settings;
  for (const { name, paused } of [management, ...workloads]) expectControlPlane(lab, name, paused);
  expectManagement(lab, management.name);
  for (const workload of workloads) expectWorkload(lab, workload);
}

function expectControlPlane(lab: Lab, name: string, paused: boolean): void {
  const { expose, versionSet, set } = lab.settings;
  const pods = { app: "vcluster", release: name };
  const service = lab.get(name, "Service", name);
  expect(service.metadata.namespace).toBe(name);
  expect(service.spec).toMatchObject({ type: expose, selector: pods });
  expect(service.spec?.ports).toContainEqual(expect.objectContaining({ name: "https", port: 443 }));

  const controlPlane = lab.controlPlane(name);
  expect(controlPlane.metadata.namespace).toBe(name);
  expect(controlPlane.spec).toMatchObject({
    replicas: paused ? 0 : 1,
    template: { metadata: { labels: pods } },
  });
  const names = podOf(controlPlane).containers.map((container) => container.name);
  expect(names.toSorted()).toEqual(containers[versionSet].toSorted());
  expect(names).toHaveLength(set.controlPlane.sized.length);

  const { rules } = lab.get(name, "ClusterRole", clusterRoleOf(name)) as unknown as {
    readonly rules: readonly { readonly resources: readonly string[] }[];
  };
  expect(rules.flatMap(({ resources }) => resources)).toContain("nodes");
}

function expectManagement(lab: Lab, cluster: string): void {
  const { expose, versionSet, licenseKind = "trial" } = lab.settings;
  const server = lab.get(cluster, "Service", "gloo-mesh-mgmt-server");
  expect(server.metadata.namespace).toBe("gloo-mesh");
  expect(server.spec?.type).toBe(expose);
  expect(server.spec?.ports).toContainEqual(expect.objectContaining({ name: "grpc", port: 9900 }));
  expect(server.spec?.ports).toContainEqual(expect.objectContaining({ name: "healthcheck", port: 8091 }));
  lab.get(cluster, "Deployment", "gloo-mesh-mgmt-server");

  const { data } = lab.get(cluster, "Secret", "relay-root-tls-secret");
  expect(decode(data?.["ca.crt"])).toContain("BEGIN CERTIFICATE");
  expect(lab.has(cluster, "Secret", "relay-identity-token-secret")).toBe(false);

  // Where a user looks at it.
  const ui = lab.get(cluster, "Service", "gloo-mesh-ui");
  expect(ui.spec).toMatchObject({ type: "ClusterIP" });
  expect(ui.spec?.ports).toContainEqual(expect.objectContaining({ name: "console", port: 8090 }));
  lab.get(cluster, "Deployment", "prometheus-server");
  lab.get(cluster, "Deployment", "gloo-mesh-redis");

  const license = {
    current: ["license-keys", `gloo-${licenseKind}-license-key`],
    article: ["gloo-mesh-enterprise-license", "key"],
  }[versionSet];
  const [secret = "", key = ""] = license;
  expect(Object.entries(lab.get(cluster, "Secret", secret).data ?? {})).toEqual([
    [key, Buffer.from("license").toString("base64")],
  ]);
}

function expectWorkload(lab: Lab, workload: CheckedSettings["workloads"][number]): void {
  const { name: cluster } = workload;
  const { expose } = lab.settings;
  const istiod = lab.get(cluster, "Deployment", "istiod");
  expect(istiod.metadata.namespace).toBe("istio-system");
  expect(istiod.spec?.template?.metadata.labels["app"]).toBe("istiod");
  expect(containerOf(istiod, "discovery").env).toContainEqual({ name: "CLUSTER_ID", value: cluster });
  lab.get(cluster, "Service", "istiod");
  expect(lab.get(cluster, "ConfigMap", "istio").data?.["mesh"]).toContain(`trustDomain: ${cluster}`);

  for (const role of ["ingress", "eastWest"] as const) {
    const { name, label, ports } = gateways[role];
    const wanted = workload[role];
    expect(lab.has(cluster, "Service", name), `${name} of ${cluster}`).toBe(wanted !== false);
    if (wanted === false) continue;
    const service = lab.get(cluster, "Service", name);
    expect(service.metadata.namespace).toBe("istio-gateways");
    expect(service.spec).toMatchObject({ type: expose, selector: { istio: label } });
    expect(service.spec?.ports).toEqual(ports.map((port) => expect.objectContaining(port) as unknown));
    const deployment = lab.get(cluster, "Deployment", name);
    expect(deployment.spec).toMatchObject({ replicas: wanted.replicas });
    expect(deployment.spec?.template?.metadata.labels).toMatchObject({
      istio: label,
      "sidecar.istio.io/inject": "true",
    });
    expect(deployment.spec?.template?.metadata.annotations).toHaveProperty("mesh-lab/proxies");
    expect(containerOf(deployment, "istio-proxy").image).toBe("auto");
    expect(lab.in(cluster, role).some(({ kind }) => kind === "HorizontalPodAutoscaler")).toBe(false);
  }

  const agent = lab.get(cluster, "Deployment", "gloo-mesh-agent");
  expect(agent.metadata.namespace).toBe("gloo-mesh");
  expect(agent.spec?.template?.metadata.labels).toMatchObject({ app: "gloo-mesh-agent" });
  expect(containerOf(agent, "gloo-mesh-agent").args).toEqual(
    expect.arrayContaining([`--cluster=${cluster}`, "--relay-address=relay.invalid:9900"]),
  );
}

/** What a configuration asks for, and what must come of it. */
interface Case {
  readonly input: Input | ((set: VersionSetName) => Input);
  /** The sets that have it; default: all. */
  readonly of?: readonly VersionSetName[];
  readonly check: (lab: Lab) => void;
}

// Of the names that stack files have, so that many of their releases are the same.
const east = { name: "devcluster1", bookinfo: { reviews: ["v1"] } };
const west = { name: "devcluster2" };
const own = (more: object) => ({ workloads: [{ ...east, ...more }, west] });
const clusters = ["devmgmt", east.name];
const nothingMore = (): void => undefined;

const servicesOfAddOns = (lab: Lab): string[] =>
  lab
    .in(east.name, "glooMeshAddOns")
    .filter(({ kind, spec }) => kind === "Service" && spec?.ports?.some(({ name }) => name === "grpc"))
    .map(({ metadata: { namespace = "", name } }) => `${namespace}/${name}`)
    .sort();

const istiodOf = (lab: Lab, cluster = east.name) =>
  containerOf(lab.get(cluster, "Deployment", "istiod"), "discovery");

const resourcesOf = (manifest: Manifest, container: string): unknown =>
  containerOf(manifest, container).resources;

const cases: Readonly<Record<string, Case>> = {
  "as it is": {
    input: {},
    check: (lab) => {
      expect(lab.in(east.name, "glooMeshAddOns")).toEqual([]);
      expect(istiodOf(lab).env).toContainEqual({
        name: "PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES",
        value: "false",
      });
    },
  },
  "on ports of nodes": {
    input: { expose: "NodePort" },
    check: (lab) => {
      expect(lab.get(east.name, "Service", east.name).spec?.type).toBe("NodePort");
    },
  },
  "with images from a mirror": {
    input: {
      imageRegistry: "mirror.test/all",
      workloads: [east, { ...west, bookinfo: {} }],
      capabilities: { rateLimiting: true, oidc: true },
    },
    check: (lab) => {
      const images = podsOf(lab.settings, lab.releases)
        // The article's chart takes no other registry for them.
        .filter(
          ({ workload }) =>
            lab.settings.versionSet === "current" || !workload.startsWith("gloo-mesh-addons/"),
        )
        .flatMap(({ spec }) => [...(spec.initContainers ?? []), ...spec.containers])
        .map(({ image = "" }) => image);
      expect(images.length).toBeGreaterThan(30);
      expect(images.filter((image) => !/^mirror\.test\/all\/([^/.:]+\/)?[^:/]+:[^:]+$/.test(image))).toEqual(
        [],
      );
    },
  },
  "with images that take a login": {
    input: { imagePullSecret: JSON.stringify({ auths: { "mirror.test": { auth: "cmVhZGVyOmh1c2g=" } } }) },
    check: (lab) => {
      for (const cluster of clusters)
        for (const account of [`vc-${cluster}`, `vc-workload-${cluster}`])
          expect(lab.get(cluster, "ServiceAccount", account)).toMatchObject({
            imagePullSecrets: [{ name: "mesh-lab-registries" }],
          });
    },
  },
  "with control planes on nodes of their own": {
    input: {
      controlPlane: {
        nodeSelector: { pool: "control" },
        tolerations: [{ key: "pool", operator: "Equal", value: "control", effect: "NoSchedule" }],
      },
    },
    check: (lab) => {
      for (const cluster of clusters)
        expect(podOf(lab.controlPlane(cluster))).toMatchObject({
          nodeSelector: { pool: "control" },
          tolerations: [{ key: "pool", operator: "Equal", value: "control", effect: "NoSchedule" }],
        });
    },
  },
  "without volumes": {
    input: { controlPlane: { persistence: false } },
    check: (lab) => {
      for (const cluster of clusters) {
        const controlPlane = lab.controlPlane(cluster);
        expect(controlPlane.spec).not.toHaveProperty("volumeClaimTemplates");
        expect(podOf(controlPlane)).toMatchObject({
          volumes: expect.arrayContaining([{ name: "data", emptyDir: {} }]) as unknown,
        });
      }
    },
  },
  "with volumes of a class and size": {
    input: { controlPlane: { storageClass: "fast", storageSize: "7Gi" } },
    check: (lab) => {
      for (const cluster of clusters)
        expect(lab.controlPlane(cluster).spec).toMatchObject({
          volumeClaimTemplates: [
            {
              metadata: { name: "data" },
              spec: { storageClassName: "fast", resources: { requests: { storage: "7Gi" } } },
            },
          ],
        });
    },
  },
  "with other resources": {
    input: {
      management: { resources: { vcluster: { requests: { cpu: "300m" } } } },
      ...own({
        resources: {
          vcluster: { limits: { memory: "7Gi" } },
          istiod: { requests: { memory: "1Gi" } },
          gateways: { limits: { cpu: "900m" } },
        },
      }),
    },
    check: (lab) => {
      const container = apiServer[lab.settings.versionSet];
      expect(resourcesOf(lab.controlPlane("devmgmt"), container)).toMatchObject({
        requests: { cpu: "300m", memory: "256Mi" },
      });
      expect(resourcesOf(lab.controlPlane(east.name), container)).toMatchObject({
        limits: { memory: "7Gi" },
      });
      expect(resourcesOf(lab.controlPlane(west.name), container)).not.toMatchObject({
        limits: { memory: "7Gi" },
      });
      expect(istiodOf(lab).resources).toEqual({
        requests: { cpu: "10m", memory: "1Gi" },
        limits: { cpu: "500m", memory: "2048Mi" },
      });
      for (const { name } of Object.values(gateways))
        expect(resourcesOf(lab.get(east.name, "Deployment", name), "istio-proxy")).toMatchObject({
          limits: { cpu: "900m" },
        });
    },
  },
  "with another size of the syncer": {
    of: ["article"],
    input: own({ resources: { syncer: { limits: { memory: "3Gi" } } } }),
    check: (lab) => {
      expect(resourcesOf(lab.controlPlane(east.name), "syncer")).toMatchObject({ limits: { memory: "3Gi" } });
    },
  },
  "with clusters that are paused": {
    input: { management: { paused: true }, workloads: [east, { ...west, paused: true }] },
    check: (lab) => {
      const annotations = { "loft.sh/paused": "true", "loft.sh/paused-replicas": "1" };
      for (const cluster of ["devmgmt", west.name])
        expect(lab.controlPlane(cluster).metadata).toMatchObject({ annotations });
      expect(lab.controlPlane(east.name).metadata).not.toHaveProperty("annotations");
    },
  },
  "of clusters that do not know of each other": {
    input: { multiCluster: false },
    check: (lab) => {
      expect(istiodOf(lab).env?.map(({ name }) => name)).not.toContain(
        "PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES",
      );
    },
  },
  "with another build of Istio": {
    input: { istioImage: "solo.test/istio:1.0.0-solo" },
    check: (lab) => {
      expect(istiodOf(lab).image).toBe("solo.test/istio/pilot:1.0.0-solo");
      const proxies = podsOf(lab.settings, lab.releases)
        .flatMap(({ spec }) => spec.containers)
        .filter(({ name }) => name === "istio-proxy")
        .map(({ image }) => image);
      expect(new Set(proxies)).toEqual(new Set(["solo.test/istio/proxyv2:1.0.0-solo"]));
    },
  },
  "with three pods of the ingress gateway": {
    input: own({ ingress: { replicas: 3 } }),
    check: (lab) => {
      expect(lab.get(east.name, "Deployment", "istio-ingressgateway").spec).toMatchObject({ replicas: 3 });
      expect(lab.get(west.name, "Deployment", "istio-ingressgateway").spec).toMatchObject({ replicas: 1 });
    },
  },
  "without an east-west gateway": {
    input: own({ eastWest: false }),
    check: (lab) => {
      expect(lab.in(east.name, "eastWest")).toEqual([]);
    },
  },
  "with another Kubernetes inside": {
    input: (set) => ({ versions: { kubernetes: set === "current" ? "v1.34.2" : "v1.21.2-k3s1" } }),
    check: (lab) => {
      const { initContainers = [], containers: running } = podOf(lab.controlPlane(east.name));
      const images = [...initContainers, ...running].map(({ image }) => image);
      expect(images).toContain(
        lab.settings.versionSet === "current"
          ? "ghcr.io/loft-sh/kubernetes:v1.34.2"
          : "rancher/k3s:v1.21.2-k3s1",
      );
    },
  },
  "with a key for Gloo Mesh alone": {
    of: ["current"],
    input: { licenseKind: "mesh" },
    check: (lab) => {
      expect(lab.get("devmgmt", "Secret", "license-keys").data).toHaveProperty(["gloo-mesh-license-key"]);
    },
  },
  "with a rate limiter": {
    input: { workloads: [east, west], capabilities: { rateLimiting: true } },
    check: (lab) => {
      expect(servicesOfAddOns(lab)).toEqual(["gloo-mesh-addons/rate-limiter"]);
      expect(lab.in(west.name, "glooMeshAddOns")).toEqual([]);
    },
  },
  "with a policy agent": {
    input: { capabilities: { opa: true } },
    check: (lab) => {
      expect(servicesOfAddOns(lab)).toEqual(["gloo-mesh-addons/ext-auth-service"]);
    },
  },
  "with a login, and a rate limiter": {
    input: { capabilities: { oidc: true, rateLimiting: true } },
    check: (lab) => {
      expect(servicesOfAddOns(lab)).toEqual([
        "gloo-mesh-addons/ext-auth-service",
        "gloo-mesh-addons/rate-limiter",
      ]);
      lab.get(east.name, "Deployment", "redis");
      expect(lab.in(east.name, "glooMeshAddOns").filter(({ kind }) => kind === "Deployment")).toHaveLength(3);
    },
  },
  "with values for every release": {
    input: (set) => ({
      capabilities: { rateLimiting: true },
      values: {
        ...valuesOfSet[set],
        istioBase: { global: { istioNamespace: "istio-system" } },
        istiod: { pilot: { podLabels: { own: "label" } } },
        ingress: { podAnnotations: { own: "note" } },
        eastWest: { service: { externalTrafficPolicy: "Local" } },
      },
      management: { values: { vcluster: priority[set]("management") } },
    }),
    check: (lab) => {
      const classOf = (cluster: string) => podOf(lab.controlPlane(cluster));
      expect(classOf("devmgmt")).toMatchObject({ priorityClassName: "management" });
      expect(classOf(east.name)).toMatchObject({ priorityClassName: "high" });
      const server = lab.get("devmgmt", "Deployment", "gloo-mesh-mgmt-server");
      expect(containerOf(server, "gloo-mesh-mgmt-server").args).toContain("--verbose=true");
      const sized = { requests: { cpu: "7m", memory: "128Mi" } };
      expect(resourcesOf(lab.get(east.name, "Deployment", "gloo-mesh-agent"), "gloo-mesh-agent")).toEqual(
        sized,
      );
      const limiter = resourcesOf(lab.get(east.name, "Deployment", "rate-limiter"), "rate-limiter");
      if (lab.settings.versionSet === "current") expect(limiter).toMatchObject({ requests: { cpu: "8m" } });
      expect(lab.get(east.name, "Deployment", "istio-ingressgateway").spec?.template?.metadata).toMatchObject(
        {
          annotations: { own: "note" },
        },
      );
      expect(lab.get(east.name, "Service", "istio-eastwestgateway").spec).toMatchObject({
        externalTrafficPolicy: "Local",
      });
    },
  },
  "with one gateway, one pod and nothing else": {
    input: { workloads: [{ name: east.name, eastWest: false }], multiCluster: false },
    check: nothingMore,
  },
};

const priority: Readonly<Record<VersionSetName, (name: string) => object>> = {
  current: (priorityClassName) => ({ controlPlane: { statefulSet: { scheduling: { priorityClassName } } } }),
  article: (priorityClassName) => ({ priorityClassName }),
};
const asking = (cpu: string) => ({ resources: { requests: { cpu } } });
const valuesOfSet: Readonly<Record<VersionSetName, object>> = {
  current: {
    vcluster: priority.current("high"),
    glooMeshCrds: {},
    glooMeshEnterprise: { common: { verbose: true } },
    glooMeshAgent: { glooAgent: asking("7m") },
    glooMeshAddOns: { rateLimiter: { rateLimiter: asking("8m") } },
  },
  article: {
    vcluster: priority.article("high"),
    glooMeshEnterprise: { verbose: true },
    glooMeshAgent: { glooMeshAgent: asking("7m") },
    // The stand-in of its chart takes nothing for the servers.
    glooMeshAddOns: {},
  },
};

/** The stack files of this checkout, each as a program is given it. */
const stackFiles: Readonly<Record<string, Input>> = Object.fromEntries(
  readdirSync(root)
    .filter((file) => /^Pulumi\..+\.yaml$/.test(file))
    .map((file) => {
      const project = readProject(root);
      const content = readStackFile(file, readFileSync(join(root, file), "utf8"), project.name);
      return [file, settingsOf(project.name, textsOf(content, project))];
    }),
);

beforeAll(() => {
  // Where make tools puts helm.
  vi.stubEnv("PATH", [paths.bin, process.env["PATH"]].join(delimiter));
});
afterAll(() => {
  vi.unstubAllEnvs();
});

describe.each(versionSetNames)("the charts of set %s", (versionSet) => {
  const ofSet = Object.entries(cases).filter(([, { of = versionSetNames }]) => of.includes(versionSet));
  const inputs: [title: string, input: Input][] = [
    ...Object.entries(stackFiles),
    ...ofSet.map(([title, { input }]): [string, Input] => [
      title,
      { workloads: [east], ...(typeof input === "function" ? input(versionSet) : input) },
    ]),
  ];
  const charts = allCharts(versionSet);
  const labs = new Map<string, Lab>();
  const labOf = (title: string): Lab => {
    const lab = labs.get(title);
    if (lab === undefined) throw new Error(`${title} is not rendered`);
    return lab;
  };

  beforeAll(async () => {
    const all = inputs.map(([title, input]) => {
      const { settings, mistakes } = checkSettings({ ...input, versionSet, charts, licenseKey: "key" });
      if (settings === undefined) throw new Error(inWords(title, mistakes));
      return settings;
    });
    const rendered = await renderLabs(all);
    for (const [index, [title]] of inputs.entries())
      labs.set(title, new Lab(all[index] as CheckedSettings, rendered[index] ?? []));
  }, 300_000);
  afterAll(() => {
    rmSync(charts, { recursive: true });
  });

  it.each(Object.keys(stackFiles))("make of %s what the program waits for", (file) => {
    expectAwaited(labOf(file));
  });

  it.each(ofSet)("make of a lab %s what the program waits for, and what is asked", (title, { check }) => {
    expectAwaited(labOf(title));
    check(labOf(title));
  });

  it("render nothing of Kubernetes' own in a version that passes", () => {
    const versions = [...labs.values()].flatMap(({ releases }) =>
      releases.flatMap(({ objects }) => objects.map(({ apiVersion = "" }) => apiVersion)),
    );
    const isOwn = (version: string): boolean =>
      /^(v1|apps|batch|policy|autoscaling|.*\.k8s\.io)/.test(version);
    const passing = versions.filter((version) => isOwn(version) && /(alpha|beta)\d+$/.test(version));
    expect(versions.length).toBeGreaterThan(1000);
    expect(passing).toEqual([]);
  });

  it("are those of the set, each used", () => {
    const used = new Set(
      [...labs.values()].flatMap(({ releases }) => releases.map(({ chart }) => chart.chart)),
    );
    expect([...used].sort()).toEqual(readdirSync(charts).map((name) => `${charts}/${name}`));
  });
});
