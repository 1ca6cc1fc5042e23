import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Host } from "../../components/host.ts";
import { IstioStack } from "../../components/istio-stack.ts";
import { Lab } from "../../components/lab.ts";
import { VCluster } from "../../components/vcluster.ts";
import { paths } from "../../rehearsal/paths.ts";
import { vclusterValues } from "../../values/vcluster.ts";
import { labConfig } from "../support/config.ts";
import { failureOf, inlineStack, reversed } from "./support/inline.ts";
import { rehearsed } from "./support/rehearsal.ts";

/** A lab of one workload cluster on the rehearsal's host. */
const config = (workload: string) =>
  labConfig({
    hostContext: "host",
    charts: paths.charts,
    management: { name: "mgmt" },
    workloads: [{ name: workload }],
    timeoutSeconds: 30,
  });

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
      const settings = config("east");
      const [cluster] = settings.workloads;
      if (cluster === undefined) return;
      const { charts } = settings;
      const host = new Host("host", settings);
      const vcluster = new VCluster(
        "east",
        { ...settings, cluster, chart: charts.vcluster, host, timeoutSeconds: 60 },
        { providers: [host.provider] },
      );
      new IstioStack(
        "istio",
        { ...settings, cluster, kubeconfig: vcluster.kubeconfig, host, localities: [] },
        {
          ...vcluster.inside,
          providers: [vcluster.provider],
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
      new Lab("lab", config("west"), {
        transformations: [reversed("lab-west-registration", "lab-west-agent")],
      });
    });
    const failure = await failureOf(stack);
    expect(failure).toContain("gloo-mesh-agent");
    expect(failure).toContain("KubernetesCluster west");
  });

  it("takes a virtual cluster's kubeconfig before its Secret is there", async () => {
    const stack = await inlineStack("secret-first", async () => {
      const cluster = "north";
      const { charts, controlPlane, versions, expose } = config(cluster);
      const onHost = { provider: new k8s.Provider("host", { context: "host" }) };
      const namespace = new k8s.core.v1.Namespace(cluster, { metadata: { name: cluster } }, onHost);
      const release = new k8s.helm.v3.Release(
        cluster,
        {
          ...charts.vcluster,
          name: cluster,
          namespace: namespace.metadata.name,
          values: vclusterValues({
            serviceCidr: "10.96.0.0/16",
            expose,
            k3s: versions.k3s,
            controlPlane,
            resources: {},
            paused: false,
          }),
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
