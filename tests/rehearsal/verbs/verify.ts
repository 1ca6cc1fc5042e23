import { afterEach, describe, expect, it } from "vitest";
import { changed, scaled } from "../support/changed.ts";
import { cluster, rehearse } from "../support/rehearsal.ts";

interface Facts {
  readonly checks: readonly { readonly cluster: string; readonly check: string; readonly state: string }[];
  readonly answers: readonly unknown[];
  readonly cause?: string;
  readonly untried?: string;
}

async function verified(): Promise<{ code: number; facts: Facts }> {
  const { code, stdout, output } = await rehearse("lab", "--", "verify", "--json");
  if (!stdout.startsWith("{")) throw new Error(output);
  return { code, facts: JSON.parse(stdout) as Facts };
}

const east = "devcluster1";

export function verifyTests(): void {
  describe("verify", () => {
    const restore: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const again of restore.splice(0).reverse()) await again();
    });

    it("passes all that can be seen here, and says that requests cannot be made", async () => {
      const { code, facts } = await verified();
      expect(facts.cause).toBeUndefined();
      expect(facts.untried).toContain("simulated");
      expect(facts.answers).toEqual([]);
      const wanted = [
        "registration",
        "agent",
        "certificate",
        "sidecars",
        "ingress gateway",
        "east-west gateway",
      ];
      for (const check of wanted)
        for (const workload of [east, "devcluster2"])
          expect(facts.checks).toContainEqual(
            expect.objectContaining({ cluster: workload, check, state: "fine" }),
          );
      expect(facts.checks).toContainEqual(
        expect.objectContaining({ cluster: east, check: "route table", state: "fine" }),
      );
      expect(code).toBe(3);
    });

    it("finds a gateway without pods", async () => {
      const gateway = [east, "istio-gateways", "istio-ingressgateway"] as const;
      restore.push(() => scaled(...gateway, 1));
      await scaled(...gateway, 0);
      const { code, facts } = await verified();
      expect(facts.cause).toContain(
        `${east}, ingress gateway: Service istio-ingressgateway has no ready endpoints: Deployment istio-ingressgateway wants no pods`,
      );
      expect(code).toBe(1);
    });

    it("finds a pod without sidecar", async () => {
      const details = [east, "bookinfo", "details-v1"] as const;
      const inject = (value: string | null) => ({
        spec: { template: { metadata: { labels: { "sidecar.istio.io/inject": value } } } },
      });
      restore.push(() => changed(...details, inject(null)));
      await changed(...details, inject("false"));
      const { code, facts } = await verified();
      expect(facts.cause).toMatch(/^devcluster1, sidecars: no sidecar in details-v1-/);
      expect(code).toBe(1);
    });

    it("finds a cluster that is not registered", async () => {
      const { custom } = cluster("devmgmt");
      const kind = {
        group: "admin.gloo.solo.io",
        version: "v2",
        namespace: "gloo-mesh",
        plural: "kubernetesclusters",
      };
      const {
        apiVersion,
        kind: name,
        spec,
      } = (await custom.getNamespacedCustomObject({ ...kind, name: east })) as Record<string, unknown>;
      const body = { apiVersion, kind: name, metadata: { name: east, namespace: "gloo-mesh" }, spec };
      restore.push(() => custom.createNamespacedCustomObject({ ...kind, body }));
      await custom.deleteNamespacedCustomObject({ ...kind, name: east });
      const { code, facts } = await verified();
      expect(facts.cause).toContain(
        `${east}, registration: there is no KubernetesCluster ${east} on devmgmt`,
      );
      expect(code).toBe(1);
    });

    it("finds an agent without certificate, and the route that leads nowhere after it", async () => {
      const { core, custom } = cluster(east);
      const secret = { namespace: "gloo-mesh", name: "relay-client-tls-secret" };
      const { metadata, data, type } = await core.readNamespacedSecret(secret);
      const body = {
        metadata: { name: secret.name, labels: metadata?.labels ?? {} },
        ...(data === undefined ? {} : { data }),
        ...(type === undefined ? {} : { type }),
      };
      restore.push(() => core.createNamespacedSecret({ namespace: secret.namespace, body }));
      await core.deleteNamespacedSecret(secret);

      const kind = {
        group: "networking.gloo.solo.io",
        version: "v2",
        namespace: "bookinfo",
        plural: "routetables",
      };
      const route = (await custom.getNamespacedCustomObject({ ...kind, name: "productpage" })) as {
        apiVersion: string;
        kind: string;
        metadata: { labels: object };
        spec: object;
      };
      restore.push(() =>
        custom.createNamespacedCustomObject({
          ...kind,
          body: {
            apiVersion: route.apiVersion,
            kind: route.kind,
            metadata: { name: "productpage", labels: route.metadata.labels },
            spec: route.spec,
          },
        }),
      );
      await custom.deleteNamespacedCustomObject({ ...kind, name: "productpage" });

      const { code, facts } = await verified();
      expect(facts.cause).toContain("there is no certificate in Secret relay-client-tls-secret");
      expect(facts.checks.filter(({ state }) => state === "wrong").map(({ check }) => check)).toEqual([
        "certificate",
        "route table",
      ]);
      expect(code).toBe(1);
    });

    it("takes only numbers of requests", async () => {
      const { code, output } = await rehearse("lab", "--", "verify", "--requests", "0");
      expect(output).toContain("Expected a whole number, 1 or more.");
      expect(code).toBe(2);
    });
  });
}
