import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSources } from "../charts.ts";
import { glooMeshAgentValues } from "../values/gloo-mesh.ts";
import { glooMeshNamespace, kubernetesCluster } from "../values/gloo-resources.ts";
import type { GatewayName } from "../values/istio.ts";
import type { GlooMeshMgmt } from "./gloo-mesh-mgmt.ts";
import { glooResource } from "./gloo-resource.ts";
import { IstioStack } from "./istio-stack.ts";
import { runStep } from "./step.ts";
import { VCluster } from "./vcluster.ts";

export interface WorkloadClusterArgs {
  readonly cluster: string;
  readonly charts: ChartSources;
  /** Context of the host in the ambient kubeconfig; default: the current one. */
  readonly hostContext?: string | undefined;
  /** Range of the host's ClusterIPs. */
  readonly serviceCidr: string;
  /** Pods of each gateway. */
  readonly replicas: Readonly<Record<GatewayName, number>>;
  /** How long each release and each wait may take, in seconds. */
  readonly timeoutSeconds: number;
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
    const { cluster, charts, hostContext, serviceCidr, replicas, timeoutSeconds, mgmt } = args;

    this.vcluster = new VCluster(
      `${name}-vcluster`,
      { cluster, chart: charts.vcluster, hostContext, serviceCidr, timeoutSeconds },
      { parent: this },
    );
    const { kubeconfig, provider, namespace: deletedWith } = this.vcluster;
    const inside = { parent: this, provider, deletedWith };

    this.istio = new IstioStack(
      `${name}-istio`,
      { cluster, kubeconfig, charts, replicas, timeoutSeconds },
      { parent: this, providers: [provider], deletedWith },
    );

    const registration = glooResource(`${name}-registration`, kubernetesCluster(cluster), {
      parent: this,
      provider: mgmt.vcluster.provider,
      deletedWith: mgmt.vcluster.namespace,
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
        data: { "ca.crt": mgmt.glooMesh.relay.rootCa },
      },
      inside,
    );

    // A step, not a Secret of the stack: the token is to be gone once it has served, and to stay away.
    const relayToken = (role: string, verb: "give" | "withdraw", dependsOn: pulumi.Resource[]) =>
      runStep<{ done: string }>(
        `${name}-${role}`,
        {
          script: "relay-token",
          spec: { verb, cluster, timeoutSeconds },
          environment: { MESHLAB_KUBECONFIG: kubeconfig, MESHLAB_RELAY_TOKEN: mgmt.glooMesh.relay.token },
        },
        { parent: this, dependsOn },
      );
    const token = relayToken("relay-token", "give", [namespace]);

    this.agent = new k8s.helm.v3.Release(
      `${name}-agent`,
      {
        ...charts.glooMeshAgent,
        name: "gloo-mesh-agent",
        namespace: namespace.metadata.name,
        values: glooMeshAgentValues({ cluster, relayAddress: mgmt.glooMesh.relay.address }),
        timeout: timeoutSeconds,
      },
      // The agent crash-loops until it finds all three.
      { ...inside, dependsOn: [registration, rootCa, token.resource], deleteBeforeReplace: true },
    );
    relayToken("relay-token-withdrawal", "withdraw", [this.agent]);

    this.registerOutputs({ ingressAddress: this.istio.ingressAddress });
  }
}
