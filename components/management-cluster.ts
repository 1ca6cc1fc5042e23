import * as pulumi from "@pulumi/pulumi";
import type { LabConfig } from "../config/read.ts";
import { managementReleases } from "../plan/releases.ts";
import type { Host } from "./base/host.ts";
import { GlooMeshMgmt } from "./gloo-mesh-mgmt.ts";
import { VCluster, vclusterArgs } from "./vcluster.ts";

export interface ManagementClusterArgs {
  /** The lab's configuration; the cluster is its `management`. */
  readonly config: LabConfig;
  readonly host: Host;
}

/**
 * A virtual cluster with Gloo Mesh's management plane, with which workload clusters register.
 *
 * Needs the provider of the host; everything inside uses the cluster's own.
 */
export class ManagementCluster extends pulumi.ComponentResource {
  readonly vcluster: VCluster;
  readonly glooMesh: GlooMeshMgmt;

  constructor(name: string, args: ManagementClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:ManagementCluster", name, {}, opts);
    const { config, host } = args;
    const { management: cluster, expose, timeoutSeconds, renew, licenseKey } = config;
    const releases = managementReleases(config, { serviceCidr: host.serviceCidr, licenseKey });
    // They were the lab's own children once.
    const aliases = [{ parent: opts?.parent }] as pulumi.Alias[];

    this.vcluster = new VCluster(
      `${name}-vcluster`,
      vclusterArgs(config, { cluster, release: releases.vcluster, host }),
      { parent: this, aliases },
    );

    const { provider, lifecycle, kubeconfig } = this.vcluster;
    this.glooMesh = new GlooMeshMgmt(
      `${name}-gloo-mesh`,
      {
        cluster,
        kubeconfig,
        releases,
        settings: config,
        host,
        expose,
        timeoutSeconds,
        renew,
      },
      { parent: this, providers: [provider], ...lifecycle, aliases },
    );

    this.registerOutputs({ relayAddress: this.glooMesh.relay.address });
  }
}
