import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LabConfig, WorkloadConfig } from "../config/read.ts";
import type { Localities } from "../steps/localities.ts";
import { glooMeshNamespace, kubernetesCluster } from "../values/gloo-resources.ts";
import { regionOf } from "../capabilities/all.ts";
import { agentRelease } from "../plan/releases.ts";
import type { GlooMeshMgmt } from "./gloo-mesh-mgmt.ts";
import { glooResource } from "./base/gloo-resource.ts";
import type { Host } from "./base/host.ts";
import { IstioStack } from "./istio-stack.ts";
import { helmRelease } from "./base/release.ts";
import { runStep } from "./base/step.ts";
import { VCluster } from "./vcluster.ts";

export interface WorkloadClusterArgs extends Omit<LabConfig, "management" | "workloads"> {
  readonly cluster: WorkloadConfig;
  readonly host: Host;
  /** The management side that the cluster registers with. */
  readonly mgmt: {
    readonly vcluster: VCluster;
    readonly glooMesh: GlooMeshMgmt;
  };
}

/**
 * A virtual cluster with Istio, registered with Gloo Mesh.
 *
 * Needs the provider of the host; everything inside uses the cluster's own, and the registration that of the
 * management cluster.
 */
export class WorkloadCluster extends pulumi.ComponentResource {
  readonly vcluster: VCluster;
  readonly istio: IstioStack;
  /** The agent's release; the kinds of `networking.gloo.solo.io` exist on this cluster once it is there. */
  readonly agent: k8s.helm.v3.Release;

  constructor(name: string, args: WorkloadClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:WorkloadCluster", name, {}, opts);
    const { cluster, charts, timeoutSeconds, renew, mgmt } = args;
    const { relay } = mgmt.glooMesh;

    this.vcluster = new VCluster(
      `${name}-vcluster`,
      { ...args, management: mgmt.vcluster, chart: charts.vcluster },
      { parent: this },
    );
    const { kubeconfig, provider } = this.vcluster;
    const inside = { parent: this, provider, ...this.vcluster.inside };

    this.istio = new IstioStack(
      `${name}-istio`,
      { ...args, kubeconfig, localities: this.localities(name, args) },
      { parent: this, providers: [provider], ...this.vcluster.inside },
    );

    const registration = glooResource(`${name}-registration`, kubernetesCluster(cluster.name), {
      parent: this,
      provider: mgmt.vcluster.provider,
      ...mgmt.vcluster.inside,
      // Its kind comes with the release.
      dependsOn: [mgmt.glooMesh.release],
    });

    const namespace = new k8s.core.v1.Namespace(
      `${name}-gloo-mesh`,
      { metadata: { name: glooMeshNamespace } },
      inside,
    );

    const rootCa = new k8s.core.v1.Secret(
      `${name}-relay-root`,
      {
        metadata: { name: "relay-root-tls-secret", namespace: namespace.metadata.name },
        // The certificate alone: with the root's key a workload cluster could sign for any other.
        data: { "ca.crt": relay.rootCa },
      },
      inside,
    );

    // A step, not a Secret of the stack: the token is to be gone once it has served, and to stay away.
    const relayToken = (role: string, verb: "give" | "withdraw", dependsOn: pulumi.Resource[]) =>
      runStep<{ done: string }>(
        `${name}-${role}`,
        {
          script: "relay-token",
          spec: { verb, cluster: cluster.name },
          timeoutSeconds,
          environment: { MESHLAB_KUBECONFIG: kubeconfig, MESHLAB_RELAY_TOKEN: relay.token },
          renew,
          seesLastResult: verb === "give",
        },
        { parent: this, ...this.vcluster.inside, dependsOn },
      );
    const token = relayToken("relay-token", "give", [namespace]);

    this.agent = helmRelease(
      `${name}-agent`,
      {
        ...args,
        ...agentRelease(args, cluster, relay.address),
        chart: charts.glooMeshAgent,
        namespace: namespace.metadata.name,
        clusterValues: cluster.values,
        access: { kubeconfig },
      },
      // The agent crash-loops until it finds all three.
      { ...inside, dependsOn: [registration, rootCa, token.resource] },
    );
    relayToken("relay-token-withdrawal", "withdraw", [this.agent]);

    this.registerOutputs({ ingressUrl: this.istio.ingressUrl });
  }

  /** Gives the cluster's nodes their region and zone; what must wait for that is to wait for the result. */
  private localities(
    name: string,
    { cluster, multiCluster, timeoutSeconds, renew }: WorkloadClusterArgs,
  ): readonly pulumi.Resource[] {
    if (!multiCluster) return [];
    const place = { region: regionOf(cluster), zone: cluster.zone ?? cluster.name };
    const { resource, result } = runStep<Localities>(
      `${name}-localities`,
      {
        script: "localities",
        spec: { cluster: cluster.name, ...place },
        timeoutSeconds,
        environment: { MESHLAB_KUBECONFIG: this.vcluster.kubeconfig },
        renew,
      },
      { parent: this, ...this.vcluster.inside },
    );
    pulumi.unsecret(result).apply(({ hosts }) => {
      if (hosts.length === 0) return;
      void pulumi.log.warn(
        `${cluster.name} has its region and zone from the host (${hosts.join(", ")}), not from its configuration: all clusters on a node are in one place`,
        this,
      );
    });
    return [resource];
  }
}
