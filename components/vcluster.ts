import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../charts.ts";
import { labCommand } from "../commands.ts";
import type { LabConfig, ManagementConfig } from "../config.ts";
import type { VClusterAccess } from "../steps/vcluster-kubeconfig.ts";
import { vclusterRelease } from "../values/releases.ts";
import { pullSecretName } from "../values/vcluster.ts";
import type { Host } from "./host.ts";
import { kubernetesProvider } from "./provider.ts";
import { helmRelease, type ReleaseSettings } from "./release.ts";
import { runStep } from "./step.ts";

export interface VClusterArgs
  extends
    ReleaseSettings,
    Pick<
      LabConfig,
      "expose" | "controlPlane" | "versions" | "imageRegistry" | "hasPullSecret" | "imagePullSecret" | "renew"
    > {
  /** The cluster; its name is that of its namespace, release, context and StatefulSet. */
  readonly cluster: ManagementConfig;
  readonly chart: ChartSource;
  readonly host: Host;
}

/**
 * A virtual cluster in a namespace of its own on the host.
 *
 * Its children need the provider of the host. What is to live inside takes the options `inside`.
 */
export class VCluster extends pulumi.ComponentResource {
  /** Kubeconfig with one context, named after the cluster; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** Where the cluster's API server is reached, as `HOST:PORT`. */
  readonly address: pulumi.Output<string>;
  /** Provider for resources inside the cluster. */
  readonly provider: k8s.Provider;
  /**
   * What else holds for resources inside, and for components of such: they go when the cluster goes, without a call
   * into it; and while it is paused they are left as they are, and none can be made.
   */
  readonly inside: Pick<pulumi.ResourceOptions, "deletedWith" | "transformations">;

  constructor(name: string, args: VClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:cluster:VCluster", name, {}, opts);
    const { cluster, chart, host, expose, versions, renew, timeoutSeconds, imagePullSecret } = args;
    const { name: clusterName, paused } = cluster;
    const { context: hostContext } = host;

    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      // No istio-injection label here: a host with Istio would put sidecars into the control plane.
      { metadata: { name: clusterName } },
      { parent: this },
    );

    const pullSecret =
      imagePullSecret &&
      new k8s.core.v1.Secret(
        `${name}-registries`,
        {
          metadata: { name: pullSecretName, namespace: namespace.metadata.name },
          type: "kubernetes.io/dockerconfigjson",
          stringData: { ".dockerconfigjson": imagePullSecret },
        },
        { parent: this },
      );

    const release = helmRelease(
      `${name}-release`,
      {
        ...args,
        ...vclusterRelease(args, cluster, host.serviceCidr),
        namespace: namespace.metadata.name,
        clusterValues: cluster.values,
        access: { context: hostContext },
      },
      // A pod that begins without it has to wait until its image is asked for again.
      { parent: this, dependsOn: pullSecret === undefined ? [] : [pullSecret] },
    );
    if (paused) {
      // Copies of the cluster's pods would run on without anybody who looks after them.
      runStep(
        `${name}-pause`,
        { script: "pause", spec: { cluster: clusterName, hostContext }, timeoutSeconds },
        { parent: this, dependsOn: [release] },
      );
    }
    this.inside = {
      deletedWith: namespace,
      ...(paused ? { transformations: [leftAsItIs(name, clusterName)] } : {}),
    };

    // A ready release does not mean that the kubeconfig is there: the syncer writes it some time later.
    const { result: access } = runStep<VClusterAccess>(
      `${name}-kubeconfig`,
      {
        script: "vcluster-kubeconfig",
        spec: {
          cluster: clusterName,
          hostContext,
          expose,
          node: host.nodeOutside,
          // What else could change address or certificate.
          version: `${chart.version} ${versions.k3s}`,
          ...(renew === "" ? {} : { renew }),
        },
        timeoutSeconds,
        isSteady: true,
      },
      { parent: this, dependsOn: [release], ...this.inside },
    );
    this.kubeconfig = access.kubeconfig;
    this.address = pulumi.unsecret(access.address);

    this.provider = kubernetesProvider(
      `${name}-provider`,
      // Without the identifier a changed address would plan the replacement of everything inside.
      { kubeconfig: this.kubeconfig, clusterIdentifier: clusterName },
      { parent: this },
    );

    this.registerOutputs({ kubeconfig: this.kubeconfig, address: this.address });
  }
}

/** What a program says of a resource in a paused cluster waits until somebody can do it; what is missing cannot wait. */
function leftAsItIs(name: string, cluster: string): pulumi.ResourceTransformation {
  const beforeCreate = new pulumi.ResourceHook(
    `${name}-paused`,
    ({ name: resource }) => {
      throw new Error(
        `${cluster} is paused, and ${resource} is yet to be made: ${labCommand(`resume ${cluster}`)}, or take its "paused" away.`,
      );
    },
    { onDryRun: true },
  );
  return ({ props, opts }) => ({
    props,
    opts: { ...opts, ignoreChanges: ["*"], hooks: { ...opts.hooks, beforeCreate: [beforeCreate] } },
  });
}
