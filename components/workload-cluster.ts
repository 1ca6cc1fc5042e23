import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LabConfig, WorkloadConfig } from "../config/read.ts";
import type { Localities } from "../steps/localities.ts";
import { glooMeshNamespace, kubernetesCluster } from "../values/gloo-resources.ts";
import { regionOf } from "../capabilities/all.ts";
import { proxiesOf, type Release, type WorkloadReleases, workloadReleases } from "../plan/releases.ts";
import { Bookinfo } from "./bookinfo.ts";
import { glooResource } from "./base/gloo-resource.ts";
import type { Host } from "./base/host.ts";
import { IstioStack } from "./istio-stack.ts";
import type { ManagementCluster } from "./management-cluster.ts";
import { helmRelease, holdsSecret } from "./base/release.ts";
import { runStep } from "./base/step.ts";
import { VCluster, vclusterArgs } from "./vcluster.ts";

export interface WorkloadClusterArgs {
  /** The lab's configuration. */
  readonly config: LabConfig;
  /** Which of its `workloads` the cluster is. */
  readonly cluster: WorkloadConfig;
  readonly host: Host;
  /** The cluster whose management server this one registers with. */
  readonly management: ManagementCluster;
}

/**
 * A virtual cluster with Istio and perhaps Bookinfo, registered with Gloo Mesh.
 *
 * Needs the provider of the host; everything inside uses the cluster's own, and the registration that of the
 * management cluster.
 */
export class WorkloadCluster extends pulumi.ComponentResource {
  readonly vcluster: VCluster;
  readonly istio: IstioStack;
  /** The kinds of `networking.gloo.solo.io` exist on this cluster once it is there. */
  readonly kinds: k8s.helm.v3.Release;
  /** Undefined where it is not to run. */
  readonly bookinfo: Bookinfo | undefined;
  /** The cluster as it is configured. */
  readonly cluster: WorkloadConfig;
  /** All of its releases as they are declared, with their values. */
  readonly releases: WorkloadReleases;

  constructor(name: string, args: WorkloadClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:WorkloadCluster", name, {}, opts);
    const { config, cluster, host, management } = args;
    const { expose, timeoutSeconds, renew } = config;
    const { relay } = management.glooMesh;

    // What its proxies are made of: pods with another one are made again.
    const made = proxiesOf(config, cluster);
    const proxies = holdsSecret(config, "istiod") ? pulumi.secret(made) : pulumi.output(made);
    const releases = workloadReleases(config, cluster, {
      serviceCidr: host.serviceCidr,
      relayAddress: relay.address,
      proxies,
    });
    this.cluster = cluster;
    this.releases = releases;

    this.vcluster = new VCluster(
      `${name}-vcluster`,
      vclusterArgs(config, { cluster, release: releases.vcluster, host }),
      { parent: this },
    );
    const { kubeconfig, provider } = this.vcluster;
    const inside = { parent: this, provider, ...this.vcluster.lifecycle };
    const allInside = { parent: this, providers: [provider], ...this.vcluster.lifecycle };

    this.istio = new IstioStack(
      `${name}-istio`,
      {
        cluster,
        kubeconfig,
        releases,
        settings: config,
        host,
        expose,
        localities: this.localities(name, args),
        timeoutSeconds,
        renew,
      },
      allInside,
    );

    const registration = glooResource(`${name}-registration`, kubernetesCluster(cluster.name), {
      parent: this,
      provider: management.vcluster.provider,
      ...management.vcluster.lifecycle,
      // Its kind comes with the release.
      dependsOn: [management.glooMesh.kinds],
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
        { parent: this, ...this.vcluster.lifecycle, dependsOn },
      );
    const token = relayToken("relay-token", "give", [namespace]);

    const release = (role: string, own: Release, dependsOn: pulumi.Resource[]) =>
      helmRelease(
        `${name}-${role}`,
        {
          release: own,
          settings: config,
          namespace: namespace.metadata.name,
          access: { kubeconfig },
          host,
          cluster,
        },
        { ...inside, dependsOn },
      );
    const crds = releases.glooMeshCrds && release("gloo-mesh-crds", releases.glooMeshCrds, []);
    // The agent crash-loops until it finds the first three, and looks for its kinds.
    const needed = [registration, rootCa, token.resource, ...(crds ? [crds] : [])];
    const agent = release("agent", releases.glooMeshAgent, needed);
    this.kinds = crds ?? agent;
    relayToken("relay-token-withdrawal", "withdraw", [agent]);

    this.bookinfo =
      cluster.bookinfo &&
      new Bookinfo(
        `${name}-bookinfo`,
        {
          cluster,
          kubeconfig,
          host,
          reviews: cluster.bookinfo.reviews,
          tag: config.versions.bookinfo,
          imageRegistry: config.imageRegistry,
          injection: [this.istio.istiod],
          proxies,
          values: config.values,
          timeoutSeconds,
        },
        // It was the lab's own child once.
        { ...allInside, aliases: [{ parent: opts?.parent }] as pulumi.Alias[] },
      );

    this.registerOutputs({ ingressUrl: this.istio.ingressUrl });
  }

  /** Gives the cluster's nodes their region and zone; what must wait for that is to wait for the result. */
  private localities(name: string, { config, cluster }: WorkloadClusterArgs): readonly pulumi.Resource[] {
    const { timeoutSeconds, renew } = config;
    if (!config.multiCluster) return [];
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
      { parent: this, ...this.vcluster.lifecycle },
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
