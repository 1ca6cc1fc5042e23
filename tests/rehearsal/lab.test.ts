import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { PatchStrategy, setHeaderOptions, type V1ObjectMeta, type V1Service } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { isServing } from "../../rehearsal/controllers/kit/objects.ts";
import { until } from "../../rehearsal/kit/until.ts";
import { paths } from "../../rehearsal/kit/paths.ts";
import { checkout } from "./support/checkout.ts";
import { clusters } from "./support/lab.ts";
import {
  changesOf,
  cluster,
  deployments,
  glooResources,
  killedOnce,
  pulumi,
  rehearse,
  rehearsed,
} from "./support/rehearsal.ts";
import { collectTests } from "./verbs/collect.ts";
import { doctorTests } from "./verbs/doctor.ts";
import { graphTests } from "./verbs/graph.ts";
import { imagesTests } from "./verbs/images.ts";
import { kubeconfigTests } from "./verbs/kubeconfig.ts";
import { pauseTests } from "./verbs/pause.ts";
import { podsTests } from "./verbs/pods.ts";
import { secretsTests } from "./verbs/secrets.ts";
import { statusTests } from "./verbs/status.ts";
import { uiTests } from "./verbs/ui.ts";
import { verifyTests } from "./verbs/verify.ts";

const [, ...workloads] = clusters;

let output = "";

beforeAll(async () => {
  await rehearsed("reset");
  // The driver dies in the middle, and leaves the engine behind at its work; the next run must come to the same end.
  await killedOnce(/istiod {2}created/, "up");
  ({ output } = await rehearsed("up"));
});
afterAll(async () => {
  await rehearse("down");
});

describe("the lab comes up", () => {
  it("as three virtual clusters on the host", async () => {
    const { items } = await cluster("host").apps.listStatefulSetForAllNamespaces();
    const ready = items.map(({ metadata, status }) => [
      metadata?.namespace,
      metadata?.name,
      status?.readyReplicas,
    ]);
    expect(ready.sort()).toEqual(clusters.map((name) => [name, name, 1]).sort());
  });

  it("with Gloo Mesh's management plane", async () => {
    expect(await deployments("devmgmt")).toEqual(
      expect.arrayContaining([
        "gloo-mesh/gloo-mesh-mgmt-server 1/1",
        "gloo-mesh/gloo-mesh-redis 1/1",
        "gloo-mesh/gloo-mesh-ui 1/1",
        "gloo-mesh/prometheus-server 1/1",
      ]),
    );
    expect(await glooResources("devmgmt", "admin", "kubernetesclusters")).toEqual(
      workloads.map((name) => `gloo-mesh/${name}`),
    );
    expect(await glooResources("devmgmt", "admin", "workspaces")).toEqual(["gloo-mesh/developers"]);
  });

  const bookinfo = ["details-v1", "productpage-v1", "ratings-v1", "reviews-v1", "reviews-v2"];
  it.each([
    ["devcluster1", bookinfo],
    ["devcluster2", [...bookinfo, "reviews-v3"]],
  ])("with an agent, Istio and Bookinfo on %s", async (name, apps) => {
    const found = (await deployments(name)).filter((line) => !line.startsWith("kube-system/"));
    expect(found).toEqual(
      [
        "gloo-mesh/gloo-mesh-agent 1/1",
        "istio-gateways/istio-eastwestgateway 1/1",
        "istio-gateways/istio-ingressgateway 1/1",
        "istio-system/istiod 1/1",
        ...apps.map((app) => `bookinfo/${app} 1/1`),
      ].sort(),
    );
  });

  it.each(workloads)("with an address for each gateway of %s", async (name) => {
    const { items } = await cluster(name).core.listNamespacedService({ namespace: "istio-gateways" });
    const addresses = items.map(({ status }) => status?.loadBalancer?.ingress?.[0]?.ip);
    expect(addresses).toHaveLength(2);
    for (const address of addresses) expect(address).toMatch(/^127\./);
  });

  it.each(workloads)(
    "with a sidecar in each Bookinfo pod of %s, and none called auto in its gateways",
    async (name) => {
      const { core } = cluster(name);
      const imagesIn = async (namespace: string) =>
        (await core.listNamespacedPod({ namespace })).items.map((pod) =>
          (pod.spec?.containers ?? []).map(({ image }) => image),
        );
      for (const images of await imagesIn("bookinfo")) {
        expect(images).toContain("docker.io/istio/proxyv2:1.12.6");
        expect(images).toHaveLength(2);
      }
      expect(await imagesIn("istio-gateways")).toEqual([
        ["docker.io/istio/proxyv2:1.12.6"],
        ["docker.io/istio/proxyv2:1.12.6"],
      ]);
    },
  );

  it.each(workloads)("with nodes that are in a zone of their own in %s", async (name) => {
    const { items } = await cluster(name).core.listNode();
    expect(items.map(({ metadata }) => metadata?.labels?.["topology.kubernetes.io/zone"])).toEqual([name]);
  });

  it("with the workspace's settings, gateway and route on the first workload cluster", async () => {
    expect(await glooResources("devcluster1", "admin", "workspacesettings")).toEqual([
      "gloo-mesh/developers",
    ]);
    expect(await glooResources("devcluster1", "networking", "virtualgateways")).toEqual([
      "istio-gateways/north-south-gw",
    ]);
    expect(await glooResources("devcluster1", "networking", "routetables")).toEqual(["bookinfo/productpage"]);
  });

  it.each(workloads)("with a certificate for the agent of %s, and its bootstrap token gone", async (name) => {
    const { items } = await cluster(name).core.listNamespacedSecret({ namespace: "gloo-mesh" });
    const names = items.map(({ metadata }) => metadata?.name);
    expect(names).toContain("relay-client-tls-secret");
    expect(names).not.toContain("relay-identity-token-secret");
    const root = items.find(({ metadata }) => metadata?.name === "relay-root-tls-secret");
    expect(Object.keys(root?.data ?? {})).toEqual(["ca.crt"]);
  });

  it("and says what it is, what was real, and where it is", () => {
    for (const name of clusters) expect(output).toContain(name);
    expect(output).toMatch(/simulated/i);
    expect(output).not.toMatch(/client-key-data|BEGIN/);
  });
});

describe.each(workloads)("on the host, what is in %s", (name) => {
  /** The name that vcluster 0.10.2 gives to an object on the host. */
  const hostName = (metadata: V1ObjectMeta = {}): string => {
    const whole = `${metadata.name ?? ""}-x-${metadata.namespace ?? ""}-x-${name}`;
    return whole.length <= 63 ? whole : `${whole.slice(0, 52)}-${hash(whole)}`.replaceAll(".-", "-");
  };
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 10);
  const copies = { namespace: name, labelSelector: `vcluster.loft.sh/managed-by=${name}` };
  const copyOf = <T extends { metadata?: V1ObjectMeta }>(list: T[], metadata?: V1ObjectMeta): T | undefined =>
    list.find((copy) => copy.metadata?.name === hostName(metadata));

  it("has every pod under its translated name and labels, on the node and in the state that it reports", async () => {
    const { items: pods } = await cluster(name).core.listPodForAllNamespaces();
    const { items: onHost } = await cluster("host").core.listNamespacedPod(copies);
    expect(onHost.map(({ metadata }) => metadata?.name).sort()).toEqual(
      pods.map(({ metadata }) => hostName(metadata)).sort(),
    );
    // Some of them are too long for the host as they are.
    expect(pods.some(({ metadata }) => !hostName(metadata).endsWith(`-x-${name}`))).toBe(true);
    for (const { metadata, spec, status } of pods) {
      const copy = copyOf(onHost, metadata);
      const labels = Object.entries(metadata?.labels ?? {}).map(([key, value]) => [
        `vcluster.loft.sh/label-${name}-x-${hash(key)}`,
        value,
      ]);
      expect(copy?.metadata?.labels).toMatchObject(Object.fromEntries(labels));
      expect(copy?.metadata?.labels).toMatchObject({ "vcluster.loft.sh/namespace": metadata?.namespace });
      expect(copy?.metadata?.labels).not.toHaveProperty("app");
      expect(copy?.spec?.nodeName).toMatch(/^node-\d+$/);
      expect(spec?.nodeName).toBe(copy?.spec?.nodeName);
      expect([copy?.status?.phase, status?.phase]).toEqual(["Running", "Running"]);
      expect(status?.podIP).toBe(copy?.status?.podIP);
    }
  });

  it("has every load balancer, whose address is the one inside", async () => {
    const isBalanced = ({ spec }: V1Service) => spec?.type === "LoadBalancer";
    const services = (await cluster(name).core.listServiceForAllNamespaces()).items.filter(isBalanced);
    const { items: onHost } = await cluster("host").core.listNamespacedService(copies);
    expect(services).toHaveLength(2);
    for (const { metadata, status } of services) {
      const copy = copyOf(onHost, metadata);
      expect(copy?.spec?.type).toBe("LoadBalancer");
      expect(copy?.status?.loadBalancer?.ingress).toHaveLength(1);
      expect(copy?.status?.loadBalancer?.ingress).toEqual(status?.loadBalancer?.ingress);
    }
  });
});

describe("its secrets", () => {
  it("are in a kubeconfig that only its owner can read", () => {
    expect(statSync(paths.kubeconfig).mode & 0o777).toBe(0o600);
    const { contexts } = parse(readFileSync(paths.kubeconfig, "utf8")) as { contexts: { name: string }[] };
    expect(contexts.map(({ name }) => name).sort()).toEqual(["host", ...clusters].sort());
  });

  it("are encrypted in the state", async () => {
    const state = await pulumi("stack", "export");
    expect(state).not.toMatch(/client-key-data|PRIVATE KEY|rehearsal-license/);
    expect(JSON.parse(state)).toHaveProperty("deployment.resources");
  });
});

describe("a second run", () => {
  it("changes nothing", async () => {
    expect((await rehearsed("up")).output).toMatch(/^0 changes/m);
  });
});

const replicas = "mesh-lab:workloads[0].ingress.replicas";
const ofReplicas = ["update", "lab-devcluster1-istio-ingressgateway"];

describe("a changed value", () => {
  it("previews as that change alone, and applies", async () => {
    await pulumi("config", "set", "--path", replicas, "2");

    const preview = JSON.parse(await pulumi("preview", "--json")) as {
      steps: { op: string; urn: string; detailedDiff: Record<string, unknown> | null }[];
    };
    const changes = preview.steps.filter(({ op }) => op !== "same");
    expect(changes.map(({ op, urn }) => [op, urn.split("::").at(-1)])).toEqual([ofReplicas]);
    expect(Object.keys(changes[0]?.detailedDiff ?? {})).toEqual(["values.replicaCount"]);

    await pulumi("up", "--yes", "--skip-preview");
    expect(await deployments("devcluster1")).toContain("istio-gateways/istio-ingressgateway 2/2");
  });
});

describe("another workload cluster", () => {
  it("comes while a value goes back, is paused, and goes, and nothing else is touched", async () => {
    const name = "devcluster3";
    await pulumi("config", "rm", "--path", replicas);
    await pulumi("config", "set", "--path", "mesh-lab:workloads[2].name", name);
    const changes = await changesOf("up", "--yes", "--skip-preview");
    const added = changes.filter(([op]) => op === "create");
    expect(changes.filter(([op]) => op !== "create")).toEqual([ofReplicas]);
    for (const [, resource] of added) expect(resource).toMatch(/^lab-devcluster3-/);
    expect(await deployments("devcluster2")).toContain("gloo-mesh/gloo-mesh-agent 1/1");

    // Nobody can be asked to delete what is inside.
    await rehearsed("lab", "--", "pause", name);
    await pulumi("config", "rm", "--path", "mesh-lab:workloads[2]");
    const removed = await changesOf("up", "--yes", "--skip-preview");
    expect(removed.map(([op, resource]) => `${op} ${resource}`).sort()).toEqual(
      added.map(([, resource]) => `delete ${resource}`).sort(),
    );
    const { items } = await cluster("host").core.listNamespace();
    expect(items.map(({ metadata }) => metadata?.name)).not.toContain(name);
    expect(await glooResources("devmgmt", "admin", "kubernetesclusters")).toEqual(
      workloads.map((workload) => `gloo-mesh/${workload}`),
    );
  });
});

describe("a refresh", () => {
  it("brings no bootstrap token back", async () => {
    await pulumi("refresh", "--yes", "--skip-preview");
    for (const name of workloads) {
      const { items } = await cluster(name).core.listNamespacedSecret({ namespace: "gloo-mesh" });
      expect(items.map(({ metadata }) => metadata?.name)).not.toContain("relay-identity-token-secret");
    }
  });
});

describe("a preview after that, from another checkout,", () => {
  it("finds nothing to do", async () => {
    const other = checkout();
    try {
      const preview = await pulumi("preview", "--json", "--cwd", other.directory);
      const { changeSummary } = JSON.parse(preview) as { changeSummary: Record<string, number> };
      expect(Object.keys(changeSummary)).toEqual(["same"]);
      expect(changeSummary["same"]).toBeGreaterThan(90);
    } finally {
      other.remove();
    }
  });
});

describe("a virtual cluster that is paused", () => {
  const name = "devcluster2";
  const copies = { namespace: name, labelSelector: `vcluster.loft.sh/managed-by=${name}` };
  const podsOnHost = async (which: { namespace: string; labelSelector?: string }) =>
    (await cluster("host").core.listNamespacedPod(which)).items;
  const scale = async (replicas: number) => {
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    const body = { spec: { replicas } };
    await cluster("host").apps.patchNamespacedStatefulSet({ name, namespace: name, body }, merge);
  };
  const soon = (isTrue: () => Promise<boolean>, what: string) =>
    until(isTrue, 120, () => `${what} not within 120 s`);

  it("leaves its pods on the host to whoever deletes them, and comes back with all of them", async () => {
    const before = await deployments(name);
    const pods = await podsOnHost(copies);

    await scale(0);
    const isOff = async () => (await podsOnHost({ namespace: name })).length === pods.length;
    await soon(isOff, "the control plane is gone");
    const uids = (list: typeof pods) => list.map(({ metadata }) => metadata?.uid).sort();
    expect(uids(await podsOnHost(copies))).toEqual(uids(pods));
    await cluster("host").core.deleteCollectionNamespacedPod(copies);
    await soon(async () => (await podsOnHost(copies)).length === 0, "the pods are gone");

    await scale(1);
    const isBack = async () => {
      const found = await podsOnHost(copies);
      return found.length === pods.length && found.every(isServing);
    };
    await soon(isBack, "the pods are back");
    await soon(async () => isDeepStrictEqual(await deployments(name), before), "the deployments are ready");
  });
});

// What is done with a lab for days.
podsTests();
doctorTests();
imagesTests();
collectTests();
statusTests();
kubeconfigTests();
verifyTests();
uiTests();
graphTests();
pauseTests();
secretsTests();

describe("taken down while all its clusters are paused", () => {
  it("leaves nothing on the host, and no process", async () => {
    await rehearsed("lab", "--", "pause");
    await pulumi("destroy", "--yes", "--skip-preview");

    const { core, rbac } = cluster("host");
    const namespaces = (await core.listNamespace()).items.map(({ metadata }) => metadata?.name);
    for (const name of clusters) expect(namespaces).not.toContain(name);
    expect((await core.listPersistentVolumeClaimForAllNamespaces()).items).toEqual([]);
    const roles = (await rbac.listClusterRole()).items.map(({ metadata }) => metadata?.name ?? "");
    expect(roles.filter((name) => name.startsWith("vc-"))).toEqual([]);

    expect((await rehearsed("down")).output).toMatch(/^Nothing is left/m);
  });
});
