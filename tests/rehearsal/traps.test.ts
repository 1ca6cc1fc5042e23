import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { Lab } from "../../components/lab.ts";
import { until } from "../../rehearsal/kit/until.ts";
import { paths, rehearsalDir } from "../../rehearsal/kit/paths.ts";
import type { Kubeconfig } from "../../values/kubeconfig.ts";
import { inside as insideOf } from "./support/faults.ts";
import { captured, failureOf, inlineStack, opsOf, reversed } from "./support/inline.ts";
import { istioIn, oneWorkload, roomForAll, vclusterOf } from "./support/parts.ts";
import { cluster, rehearsed } from "./support/rehearsal.ts";

beforeAll(async () => {
  process.env["REHEARSAL_SETTINGS"] = JSON.stringify({
    // The Secret lags far enough behind that no busy machine lets a program overlook it.
    delays: { kubeconfigSecret: 8 },
    ...roomForAll,
  });
  await rehearsed("reset");
  await rehearsed("host");
});
afterAll(async () => {
  await rehearsed("reset");
});

// Side by side: they wait most of the time, for what never comes.
describe.concurrent("the rehearsal refuses a program that", () => {
  it("creates an agent before its KubernetesCluster", async () => {
    const stack = await inlineStack("agent-first", async () => {
      // All but the agent is to come up, on a busy machine, too.
      const settings = oneWorkload("west", {
        workloads: [{ name: "west", eastWest: false }],
        timeoutSeconds: 45,
      });
      new Lab("lab", settings, {
        transformations: [reversed("lab-west-registration", "lab-west-agent")],
      });
    });
    const failure = await failureOf(stack);
    expect(failure).toContain("gloo-mesh-agent");
    expect(failure).toContain("KubernetesCluster west");
  });

  it("creates gateways before istiod", async () => {
    const stack = await inlineStack("gateways-first", async () => {
      istioIn("east", { transformations: [reversed("istio-istiod", "istio-ingressgateway")] });
    });
    const failure = await failureOf(stack);
    expect(failure).toContain("istio-ingressgateway");
    expect(failure).toContain("ErrImagePull");
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

  it("gives a virtual cluster another range of ClusterIPs than the host's", async () => {
    const stack = await inlineStack("other-range", async () => {
      vclusterOf("range", oneWorkload("range", { serviceCidr: "10.43.0.0/16" }));
    });
    const failure = await failureOf(stack);
    expect(failure).toMatch(
      /range in namespace range: Pod range-0: .*CrashLoopBackOff.*The range of valid IPs is 10\.43\.0\.0\/16/,
    );
  });

  it("calls into a virtual cluster that is gone", async () => {
    const inside = ["dropped", "deleted"];
    const stack = await inlineStack("calls-inside", async () => {
      const { vcluster } = vclusterOf("gone", oneWorkload("gone", { timeoutSeconds: 120 }));
      for (const name of inside) {
        new k8s.core.v1.Namespace(
          name,
          { metadata: { name } },
          { provider: vcluster.provider, ...(name === "dropped" ? vcluster.lifecycle : {}) },
        );
      }
    });
    await stack.up({ parallel: 32 });
    const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    const body = { spec: { replicas: 0 } };
    const core = await insideOf(rehearsalDir, "gone");
    await cluster("host").apps.patchNamespacedStatefulSet({ name: "gone", namespace: "gone", body }, merge);
    await until(
      () =>
        core.listNamespace().then(
          () => false,
          () => true,
        ),
      60,
      () => "it still answers",
    );
    const failure = String(
      await stack.destroy({ color: "never", continueOnError: true }).catch((error: unknown) => error),
    );
    expect(failure).toMatch(/Namespace deleted [^]*?unreachable/);
    expect(failure).toMatch(/Namespace dropped deleted/);
  });
});

// Alone: programs share this process, and another one would be told that this one's resources failed.
describe("the rehearsal refuses a program that", () => {
  it("takes a virtual cluster's kubeconfig as the syncer wrote it", async () => {
    const stack = await inlineStack("as-written", async () => {
      const { vcluster } = vclusterOf("south", oneWorkload("south", { timeoutSeconds: 120 }));
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
        new k8s.core.v1.Namespace(`in-${name}`, { metadata: { name } }, { provider, ...vcluster.lifecycle });
      }
    });
    const failure = await failureOf(stack, { continueOnError: true });
    expect(failure).toMatch(/Namespace in-written [^]*?8443: connect: connection refused/);
    expect(failure).toMatch(/Namespace in-readdressed [^]*?x509: certificate is valid for/);
  });
});

describe.concurrent("a changed address", () => {
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
    return opsOf(stack);
  }

  it("of a cluster that has no name replaces what is inside, of one that has a name it does not", async () => {
    expect((await opsAfterMove("nameless", {}))["nameless"]).toMatch(/replace/);
    expect(await opsAfterMove("named", { clusterIdentifier: "host" })).toEqual({ there: "update" });
  });
});

describe.concurrent("webhooks that istiod changes", () => {
  it("are in conflict where they are resources, and no drift where they are in a release", async () => {
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
        { provider: vcluster.provider, ...vcluster.lifecycle, dependsOn: [istio.istiod] },
      );
    });
    await stack.up({ parallel: 32 });
    await stack.refresh({ color: "never" });
    const conflict = String(await opsOf(stack).catch((error: unknown) => error));
    expect(conflict).toMatch(/ValidatingWebhookConfiguration validator update/);
    expect(conflict).toContain('conflict with "pilot-discovery"');
    expect(conflict).not.toMatch(/Release \S+ update/);
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
