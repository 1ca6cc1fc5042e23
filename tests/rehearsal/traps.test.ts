import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { AppsV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { Lab } from "../../components/lab.ts";
import { paths } from "../../rehearsal/paths.ts";
import type { Kubeconfig } from "../../values/kubeconfig.ts";
import { captured, failureOf, inlineStack, opsOf, reversed, takenAway } from "./support/inline.ts";
import { istioIn, oneWorkload, vclusterOf } from "./support/parts.ts";
import { rehearsed } from "./support/rehearsal.ts";

beforeAll(async () => {
  // The Secret lags far enough behind that no busy machine lets a program overlook it.
  process.env["REHEARSAL_SETTINGS"] = JSON.stringify({ delays: { kubeconfigSecret: 8 } });
  await rehearsed("reset");
  await rehearsed("host");
});
afterAll(async () => {
  await rehearsed("reset");
});

// Side by side: they wait most of the time, for what never comes.
describe.concurrent("the rehearsal refuses a program that", () => {
  it("creates gateways before istiod", async () => {
    const stack = await inlineStack("gateways-first", async () => {
      istioIn("east", { transformations: [reversed("istio-istiod", "istio-ingressgateway")] });
    });
    const failure = await failureOf(stack);
    expect(failure).toContain("istio-ingressgateway");
    expect(failure).toContain("ErrImagePull");
  });

  it("creates an agent before its KubernetesCluster", async () => {
    const stack = await inlineStack("agent-first", async () => {
      // All but the agent is to come up, on a busy machine, too.
      new Lab("lab", oneWorkload("west", { timeoutSeconds: 60 }), {
        transformations: [reversed("lab-west-registration", "lab-west-agent")],
      });
    });
    const failure = await failureOf(stack);
    expect(failure).toContain("gloo-mesh-agent");
    expect(failure).toContain("KubernetesCluster west");
  });

  it("takes a virtual cluster's kubeconfig before its Secret is there", async () => {
    const stack = await inlineStack("secret-first", async () => {
      const { promise, resolve } = Promise.withResolvers<k8s.helm.v3.Release>();
      vclusterOf("north", undefined, [
        captured("north-release", (release) => {
          resolve(release as k8s.helm.v3.Release);
        }),
      ]);
      const release = await promise;
      kubeconfigOf("north", release.status.namespace);
    });
    expect(await failureOf(stack)).toMatch(/vc-north.*(does not exist|not found)/s);
  });

  it("takes a virtual cluster's kubeconfig as the syncer wrote it", async () => {
    const stack = await inlineStack("as-written", async () => {
      const { vcluster } = vclusterOf("south");
      // As it is, and with the address alone.
      const written = kubeconfigOf("south", vcluster.address);
      const readdressed = pulumi.all([written, vcluster.address]).apply(([text, address]) => {
        const { clusters, ...rest } = parse(text) as Kubeconfig;
        const server = `https://${address}`;
        return stringify({
          ...rest,
          clusters: clusters.map(({ name, cluster }) => ({ name, cluster: { ...cluster, server } })),
        });
      });
      for (const [name, kubeconfig] of Object.entries({ written, readdressed })) {
        const provider = new k8s.Provider(name, { kubeconfig });
        new k8s.core.v1.Namespace(`in-${name}`, { metadata: { name } }, { provider, ...vcluster.inside });
      }
    });
    const failure = await failureOf(stack, { continueOnError: true });
    expect(failure).toMatch(/Namespace in-written .*ECONNREFUSED 127\.0\.0\.1:8443/);
    expect(failure).toMatch(/Namespace in-readdressed .*does not match certificate/);
  });

  it("gives a virtual cluster another range of ClusterIPs than the host's", async () => {
    const stack = await inlineStack("other-range", async () => {
      vclusterOf("range", oneWorkload("range", { serviceCidr: "10.43.0.0/16" }));
    });
    const failure = await failureOf(stack);
    expect(failure).toMatch(
      /Pod range\/range-0\].*CrashLoopBackOff.*The range of valid IPs is 10\.43\.0\.0\/16/,
    );
  });

  it("calls into a virtual cluster that is gone", async () => {
    const inside = ["dropped", "deleted"];
    const stack = await inlineStack("calls-inside", async () => {
      const { vcluster } = vclusterOf("gone");
      for (const name of inside) {
        new k8s.core.v1.Namespace(
          name,
          { metadata: { name } },
          { provider: vcluster.provider, ...(name === "dropped" ? vcluster.inside : {}) },
        );
      }
    });
    await stack.up({ parallel: 32 });
    const scale = async (replicas: number) => {
      const host = new KubeConfig();
      host.loadFromString(readFileSync(paths.kubeconfig, "utf8"));
      host.setCurrentContext("host");
      const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
      const body = { spec: { replicas } };
      await host
        .makeApiClient(AppsV1Api)
        .patchNamespacedStatefulSet({ name: "gone", namespace: "gone", body }, merge);
    };
    await scale(0);
    const failure = String(await stack.destroy({ color: "never" }).catch((error: unknown) => error));
    expect(failure).toMatch(/Namespace deleted .*unreachable/);
    expect(failure).toMatch(/Namespace dropped deleted/);
    await scale(1);
    await vi.waitFor(() => takenAway(stack), { timeout: 60_000, interval: 1000 });
  });
});

describe("a changed address", () => {
  /** What a preview does with a namespace when its cluster is reached at another address. */
  async function opsAfterMove(
    name: string,
    identity: { clusterIdentifier?: string },
  ): Promise<Record<string, string>> {
    const kubeconfig = readFileSync(paths.kubeconfig, "utf8");
    const programOf = (text: string) => async () => {
      const provider = new k8s.Provider("there", { kubeconfig: text, context: "host", ...identity });
      new k8s.core.v1.Namespace(name, { metadata: { name } }, { provider });
    };
    const stack = await inlineStack(name, programOf(kubeconfig));
    await stack.up();
    stack.workspace.program = programOf(kubeconfig.replace("https://127.0.0.1:", "https://localhost:"));
    const ops = await opsOf(stack);
    await takenAway(stack);
    return ops;
  }

  it("of a cluster that has no name replaces what is inside, of one that has a name it does not", async () => {
    expect((await opsAfterMove("nameless", {}))["nameless"]).toMatch(/replace/);
    expect(await opsAfterMove("named", { clusterIdentifier: "host" })).toEqual({ there: "update" });
  });
});

describe("webhooks that istiod changes", () => {
  it("are drift where they are resources, and none where they are in a release", async () => {
    const stack = await inlineStack("webhooks", async () => {
      const { vcluster, istio } = istioIn("hooks");
      // As istiod's chart has it, before istiod.
      new k8s.admissionregistration.v1.ValidatingWebhookConfiguration(
        "validator",
        {
          metadata: {
            name: "own-validator",
            labels: { app: "istiod", istio: "istiod", "istio.io/rev": "default" },
          },
          webhooks: [
            {
              name: "rev.validation.istio.io",
              clientConfig: { service: { name: "istiod", namespace: "istio-system", path: "/validate" } },
              rules: [
                {
                  operations: ["CREATE"],
                  apiGroups: ["networking.istio.io"],
                  apiVersions: ["*"],
                  resources: ["*"],
                },
              ],
              failurePolicy: "Ignore",
              sideEffects: "None",
              admissionReviewVersions: ["v1"],
            },
          ],
        },
        { provider: vcluster.provider, ...vcluster.inside, dependsOn: [istio.istiod] },
      );
    });
    await stack.up({ parallel: 32 });
    await stack.refresh({ color: "never" });
    expect(await opsOf(stack)).toEqual({ validator: "update" });
    await takenAway(stack);
  });
});

/** The kubeconfig in Secret vc-NAME, looked for once, when `first` is known. */
function kubeconfigOf(cluster: string, first: pulumi.Output<unknown>): pulumi.Output<string> {
  const provider = new k8s.Provider(`${cluster}-secrets`, { context: "host" });
  const secret = k8s.core.v1.Secret.get(
    `${cluster}-kubeconfig`,
    first.apply(() => `${cluster}/vc-${cluster}`),
    { provider },
  );
  return secret.data.apply((data) => Buffer.from(data["config"] ?? "", "base64").toString());
}
