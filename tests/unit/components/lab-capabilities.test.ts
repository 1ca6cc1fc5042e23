import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { capabilityNames } from "../../../capabilities/all.ts";
import { versionSetNames } from "../../../versions/versions.ts";
import { brings } from "../../support/capabilities.ts";
import { type RecordedLab, recordLab } from "../support/lab.ts";

const workloads = [
  { name: "east", bookinfo: { reviews: ["v1", "v2"] } },
  { name: "west", bookinfo: { reviews: ["v3"] } },
];
const lab = (capabilities: object, more: object = {}) =>
  recordLab({ management: { name: "mgmt" }, workloads, timeoutSeconds: 77, capabilities, ...more });
const namesIn = ({ resources }: RecordedLab) => resources.map(({ name }) => name);
const all = { ...Object.fromEntries(capabilityNames.map((name) => [name, true])), opa: false };

describe("a lab without capabilities", () => {
  it("has nothing of them, and its settings as ever", async () => {
    const recorded = await lab({});
    expect(namesIn(recorded).filter((name) => name.startsWith("lab-capabilities"))).toEqual([]);
    expect(namesIn(await lab({ waf: false }))).toEqual(namesIn(recorded));
    expect(recorded.get("lab-workspace-settings").inputs["spec"]).toEqual({
      options: { serviceIsolation: { enabled: false }, federation: { enabled: false } },
    });
  });
});

describe.each(versionSetNames)("each capability of set %s", (versionSet) => {
  it.each(capabilityNames)("%s brings what is its own, and changes nothing but settings", async (name) => {
    const [before, after] = [await lab({}, { versionSet }), await lab({ [name]: true }, { versionSet })];
    const had = new Set(namesIn(before));
    const added = after.resources.filter((one) => !had.has(one.name) && !one.type.startsWith("meshlab:"));
    expect(added.map((one) => one.name).sort()).toEqual(
      brings[name].map((end) => `lab-capabilities-${end}`).sort(),
    );
    const changed = before.resources.filter(
      (one) => JSON.stringify(one.inputs) !== JSON.stringify(after.get(one.name).inputs),
    );
    const isSetting = ["trafficSplitting", "mirroring", "serviceIsolation"].includes(name);
    expect(changed.map((one) => one.name)).toEqual(isSetting ? ["lab-workspace-settings"] : []);
  });
});

/** What brings Gloo Mesh's kinds to a cluster, and the release of add-ons. */
const ofSet = {
  current: {
    kinds: "lab-east-gloo-mesh-crds",
    addOns: {
      name: "gloo-platform-addons",
      chart: "gloo-platform",
      version: "2.14.0",
      values: {
        common: { cluster: "east" },
        glooAgent: { enabled: false },
        extAuthService: { enabled: true },
        rateLimiter: { enabled: true },
      },
    },
  },
  article: {
    kinds: "lab-east-agent",
    addOns: {
      name: "gloo-mesh-agent-addons",
      chart: "gloo-mesh-agent",
      version: "2.0.9",
      values: {
        glooMeshAgent: { enabled: false },
        "ext-auth-service": { enabled: true },
        "rate-limiter": { enabled: true },
      },
    },
  },
} as const;

describe.each(versionSetNames)("all capabilities of set %s", (versionSet) => {
  const { kinds, addOns } = ofSet[versionSet];
  let recorded: RecordedLab;
  beforeAll(async () => {
    recorded = await lab(all, { versionSet });
  });

  it("are on the first workload cluster, and Keycloak on the management cluster, to go with them", async () => {
    const parts = recorded.resources.filter(
      ({ name, type }) => name.startsWith("lab-capabilities") && type.startsWith("kubernetes:"),
    );
    expect(parts.length).toBeGreaterThan(25);
    for (const part of parts) {
      const cluster = part.name.startsWith("lab-capabilities-keycloak") ? "mgmt" : "east";
      expect(await recorded.providerOf(part), part.name).toBe(`lab-${cluster}-vcluster-provider`);
      expect(await recorded.deletedWith(part), part.name).toBe(`lab-${cluster}-vcluster-namespace`);
    }
  });

  it.each([
    ["waf-policy", [kinds, "lab-east-bookinfo-namespace"]],
    ["route-reviews", [kinds, "lab-east-bookinfo-namespace"]],
    ["oidc-client", [kinds, "lab-east-bookinfo-namespace"]],
    ["oidc-policy", ["lab-capabilities-oidc-client", kinds, "lab-east-bookinfo-namespace"]],
    ["add-ons-release", [kinds, "lab-east-istio-istiod"]],
    ["add-ons-rate-limiter", ["lab-capabilities-add-ons-namespace", kinds]],
    ["keycloak-address", ["lab-capabilities-keycloak-service"]],
  ])("%s waits for %j", async (name, dependencies) => {
    expect(await recorded.dependencies(`lab-capabilities-${name}`)).toEqual(dependencies.toSorted());
  });

  it("have objects that wait for their kinds, and not for who reads them", async () => {
    const objects = recorded.resources.filter(({ name, type }) =>
      /^lab-capabilities-.* kubernetes:[\w.]+\.gloo\.solo\.io\//.test(`${name} ${type}`),
    );
    expect(objects.length).toBeGreaterThan(15);
    for (const { name } of objects) {
      const dependencies = await recorded.dependencies(name);
      expect(dependencies, name).toContain(kinds);
      if (versionSet === "current") expect(dependencies, name).not.toContain("lab-east-agent");
    }
  });

  it("share one route to reviews, which is split, and one release of add-ons", () => {
    const route = recorded.get("lab-capabilities-route-reviews").inputs["spec"];
    expect(route).toMatchObject({
      http: [{ forwardTo: { destinations: [{ weight: 80 }, { weight: 20 }] } }],
    });
    expect(recorded.get("lab-capabilities-add-ons-release").inputs).toMatchObject({
      namespace: "gloo-mesh-addons",
      timeout: 77,
      ...addOns,
    });
    expect(recorded.get("lab-capabilities-add-ons-namespace").inputs["metadata"]).toEqual({
      name: "gloo-mesh-addons",
      labels: { "istio-injection": "enabled" },
    });
  });
});

describe("add-ons", () => {
  it("are those that are needed, with the values that are given for them", async () => {
    const recorded = await lab({ opa: true }, { values: { glooMeshAddOns: { "rate-limiter": { x: 1 } } } });
    expect(recorded.get("lab-capabilities-add-ons-release").inputs["values"]).toEqual({
      glooMeshAgent: { enabled: false },
      "ext-auth-service": { enabled: true },
      "rate-limiter": { x: 1 },
    });
  });
});

describe("Keycloak", () => {
  it("takes in a realm that knows the lab's client, and one who may come in", async () => {
    const recorded = await lab({ oidc: true });
    const { stringData } = recorded.get("lab-capabilities-keycloak-realm").inputs as {
      stringData: { "realm.json": string };
    };
    expect(JSON.parse(stringData["realm.json"])).toMatchObject({
      realm: "lab",
      sslRequired: "none",
      clients: [
        {
          clientId: "bookinfo",
          publicClient: false,
          secret: "password-lab-capabilities-keycloak-client-secret",
          redirectUris: ["http://10.0.0.2/callback"],
        },
      ],
      users: [
        {
          username: "reader",
          emailVerified: true,
          credentials: [{ value: "password-lab-capabilities-keycloak-reader", temporary: false }],
        },
      ],
    });
    expect(recorded.get("lab-capabilities-oidc-client").inputs).toMatchObject({
      metadata: { name: "oidc-client", namespace: "bookinfo" },
      type: "extauth.solo.io/oauth",
      stringData: { "client-secret": "password-lab-capabilities-keycloak-client-secret" },
    });
  });

  it.each([
    ["LoadBalancer", "http://10.0.0.3/realms/lab"],
    ["NodePort", "http://192.0.2.9:30800/realms/lab"],
  ])("is reached as the lab is, by %s", async (expose, issuerUrl) => {
    const recorded = await lab({ oidc: true }, { expose });
    expect(recorded.get("lab-capabilities-keycloak-service").inputs["spec"]).toMatchObject({ type: expose });
    expect(recorded.get("lab-capabilities-oidc-policy").inputs["spec"]).toMatchObject({
      config: { glooAuth: { configs: [{ oauth2: { oidcAuthorizationCode: { issuerUrl } } }] } },
    });
  });

  it("runs its pinned image, or a mirror's, on its realm", async () => {
    const recorded = await lab({ oidc: true }, { imageRegistry: "mirror.test" });
    expect(recorded.get("lab-capabilities-keycloak-deployment").inputs["spec"]).toMatchObject({
      template: {
        metadata: { annotations: { "mesh-lab/redirect-uri": "http://10.0.0.2/callback" } },
        spec: {
          containers: [
            {
              image: "mirror.test/keycloak/keycloak:26.0.7",
              args: ["start-dev", "--import-realm"],
              readinessProbe: { httpGet: { path: "/realms/lab", port: 8080 } },
            },
          ],
          volumes: [{ secret: { secretName: "keycloak-realm" } }],
        },
      },
    });
  });

  it("keeps its secrets secret, in no command line and in no policy", async () => {
    const recorded = await lab({ oidc: true });
    for (const name of ["keycloak-realm", "keycloak-logins", "oidc-client"]) {
      const data = recorded.get(`lab-capabilities-${name}`).props["stringData"] as object;
      expect(await pulumi.isSecret(pulumi.output(data)), name).toBe(true);
    }
    for (const { name, type, inputs } of recorded.resources) {
      if (type === "kubernetes:core/v1:Secret") continue;
      expect(JSON.stringify(inputs), name).not.toContain("password-lab");
    }
  });

  it("gives way to an issuer, whose client's secret comes from the configuration", async () => {
    const issuer = { url: "https://login.test", clientId: "lab" };
    const recorded = await lab({ oidc: { issuer } }, { oidcClientSecret: "from-the-configuration" });
    expect(namesIn(recorded).filter((name) => name.includes("keycloak"))).toEqual([]);
    const secret = recorded.get("lab-capabilities-oidc-client");
    expect(secret.inputs["stringData"]).toEqual({ "client-secret": "from-the-configuration" });
    expect(await pulumi.isSecret(pulumi.output(secret.props["stringData"] as object))).toBe(true);
  });
});
