import * as pulumi from "@pulumi/pulumi";
import { bookinfoNamespace, bookinfoPort } from "../values/bookinfo.ts";
import {
  globalSettings,
  northSouthGateway,
  rootTrustPolicy,
  routeTable,
  virtualGateway,
  workspace,
  workspaceName,
  workspaceSettings,
} from "../values/gloo-resources.ts";
import { type TurnedOn, workspaceOptions } from "../capabilities/all.ts";
import { glooResource } from "./base/gloo-resource.ts";
import { ingressPort } from "../plan/releases.ts";
import type { ManagementCluster } from "./management-cluster.ts";
import type { WorkloadCluster } from "./workload-cluster.ts";

export interface WorkspaceArgs {
  readonly management: ManagementCluster;
  /**
   * The cluster that holds the workspace's settings and routes, and whose ingress gateway they use. Without Bookinfo or
   * without that gateway the workspace has settings and no routes.
   */
  readonly ingressCluster: WorkloadCluster;
  /** Whether services are to be reached across clusters. */
  readonly multiCluster: boolean;
  /** The capabilities that are on; some change the workspace's settings. */
  readonly enabled: readonly TurnedOn[];
}

/** One Gloo Mesh workspace over the whole lab, its settings, and the way in to Bookinfo. */
export class Workspace extends pulumi.ComponentResource {
  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:Workspace", name, {}, opts);
    const { management, ingressCluster, multiCluster, enabled } = args;
    const { vcluster, kinds, istio, bookinfo, releases } = ingressCluster;

    // On both sides the kinds come with a release.
    const onManagement = {
      parent: this,
      provider: management.vcluster.provider,
      ...management.vcluster.lifecycle,
      dependsOn: [management.glooMesh.kinds],
    };
    const onIngress = {
      parent: this,
      provider: vcluster.provider,
      ...vcluster.lifecycle,
      dependsOn: [kinds],
    };

    glooResource(`${name}-workspace`, workspace(workspaceName), onManagement);
    if (multiCluster) {
      glooResource(`${name}-root-trust`, rootTrustPolicy(), onManagement);
      glooResource(`${name}-global`, globalSettings(), onManagement);
    }
    glooResource(`${name}-settings`, workspaceSettings(workspaceName, workspaceOptions(enabled)), onIngress);

    if (bookinfo !== undefined && releases.ingress !== undefined) {
      const gateway = northSouthGateway(vcluster.name);
      const productpage = {
        service: "productpage",
        namespace: bookinfoNamespace,
        port: bookinfoPort,
        gateway,
      };
      glooResource(
        `${name}-gateway`,
        virtualGateway(gateway.name, gateway.namespace, gateway.cluster, ingressPort(releases.ingress)),
        {
          ...onIngress,
          dependsOn: [kinds, istio.gatewayNamespace],
        },
      );
      glooResource(`${name}-productpage`, routeTable(productpage), {
        ...onIngress,
        dependsOn: [kinds, bookinfo.namespace],
      });
    }

    this.registerOutputs({});
  }
}
