import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chartsFromDirectory } from "../../charts.ts";
import { IstioStack } from "../../components/istio-stack.ts";
import { Lab } from "../../components/lab.ts";
import { VCluster } from "../../components/vcluster.ts";
import { paths } from "../../rehearsal/paths.ts";
import { vclusterValues } from "../../values/vcluster.ts";
import { failureOf, inlineStack, reversed } from "./support/inline.ts";
import { rehearsed } from "./support/rehearsal.ts";

const serviceCidr = "10.96.0.0/12";
const timeoutSeconds = 30;

const charts = () =>
  chartsFromDirectory(paths.charts, (message) => {
    throw new Error(message);
  });
const host = () => new k8s.Provider("host", { context: "host" });

beforeAll(async () => {
  // The Secret lags far enough behind that no busy machine lets a program overlook it.
  process.env["REHEARSAL_SETTINGS"] = JSON.stringify({ delays: { kubeconfigSecret: 8 } });
  await rehearsed("host");
});
afterAll(async () => {
  await rehearsed("down");
});

// Side by side: they wait most of the time, for what never comes.
describe.concurrent("the rehearsal refuses a program that", () => {
  it("creates gateways before istiod", async () => {
    const stack = await inlineStack("gateways-first", async () => {
      const providers = [host()];
      const cluster = "east";
      const vcluster = new VCluster(
        cluster,
        { cluster, chart: charts().vcluster, hostContext: "host", serviceCidr, timeoutSeconds: 60 },
        { providers },
      );
      new IstioStack(
        "istio",
        {
          cluster,
          kubeconfig: vcluster.kubeconfig,
          charts: charts(),
          replicas: { "istio-ingressgateway": 1, "istio-eastwestgateway": 1 },
          timeoutSeconds,
        },
        {
          providers: [vcluster.provider],
          deletedWith: vcluster.namespace,
          transformations: [reversed("istio-istiod", "istio-ingressgateway")],
        },
      );
    });
    const failure = await failureOf(stack);
    expect(failure).toContain("istio-ingressgateway");
    expect(failure).toContain("ErrImagePull");
  });

  it("creates an agent before its KubernetesCluster", async () => {
    const stack = await inlineStack("agent-first", async () => {
      new Lab(
        "lab",
        {
          host: host(),
          config: {
            hostContext: "host",
            serviceCidr,
            management: "mgmt",
            workloads: [{ name: "west", ingress: { replicas: 1 }, eastWest: { replicas: 1 } }],
            charts: charts(),
            licenseKey: pulumi.secret("placeholder"),
            timeoutSeconds,
          },
        },
        { transformations: [reversed("lab-west-registration", "lab-west-agent")] },
      );
    });
    const failure = await failureOf(stack);
    expect(failure).toContain("gloo-mesh-agent");
    expect(failure).toContain("KubernetesCluster west");
  });

  it("takes a virtual cluster's kubeconfig before its Secret is there", async () => {
    const stack = await inlineStack("secret-first", async () => {
      const cluster = "north";
      const onHost = { provider: host() };
      const namespace = new k8s.core.v1.Namespace(cluster, { metadata: { name: cluster } }, onHost);
      const release = new k8s.helm.v3.Release(
        cluster,
        {
          ...charts().vcluster,
          name: cluster,
          namespace: namespace.metadata.name,
          values: vclusterValues({ serviceCidr }),
        },
        onHost,
      );
      const secret = k8s.core.v1.Secret.get(
        "kubeconfig",
        pulumi.interpolate`${release.status.namespace}/vc-${cluster}`,
        onHost,
      );
      const kubeconfig = secret.data.apply((data) => Buffer.from(data["config"] ?? "", "base64").toString());
      const provider = new k8s.Provider(cluster, { kubeconfig });
      new k8s.core.v1.Namespace("inside", { metadata: { name: "inside" } }, { provider });
    });
    expect(await failureOf(stack)).toMatch(/vc-north.*(does not exist|not found)/s);
  });
});
