import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { versionSets } from "../../versions/versions.ts";
import {
  find,
  folderOf,
  type Manifest,
  render as rendered,
  serviceLine,
  template,
  type Values,
} from "./support/charts.ts";

// What a set of versions of today installs, and what its values are written for: the charts themselves, not
// stand-ins, so that a test of values tells of the real ones.

const { istio, vcluster, kubernetes: tag } = versionSets.current.versions;
const today = { versionSet: "current", kubernetes: tag.slice(1) } as const;

/** Names of a release's objects, by kind. */
function namesByKind(manifests: readonly Manifest[]): Record<string, string> {
  const names: Record<string, string[]> = {};
  for (const { kind, metadata } of manifests) (names[kind] ??= []).push(metadata.name);
  return Object.fromEntries(Object.entries(names).map(([kind, list]) => [kind, list.sort().join(" ")]));
}

const images = (containers: readonly { readonly name: string; readonly image: string }[] = []) =>
  Object.fromEntries(containers.map(({ name, image }) => [name, image]));

describe(`the chart of vcluster ${vcluster}`, { timeout: 60_000 }, () => {
  const release = (values: Values) => ({
    ...today,
    chart: "vcluster",
    name: "devmgmt",
    namespace: "devmgmt",
    values,
  });
  /** As few as a lab's cluster needs, with a claim for its data or without. */
  const values = (claim: boolean) =>
    parse(`
serviceCIDR: 10.96.0.0/16
controlPlane:
  distro: { k8s: { enabled: true, version: v1.35.0 } }
  service: { spec: { type: LoadBalancer } }
  statefulSet:
    image: { repository: loft-sh/vcluster-oss }
    resources: { requests: { cpu: 100m, memory: 256Mi }, limits: { cpu: 500m, memory: 2Gi } }
    persistence: { volumeClaim: { enabled: ${String(claim)}, size: 5Gi, storageClass: gp2, retentionPolicy: Delete } }
    scheduling: { nodeSelector: { dedicated: control-planes }, tolerations: [{ key: dedicated, operator: Exists }] }
sync: { fromHost: { nodes: { enabled: true, selector: { all: true } } } }
telemetry: { enabled: false }
`) as Values;
  const ofAnyKind = {
    ServiceAccount: "vc-devmgmt vc-workload-devmgmt",
    Secret: "vc-config-devmgmt",
    Role: "vc-devmgmt",
    RoleBinding: "vc-devmgmt",
    ClusterRole: "vc-devmgmt-v-devmgmt",
    ClusterRoleBinding: "vc-devmgmt-v-devmgmt",
  };

  it("makes a StatefulSet with one container, whose program an init container brings", async () => {
    const manifests = await rendered(release(values(true)));
    expect(namesByKind(manifests)).toEqual({
      ...ofAnyKind,
      Service: "devmgmt devmgmt-headless",
      StatefulSet: "devmgmt",
    });
    const { spec } = find(manifests, "StatefulSet", "devmgmt");
    const pod = spec?.template?.spec;
    expect(images(pod?.containers)).toEqual({ syncer: "ghcr.io/loft-sh/vcluster-oss:0.36.1" });
    expect(images(pod?.initContainers)).toEqual({ kubernetes: "ghcr.io/loft-sh/kubernetes:v1.35.0" });
    expect(spec).toMatchObject({
      replicas: 1,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: "Delete" },
      selector: { matchLabels: { app: "vcluster", release: "devmgmt" } },
      volumeClaimTemplates: [
        {
          metadata: { name: "data" },
          spec: { storageClassName: "gp2", resources: { requests: { storage: "5Gi" } } },
        },
      ],
      template: {
        spec: { nodeSelector: { dedicated: "control-planes" }, tolerations: [{ key: "dedicated" }] },
      },
    });
  });

  it("serves the cluster where the program looks for it", async () => {
    const manifests = await rendered(release(values(true)));
    const services = manifests.filter(({ kind }) => kind === "Service");
    expect(services.map(serviceLine)).toEqual([
      "devmgmt: LoadBalancer https:443>8443",
      "devmgmt-headless: ClusterIP https:443>8443",
    ]);
  });

  it("makes a Deployment where there is no claim, and no headless Service", async () => {
    const manifests = await rendered(release(values(false)));
    expect(namesByKind(manifests)).toEqual({ ...ofAnyKind, Service: "devmgmt", Deployment: "devmgmt" });
  });

  it("takes a pause's replicas and annotations", async () => {
    const annotations = { "loft.sh/paused": "true", "loft.sh/paused-replicas": "1" };
    const paused = { controlPlane: { statefulSet: { annotations, highAvailability: { replicas: 0 } } } };
    expect(find(await rendered(release(paused)), "StatefulSet", "devmgmt")).toMatchObject({
      metadata: { annotations },
      spec: { replicas: 0 },
    });
  });

  it.each([
    [{ syncer: {} }, "at '': additional properties 'syncer' not allowed"],
    [
      { rbac: { clusterRole: { create: true } } },
      "at '/rbac/clusterRole': additional properties 'create' not allowed",
    ],
    [
      { controlPlane: { statefulSet: { replicas: 0 } } },
      "at '/controlPlane/statefulSet': additional properties 'replicas' not allowed",
    ],
  ])("refuses %j, which is another version's or nobody's", async (wrong, complaint) => {
    await expect(template(release(wrong))).rejects.toThrow(complaint);
  });
});

describe(`the charts of Istio ${istio}`, { timeout: 60_000 }, () => {
  const render = (chart: string, name: string, values: Values) =>
    rendered({ ...today, chart, name, namespace: "istio-system", values });

  it.each(["base", "istiod", "gateway"])("are told that they are it: %s", (chart) => {
    const text = readFileSync(join(folderOf(chart, "current"), "Chart.yaml"), "utf8");
    expect(parse(text)).toMatchObject({ name: chart, version: istio, appVersion: istio });
  });

  it("define custom resources that outlive the release, and an open webhook", async () => {
    const manifests = await render("base", "istio-base", {});
    const { CustomResourceDefinition: definitions = "", ...others } = namesByKind(manifests);
    expect(others).toEqual({
      ServiceAccount: "istio-reader-service-account",
      ValidatingWebhookConfiguration: "istiod-default-validator",
    });
    expect(definitions.split(" ")).toEqual([
      "authorizationpolicies.security.istio.io",
      "destinationrules.networking.istio.io",
      "envoyfilters.networking.istio.io",
      "gateways.networking.istio.io",
      "peerauthentications.security.istio.io",
      "proxyconfigs.networking.istio.io",
      "requestauthentications.security.istio.io",
      "serviceentries.networking.istio.io",
      "sidecars.networking.istio.io",
      "telemetries.telemetry.istio.io",
      "trafficextensions.extensions.istio.io",
      "virtualservices.networking.istio.io",
      "wasmplugins.extensions.istio.io",
      "workloadentries.networking.istio.io",
      "workloadgroups.networking.istio.io",
    ]);
    for (const { kind, metadata } of manifests)
      if (kind === "CustomResourceDefinition")
        expect(metadata).toMatchObject({ annotations: { "helm.sh/resource-policy": "keep" } });
  });

  describe("istiod", () => {
    let manifests: readonly Manifest[];
    beforeAll(async () => {
      manifests = await render("istiod", "istiod", {
        global: { meshID: "mesh1", multiCluster: { clusterName: "devcluster1" } },
        meshConfig: { trustDomain: "devcluster1" },
        pilot: { autoscaleEnabled: false, env: { PILOT_SKIP_VALIDATE_TRUST_DOMAIN: "true" } },
      });
    });

    it("makes the objects that the program waits for", () => {
      const roles =
        "istio-reader-clusterrole-istio-system istiod-clusterrole-istio-system istiod-gateway-controller-istio-system";
      expect(namesByKind(manifests)).toEqual({
        ServiceAccount: "istiod",
        ConfigMap: "istio istio-sidecar-injector values",
        ClusterRole: roles,
        ClusterRoleBinding: roles,
        Role: "istiod",
        RoleBinding: "istiod",
        Service: "istiod",
        Deployment: "istiod",
        MutatingWebhookConfiguration: "istio-sidecar-injector",
        ValidatingWebhookConfiguration: "istio-validator-istio-system",
      });
    });

    it("runs the release's image by default, and knows its cluster", () => {
      const [container] = find(manifests, "Deployment", "istiod").spec?.template?.spec.containers ?? [];
      expect(container?.image).toBe(`registry.istio.io/release/pilot:${istio}`);
      expect(container?.env).toContainEqual({ name: "CLUSTER_ID", value: "devcluster1" });
      expect(container?.env).toContainEqual({ name: "PILOT_SKIP_VALIDATE_TRUST_DOMAIN", value: "true" });
    });

    it("injects by the four webhooks that there ever were", () => {
      const { webhooks } = find(manifests, "MutatingWebhookConfiguration", "istio-sidecar-injector");
      expect(webhooks?.map(({ name }) => name).sort()).toEqual([
        "namespace.sidecar-injector.istio.io",
        "object.sidecar-injector.istio.io",
        "rev.namespace.sidecar-injector.istio.io",
        "rev.object.sidecar-injector.istio.io",
      ]);
    });
  });

  it("leave a gateway's image to the injection", async () => {
    const manifests = await render("gateway", "istio-ingressgateway", {
      autoscaling: { enabled: false },
      labels: { istio: "ingressgateway" },
      service: { type: "LoadBalancer", ports: [{ port: 80, targetPort: 8080, name: "http2" }] },
    });
    expect(namesByKind(manifests)).toEqual({
      ServiceAccount: "istio-ingressgateway",
      Role: "istio-ingressgateway",
      RoleBinding: "istio-ingressgateway",
      Service: "istio-ingressgateway",
      Deployment: "istio-ingressgateway",
    });
    expect(serviceLine(find(manifests, "Service", "istio-ingressgateway"))).toBe(
      "istio-ingressgateway: LoadBalancer http2:80>8080",
    );
    const { spec } = find(manifests, "Deployment", "istio-ingressgateway");
    expect(spec?.selector?.matchLabels).toEqual({ app: "istio-ingressgateway", istio: "ingressgateway" });
    expect(images(spec?.template?.spec.containers)).toEqual({ "istio-proxy": "auto" });
    expect(spec?.template?.metadata.labels["sidecar.istio.io/inject"]).toBe("true");
  });

  it("refuse what a gateway does not know", async () => {
    await expect(render("gateway", "gateway", { replicas: 1 })).rejects.toThrow(
      "at '': additional properties 'replicas' not allowed",
    );
  });
});
