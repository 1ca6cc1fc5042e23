import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../charts.ts";
import type { VClusterAccess } from "../steps/vcluster-kubeconfig.ts";
import { vclusterValues } from "../values/vcluster.ts";
import { runStep } from "./step.ts";

export interface VClusterArgs {
  /** Name of the virtual cluster: of its namespace, release, context and StatefulSet. */
  readonly cluster: string;
  readonly chart: ChartSource;
  /** Context of the host in the ambient kubeconfig; default: the current one. */
  readonly hostContext?: string | undefined;
  /** Range of the host's ClusterIPs. */
  readonly serviceCidr: string;
  /** How long the release, and then its kubeconfig and address, may take, in seconds. */
  readonly timeoutSeconds: number;
}

/**
 * A virtual cluster in a namespace of its own on the host.
 *
 * Its children need the provider of the host. What is to live inside takes `provider`, and `deletedWith` the
 * `namespace`: it goes when the cluster goes, without a call into it.
 */
export class VCluster extends pulumi.ComponentResource {
  /** Namespace on the host that holds the whole virtual cluster. */
  readonly namespace: k8s.core.v1.Namespace;
  /** Kubeconfig with one context, named after the cluster; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** Provider for resources inside the cluster. */
  readonly provider: k8s.Provider;
  /** IP address or host name of the cluster's API server. */
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: VClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:cluster:VCluster", name, {}, opts);
    const { cluster, chart, hostContext, serviceCidr, timeoutSeconds } = args;

    // No istio-injection label here: a host with Istio would put sidecars into the control plane.
    this.namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: cluster } },
      { parent: this },
    );

    const release = new k8s.helm.v3.Release(
      `${name}-release`,
      {
        ...chart,
        name: cluster,
        namespace: this.namespace.metadata.name,
        values: vclusterValues({ serviceCidr }),
        timeout: timeoutSeconds,
      },
      { parent: this, deleteBeforeReplace: true },
    );

    // A ready release does not mean that the kubeconfig is there: the syncer writes it some time later.
    const { result: access } = runStep<VClusterAccess>(
      `${name}-kubeconfig`,
      { script: "vcluster-kubeconfig", spec: { cluster, hostContext, timeoutSeconds } },
      { parent: this, dependsOn: [release] },
    );
    this.kubeconfig = access.kubeconfig;
    this.address = pulumi.unsecret(access.address);

    this.provider = new k8s.Provider(
      `${name}-provider`,
      // Without the identifier a changed address would plan the replacement of everything inside.
      { kubeconfig: this.kubeconfig, clusterIdentifier: cluster },
      { parent: this },
    );

    this.registerOutputs({ kubeconfig: this.kubeconfig, address: this.address });
  }
}
