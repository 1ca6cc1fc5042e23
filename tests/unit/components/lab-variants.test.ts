import { capabilityNames } from "../../../capabilities/all.ts";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { type VersionSetName, versionSetNames } from "../../../versions/versions.ts";
import { type RecordedLab, recordLab } from "../support/lab.ts";
import { promiseOf } from "../support/record.ts";

/** Where each set's charts have what the program tells them. */
interface OwnValues {
  readonly exposed: readonly [vcluster: object, management: object];
  readonly relay: (serverAddress: string) => object;
  readonly mirrored: readonly [release: string, part: object][];
  readonly resources: object;
  /** Of a gateway where its limit of CPU alone is chosen. */
  readonly gateway: object;
  readonly paused: object;
  /** Other values of a virtual cluster's Service, and of the management server's. */
  readonly services: readonly [vcluster: object, management: object];
  /** Values of the management plane that have nothing to do with that Service. */
  readonly otherValues: object;
  /** What a release wants that was changed and not paused. */
  readonly running: object;
  readonly build: string;
  readonly newerIstio: string;
  readonly tagOfBookinfo: string;
}

const gloo = { image: { registry: "mirror.test/gloo-mesh" } };
const annotations = { "loft.sh/paused": "true", "loft.sh/paused-replicas": "1" };
const asked = { resources: { requests: { cpu: "1", memory: "256Mi" } } };

const ofSet: Readonly<Record<VersionSetName, OwnValues>> = {
  current: {
    exposed: [
      { controlPlane: { service: { spec: { type: "NodePort" } } } },
      { glooMgmtServer: { serviceType: "NodePort" } },
    ],
    relay: (serverAddress) => ({ glooAgent: { relay: { serverAddress } } }),
    mirrored: [
      ["lab-mgmt-vcluster-release", { controlPlane: { advanced: { defaultImageRegistry: "mirror.test" } } }],
      ["lab-mgmt-gloo-mesh-release", { redis: { deployment: gloo } }],
      ["lab-east-agent", { glooAgent: gloo }],
    ],
    resources: { controlPlane: { statefulSet: asked } },
    gateway: { limits: { cpu: "1", memory: "256Mi" } },
    paused: { controlPlane: { statefulSet: { highAvailability: { replicas: 0 }, annotations } } },
    services: [
      { controlPlane: { service: { httpsNodePort: 30443 } } },
      { glooMgmtServer: { ports: { grpc: 9901 } } },
    ],
    otherValues: { glooUi: { x: 1 } },
    running: { controlPlane: { statefulSet: { highAvailability: { replicas: 1 } } } },
    build: "1.30.3",
    newerIstio: "1.30.4",
    tagOfBookinfo: "1.20.3",
  },
  article: {
    exposed: [{ service: { type: "NodePort" } }, { glooMeshMgmtServer: { serviceType: "NodePort" } }],
    relay: (serverAddress) => ({ relay: { serverAddress } }),
    mirrored: [
      ["lab-mgmt-vcluster-release", { defaultImageRegistry: "mirror.test/" }],
      ["lab-mgmt-gloo-mesh-release", { glooMeshRedis: { image: { registry: "mirror.test" } } }],
      ["lab-east-agent", { glooMeshAgent: gloo }],
    ],
    resources: { vcluster: asked },
    gateway: { limits: { cpu: "1", memory: "128Mi" } },
    paused: { replicas: 0, annotations },
    services: [
      { service: { loadBalancerIP: "10.0.0.9" } },
      { glooMeshMgmtServer: { ports: { grpc: 9901 } } },
    ],
    otherValues: { glooMeshUi: { x: 1 } },
    running: { replicas: 1 },
    build: "1.12.6",
    newerIstio: "1.12.7",
    tagOfBookinfo: "1.16.2",
  },
};

const namesIn = ({ resources }: RecordedLab) => resources.map(({ name }) => name);
const valuesOf = (recorded: RecordedLab, release: string) => recorded.get(release).inputs["values"];

function hookOf(
  hooks: readonly (pulumi.ResourceHook | pulumi.ResourceHookFunction)[] | undefined,
): pulumi.ResourceHook {
  const [hook] = hooks ?? [];
  if (!pulumi.ResourceHook.isInstance(hook)) throw new Error("there is no hook");
  return hook;
}

describe.each(versionSetNames)("a lab of set %s:", (versionSet) => {
  const own = ofSet[versionSet];
  const lab = async (settings: Record<string, unknown>, east: Record<string, unknown> = {}) =>
    recordLab({
      versionSet,
      management: { name: "mgmt" },
      workloads: [{ name: "east", bookinfo: { reviews: ["v1"] }, ...east }, { name: "west" }],
      ...settings,
    });
  describe("exposed on ports of nodes", () => {
    it("every Service is, and everything is reached there", async () => {
      const recorded = await lab({ expose: "NodePort" });
      for (const cluster of ["mgmt", "east", "west"]) {
        expect(valuesOf(recorded, `lab-${cluster}-vcluster-release`)).toMatchObject(own.exposed[0]);
        expect(recorded.specOf(`lab-${cluster}-vcluster-kubeconfig`)).toMatchObject({
          expose: "NodePort",
          node: "192.0.2.9",
        });
      }
      expect(valuesOf(recorded, "lab-mgmt-gloo-mesh-release")).toMatchObject(own.exposed[1]);
      expect(valuesOf(recorded, "lab-east-istio-ingressgateway")).toMatchObject({
        service: { type: "NodePort" },
      });
      expect(await promiseOf(recorded.lab.productPages)).toEqual({
        east: "http://192.0.2.9:30080/productpage",
      });
    });

    it("agents use the address that pods reach, whatever the user reaches", async () => {
      const recorded = await lab({ expose: "NodePort", nodeAddress: "lab.test" });
      expect(valuesOf(recorded, "lab-east-agent")).toMatchObject(own.relay("10.0.0.9:30900"));
      expect(await promiseOf(recorded.lab.ingresses)).toMatchObject({ east: "http://lab.test:30080" });
    });
  });

  describe("a host whose range is configured", () => {
    it("need not be asked before a virtual cluster is made", async () => {
      const recorded = await lab({ serviceCidr: "10.0.0.0/16" });
      expect(recorded.specOf("lab-host-facts")).toMatchObject({ serviceCidr: "10.0.0.0/16" });
      const values = recorded.get("lab-east-vcluster-release").props["values"] as {
        serviceCIDR?: pulumi.Output<string>;
      };
      // Today's vcluster finds it out.
      if (versionSet === "current") expect(values).not.toHaveProperty("serviceCIDR");
      else expect(await promiseOf(pulumi.output(values.serviceCIDR))).toBe("10.0.0.0/16");
    });
  });

  describe("clusters that do not know of each other", () => {
    it("have no common root, no gateways between them and no places", async () => {
      const names = namesIn(await lab({ multiCluster: false }));
      for (const name of ["lab-workspace-root-trust", "lab-workspace-global", "lab-east-localities"])
        expect(names).not.toContain(name);
      expect(names).toContain("lab-workspace-settings");
    });
  });

  describe("gateways", () => {
    it("that are left out are not there, nor what needs them", async () => {
      const recorded = await lab({}, { ingress: false, eastWest: false });
      const names = namesIn(recorded);
      for (const name of [
        "lab-east-istio-ingressgateway",
        "lab-east-istio-eastwestgateway",
        "lab-east-istio-ingress-address",
        "lab-workspace-gateway",
        "lab-workspace-productpage",
      ])
        expect(names).not.toContain(name);
      expect(names).toContain("lab-east-bookinfo-productpage-v1");
      expect(await promiseOf(recorded.lab.ingresses)).toEqual({ west: "http://10.0.0.2" });
      expect(await promiseOf(recorded.lab.productPages)).toEqual({});
    });
  });

  describe("a mirror", () => {
    it("is given to every release that has images, and to Bookinfo", async () => {
      const recorded = await lab({ imageRegistry: "mirror.test" });
      for (const [release, part] of [
        ...own.mirrored,
        ["lab-east-istio-istiod", { global: { hub: "mirror.test/istio" } }],
      ] as const)
        expect(valuesOf(recorded, release), release).toMatchObject(part);
      expect(JSON.stringify(recorded.get("lab-east-bookinfo-details-v1").inputs)).toContain(
        `"mirror.test/istio/examples-bookinfo-details-v1:${own.tagOfBookinfo}"`,
      );
    });
  });

  describe("resources", () => {
    it("are those of the cluster they are given for", async () => {
      const resources = {
        vcluster: { requests: { cpu: "1" } },
        istiod: { limits: { memory: "4Gi" } },
        gateways: { limits: { cpu: "1" } },
      };
      const recorded = await lab({}, { resources });
      expect(valuesOf(recorded, "lab-east-vcluster-release")).toMatchObject(own.resources);
      expect(valuesOf(recorded, "lab-east-istio-istiod")).toMatchObject({
        pilot: { resources: { limits: { cpu: "500m", memory: "4Gi" } } },
      });
      for (const gateway of ["ingressgateway", "eastwestgateway"])
        expect(valuesOf(recorded, `lab-east-istio-${gateway}`)).toMatchObject({ resources: own.gateway });
      expect(valuesOf(recorded, "lab-west-istio-istiod")).toMatchObject({
        pilot: { resources: { limits: { cpu: "500m", memory: "2048Mi" } } },
      });
    });
  });

  describe("extra values", () => {
    const values = { istiod: { pilot: { replicaCount: 2, traceSampling: 5 } }, istioBase: { base: {} } };

    it("are merged last, a cluster's own after those for all", async () => {
      const recorded = await lab({ values }, { values: { istiod: { pilot: { replicaCount: 3 } } } });
      expect(valuesOf(recorded, "lab-east-istio-istiod")).toMatchObject({
        pilot: { autoscaleEnabled: false, replicaCount: 3, traceSampling: 5 },
      });
      expect(valuesOf(recorded, "lab-west-istio-istiod")).toMatchObject({ pilot: { replicaCount: 2 } });
      expect(valuesOf(recorded, "lab-west-istio-base")).toEqual({ base: {} });
    });

    it("stay secret where some of them are", async () => {
      const recorded = await recordLab({ workloads: [{ name: "east" }], values }, { secretValues: true });
      const isSecret = async (name: string) =>
        pulumi.isSecret(pulumi.output(recorded.get(name).props["values"] as pulumi.Input<object>));
      expect(await isSecret("lab-east-istio-istiod")).toBe(true);
      const { podAnnotations, ...own } = recorded.get("lab-east-istio-ingressgateway").props["values"] as {
        podAnnotations: object;
      };
      expect(await pulumi.isSecret(pulumi.output(own))).toBe(false);
      // They hold a digest of istiod's.
      expect(await pulumi.isSecret(pulumi.output(podAnnotations))).toBe(true);
    });
  });

  describe("a paused cluster", () => {
    it("has its control plane stopped, and then its pods removed", async () => {
      const recorded = await lab({}, { paused: true });
      expect(valuesOf(recorded, "lab-east-vcluster-release")).toMatchObject(own.paused);
      expect(await recorded.dependencies("lab-east-vcluster-pause")).toEqual(["lab-east-vcluster-release"]);
    });

    it("has everything inside of it left as it is, and nothing else", async () => {
      const recorded = await lab({}, { paused: true });
      const isInside = async (name: string) =>
        (await recorded.providerOf(recorded.get(name))) === "lab-east-vcluster-provider";
      const leaves = recorded.resources.filter(({ type }) => !type.startsWith("meshlab:"));
      for (const { name, type, opts } of leaves) {
        const isStep =
          type === "command:local:Command" && name.startsWith("lab-east-") && !name.endsWith("-pause");
        const expected = isStep || (type.startsWith("kubernetes:") && (await isInside(name)));
        expect((opts.ignoreChanges ?? []).includes("*"), name).toBe(expected);
      }
    });

    it("gets nothing new inside of it, and says what to do first", async () => {
      const recorded = await lab({}, { paused: true });
      const expected = {
        // Without it, there never was a cluster that could be resumed.
        "lab-east-vcluster-kubeconfig":
          'east is yet to be made, and can be paused only then: take its "paused" away.',
        "lab-east-istio-istiod":
          'east is paused, and lab-east-istio-istiod is yet to be made: npm run lab -- resume east, or take its "paused" away.',
        "lab-east-bookinfo-namespace":
          'east is paused, and lab-east-bookinfo-namespace is yet to be made: npm run lab -- resume east, or take its "paused" away.',
      };
      for (const [name, message] of Object.entries(expected)) {
        const hook = hookOf(recorded.get(name).opts.hooks?.beforeCreate);
        expect(hook.opts).toEqual({ onDryRun: true });
        expect(() => hook.callback({ name } as pulumi.ResourceHookArgs)).toThrow(message);
      }
      for (const name of ["lab-east-vcluster-release", "lab-east-vcluster-pause", "lab-east-registration"])
        for (const hook of recorded.get(name).opts.hooks?.beforeCreate ?? [])
          expect(pulumi.ResourceHook.isInstance(hook) && hook.opts?.onDryRun, name).not.toBe(true);
    });

    it("loses nothing that is inside of it, and says what to do first", async () => {
      const paused = { paused: true, eastWest: {} };
      const step = "lab-east-vcluster-pause";
      const before = (await lab({}, { ...paused, bookinfo: {} })).get(step);
      const after = (await lab({}, { ...paused, eastWest: false })).get(step);
      const hook = hookOf(after.opts.hooks?.beforeUpdate);
      expect(hook.opts).toEqual({ onDryRun: true });
      const change = (from: object, to: object) =>
        hook.callback({ oldInputs: from, newInputs: to } as pulumi.ResourceHookArgs);
      await expect(change(before.inputs, after.inputs)).rejects.toThrow(
        /^east is paused, and lab-east-bookinfo-reviews-v2, lab-east-bookinfo-reviews-v3, lab-east-istio-eastwestgateway would be removed from it: npm run lab -- resume east, or take its "paused" away\.$/,
      );
      await change(before.inputs, before.inputs);
      // Paused before steps were told what there is.
      await change({ create: "{}" }, after.inputs);
    });

    it("is waited for once it runs again, and only then", async () => {
      const running = await lab({});
      const paused = await lab({}, { paused: true });
      const hooksOf = (recorded: typeof running) =>
        (recorded.get("lab-east-vcluster-release").opts.hooks?.afterUpdate ?? []).filter(
          (hook) => pulumi.ResourceHook.isInstance(hook) && hook.name.endsWith("-comeback"),
        );
      expect(hooksOf(paused)).toEqual([]);
      // Another change of the release asks no cluster.
      const { callback } = hookOf(hooksOf(running));
      for (const values of [{}, own.running, pulumi.secret(own.running)])
        await callback({ oldInputs: { values } } as unknown as pulumi.ResourceHookArgs);
    });

    it("may be the management cluster, with the registrations in it", async () => {
      const recorded = await lab({ management: { name: "mgmt", paused: true } });
      const kinds = versionSet === "current" ? ["lab-mgmt-gloo-mesh-crds"] : [];
      for (const name of [
        ...kinds,
        "lab-mgmt-gloo-mesh-release",
        "lab-east-registration",
        "lab-workspace-workspace",
      ])
        expect(recorded.get(name).opts.ignoreChanges, name).toEqual(["*"]);
      expect(recorded.get("lab-east-agent").opts.ignoreChanges).not.toContain("*");
    });
  });

  describe("addresses and certificates", () => {
    it("are fetched anew when renew changes, and not because it is there", async () => {
      const plain = await lab({});
      const renewed = await lab({ renew: "2027" });
      for (const { name } of plain.all("command:local:Command")) {
        expect(plain.specOf(name), name).not.toHaveProperty("renew");
        // The host's range of ClusterIPs is the same for as long as there is a host.
        const again = name === "lab-host-facts" ? {} : { renew: "2027" };
        expect(renewed.specOf(name), name).toEqual({ ...plain.specOf(name), ...again });
      }
      const node = await lab({ renew: "2027", expose: "NodePort" });
      expect(node.specOf("lab-host-node")).toEqual({ renew: "2027" });
    });

    it.each([
      [
        { ingress: { service: { loadBalancerIP: "10.0.0.9" } } },
        ["lab-east-istio-ingress-address", "lab-west-istio-ingress-address"],
      ],
      [
        { vcluster: own.services[0] },
        ["mgmt", "east", "west"].map((name) => `lab-${name}-vcluster-kubeconfig`),
      ],
      [{ glooMeshEnterprise: own.services[1] }, ["lab-mgmt-gloo-mesh-relay"]],
      [{ ingress: { podAnnotations: { a: "b" } }, glooMeshEnterprise: own.otherValues }, []],
    ])("are fetched anew when values change a Service: %j", async (values, steps) => {
      const before = await lab({});
      const after = await lab({ values });
      const changed = before
        .all("command:local:Command")
        .map(({ name }) => name)
        .filter((name) => JSON.stringify(before.specOf(name)) !== JSON.stringify(after.specOf(name)));
      expect(changed).toEqual(steps);
    });
  });

  describe("pods with a proxy", () => {
    const proxies = { "mesh-lab/proxies": expect.any(String) as string };
    const noted = async (settings: object) => {
      const recorded = await lab({
        workloads: [{ name: "east", bookinfo: { reviews: ["v1"] } }],
        ...settings,
      });
      const deployment = recorded.get("lab-east-bookinfo-ratings-v1").inputs as unknown as {
        spec: { template: { metadata: { annotations: object } } };
      };
      return [
        ...["ingressgateway", "eastwestgateway"].map(
          (gateway) =>
            (recorded.get(`lab-east-istio-${gateway}`).inputs["values"] as { podAnnotations: object })
              .podAnnotations,
        ),
        deployment.spec.template.metadata.annotations,
      ];
    };

    it.each([
      { istioImage: `registry.example.com/istio:${own.build}-solo` },
      { imageRegistry: "registry.example.com" },
      { versions: { istio: own.newerIstio } },
      { values: { istiod: { global: { proxy: { image: "registry.example.com/proxyv2:1" } } } } },
      { values: { istiod: { meshConfig: { defaultConfig: { concurrency: 1 } } } } },
      { values: { istiod: { sidecarInjectorWebhook: { templates: { own: "" } } } } },
      {
        workloads: [
          { name: "east", bookinfo: { reviews: ["v1"] }, values: { istiod: { global: { network: "n" } } } },
        ],
      },
    ])("are made anew when istiod injects another: %j", async (settings) => {
      const before = await noted({});
      const after = await noted(settings);
      expect(before).toEqual([proxies, proxies, proxies]);
      for (const [index, note] of after.entries()) expect(note).not.toEqual(before[index]);
    });

    it.each([
      { istioImage: `docker.io/istio:${own.build}` },
      { values: { istiod: { meshConfig: { accessLogEncoding: "JSON" }, pilot: { replicaCount: 2 } } } },
      {
        workloads: [
          { name: "east", bookinfo: { reviews: ["v1"] }, resources: { istiod: { limits: { cpu: "1" } } } },
        ],
      },
    ])("stay when it injects the same: %j", async (settings) => {
      expect(await noted(settings)).toEqual(await noted({}));
    });
  });

  describe("a time-out", () => {
    const all = {
      // Login and policy agent would be in effect at one place.
      capabilities: Object.fromEntries(capabilityNames.map((name) => [name, name !== "opa"])),
      workloads: ["east", "west"].map((name) => ({ name, bookinfo: {} })),
    };

    /** Everything that decides whether a resource is updated. */
    async function deciding(timeoutSeconds: number) {
      const recorded = await lab({ ...all, timeoutSeconds });
      return recorded.resources.map(({ name, inputs, opts }) => {
        const ignored = new Set(opts.ignoreChanges);
        const environment = Object.entries(inputs["environment"] ?? {}).filter(
          ([variable]) => !ignored.has(`environment.${variable}`),
        );
        const rest = Object.entries(inputs).filter(([key]) => key !== "environment" && !ignored.has(key));
        return [name, Object.fromEntries(rest), environment];
      });
    }

    it("changes no resource", async () => {
      expect(await deciding(40)).toEqual(await deciding(4000));
    });

    it("holds for every release, step and Deployment that waits", async () => {
      const { resources } = await lab({ ...all, timeoutSeconds: 77 });
      const timeoutOf = ({ type, inputs, opts }: (typeof resources)[number]) =>
        ({
          "kubernetes:helm.sh/v3:Release": inputs["timeout"],
          "kubernetes:apps/v1:Deployment": opts.customTimeouts?.create,
          "command:local:Command": (inputs["environment"] as Record<string, string> | undefined)?.[
            "MESHLAB_TIMEOUT_SECONDS"
          ],
        })[type];
      const without = resources.filter(
        (resource) =>
          /:Release$|:Deployment$|:Command$/.test(resource.type) &&
          ![77, "77", "77s"].includes(timeoutOf(resource) as string),
      );
      expect(without.map(({ name }) => name)).toEqual(["lab-host-facts"]);
    });
  });
});
