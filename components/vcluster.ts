import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LabConfig, ManagementConfig } from "../config/read.ts";
import type { VClusterAccess } from "../steps/vcluster-kubeconfig.ts";
import { digest } from "../values/digest.ts";
import type { Exposure } from "../values/exposure.ts";
import type { Release } from "../plan/releases.ts";
import type { HelmValues } from "../values/merge.ts";
import type { SetValues } from "../values/set-values.ts";
import { valuesOf } from "../values/sets.ts";
import { pullSecretName } from "../values/vcluster.ts";
import { familiar } from "./base/familiar.ts";
import type { Host } from "./base/host.ts";
import { keptVolume } from "./base/kept-volume.ts";
import { kubernetes } from "./base/kubernetes.ts";
import { kubernetesProvider } from "./base/provider.ts";
import { helmRelease, type ReleaseSettings } from "./base/release.ts";
import { Pause } from "./base/pause.ts";
import { runStep } from "./base/step.ts";

export interface VClusterArgs {
  /** The cluster; its name is that of its namespace, release, context and control plane. */
  readonly cluster: ManagementConfig;
  /** Name of the management cluster, without which agents are not ready. */
  readonly management: string;
  /** Release of the virtual cluster. */
  readonly release: Release;
  readonly settings: ReleaseSettings;
  readonly host: Host;
  /** The set that its chart is of. */
  readonly versionSet: LabConfig["versionSet"];
  /** Version of Kubernetes inside; with another one the kubeconfig may be another. */
  readonly kubernetesVersion: string;
  /** Whether its control plane renews its certificates by itself. */
  readonly renewsCertificates: boolean;
  /** How its API server is reached. */
  readonly expose: Exposure;
  /** Where the host's nodes are reached, for NodePort; undefined: at an address of a ready node. */
  readonly nodeAddress?: string | undefined;
  /** Logins to the registries of images, as Docker's configuration; secret. Undefined where pulling takes none. */
  readonly imagePullSecret: LabConfig["imagePullSecret"];
  /** How long anything may take, in seconds. */
  readonly timeoutSeconds: number;
  /** When it changes, address and certificate are looked up again, and a certificate that is near its end is renewed. */
  readonly renew: string;
}

/** What one of a lab's clusters takes from its configuration, beside what is its own. */
export const vclusterArgs = (
  config: LabConfig,
  own: Pick<VClusterArgs, "cluster" | "release" | "host">,
): VClusterArgs => ({
  ...own,
  management: config.management.name,
  settings: config,
  versionSet: config.versionSet,
  kubernetesVersion: config.versions.kubernetes,
  renewsCertificates: config.set.controlPlane.renewsCertificates,
  expose: config.expose,
  nodeAddress: config.nodeAddress,
  imagePullSecret: config.imagePullSecret,
  timeoutSeconds: config.timeoutSeconds,
  renew: config.renew,
});

/**
 * A virtual cluster in a namespace of its own on the host.
 *
 * Its children need the provider of the host. What is to live inside takes the options `lifecycle`.
 */
export class VCluster extends pulumi.ComponentResource {
  /** Its name. */
  readonly name: string;
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
  readonly lifecycle: Pick<pulumi.ResourceOptions, "deletedWith" | "transformations">;

  constructor(name: string, args: VClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:cluster:VCluster", name, {}, opts);
    const { cluster, release: own, settings, host, expose, renew, timeoutSeconds, imagePullSecret } = args;
    const { name: clusterName, paused } = cluster;
    this.name = clusterName;
    const { context: hostContext } = host;
    const { controlPlaneIn } = valuesOf(args.versionSet);

    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      // No istio-injection label here: a host with Istio would put sidecars into the control plane.
      { metadata: { name: clusterName } },
      // Nothing is made on a host that is known to break it.
      { parent: this, dependsOn: [...host.checks] },
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
        release: own,
        settings,
        namespace: namespace.metadata.name,
        access: { context: hostContext },
        host,
        cluster,
      },
      {
        parent: this,
        // A pod that begins without it has to wait until its image is asked for again.
        dependsOn: pullSecret === undefined ? [] : [pullSecret],
        hooks: {
          beforeUpdate: [
            keptVolume(name, { cluster: clusterName, context: hostContext, timeoutSeconds, controlPlaneIn }),
          ],
          ...(paused ? {} : { afterUpdate: [afterPause(name, args)] }),
        },
      },
    );
    const pause = paused ? new Pause(name, clusterName) : undefined;
    if (pause !== undefined) {
      // Copies of the cluster's pods would run on without anybody who looks after them.
      runStep(
        `${name}-pause`,
        {
          script: "pause",
          spec: { cluster: clusterName, hostContext, holds: pause.holds() },
          timeoutSeconds,
        },
        { parent: this, dependsOn: [release], hooks: { beforeUpdate: [pause.keepsAll] } },
      );
    }
    this.lifecycle = {
      deletedWith: namespace,
      ...(pause === undefined ? {} : { transformations: [pause.leavesAsItIs] }),
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
          version: `${own.chart.version} ${args.kubernetesVersion}`,
          service: digest(controlPlaneIn(own.values).service),
          // With another namespace it may be another cluster.
          namespace: namespace.metadata.uid,
          ...(args.renewsCertificates ? { renewsCertificates: true } : {}),
        },
        renew,
        timeoutSeconds,
        isSteady: true,
        seesLastResult: true,
      },
      { parent: this, dependsOn: [release], ...this.lifecycle },
    );
    this.kubeconfig = access.kubeconfig.apply((kubeconfig) =>
      familiar({ cluster: clusterName, kubeconfig }, hostContext),
    );
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

/**
 * Waits after a pause until what runs inside is back, before anything inside is touched: all of it depends on the
 * release, and the API server refuses what it has a webhook for as long as nobody answers that.
 */
function afterPause(name: string, args: VClusterArgs): pulumi.ResourceHook {
  const { cluster, management, host, expose, nodeAddress, timeoutSeconds, versionSet } = args;
  return new pulumi.ResourceHook(`${name}-comeback`, async ({ oldInputs }) => {
    if (!(await isPauseOf(oldInputs, valuesOf(versionSet).controlPlaneIn))) return;
    const { comeback } = await kubernetes();
    const missing = await comeback({
      cluster: cluster.name,
      management,
      hostContext: host.context,
      expose,
      nodeAddress,
      timeoutSeconds,
    });
    if (missing !== undefined) await pulumi.log.warn(missing);
  });
}

/** Whether these are the inputs of a release that wants no control plane. */
const isPauseOf = (
  inputs: Record<string, unknown> | undefined,
  controlPlaneIn: SetValues["controlPlaneIn"],
): Promise<boolean> =>
  new Promise((resolve) => {
    pulumi.output(inputs?.["values"] as HelmValues | undefined).apply((values = {}) => {
      resolve(controlPlaneIn(values).replicas === 0);
    });
  });
