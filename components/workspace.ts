import * as pulumi from "@pulumi/pulumi";
import { bookinfoNamespace, bookinfoPort } from "../values/bookinfo.ts";
import {
  globalSettings,
  northSouthGateway,
  rootTrustPolicy,
  routeTable,
  virtualGateway,
  workspace,
  type WorkspaceOptions,
  workspaceSettings,
} from "../values/gloo-resources.ts";
import type { Bookinfo } from "./bookinfo.ts";
import type { GlooMeshMgmt } from "./gloo-mesh-mgmt.ts";
import { glooResource } from "./base/gloo-resource.ts";
import type { VCluster } from "./vcluster.ts";
import type { WorkloadCluster } from "./workload-cluster.ts";

export interface WorkspaceArgs {
  /** Name of the workspace and of its settings. */
  readonly workspace: string;
  readonly mgmt: { readonly vcluster: VCluster; readonly glooMesh: GlooMeshMgmt };
  /** The cluster that holds the workspace's settings and routes, and whose ingress gateway they use. */
  readonly home: {
    readonly cluster: string;
    readonly workload: WorkloadCluster;
    /** Where the routes lead; without it, or without an ingress gateway, the workspace has settings and no routes. */
    readonly bookinfo: Bookinfo | undefined;
  };
  /** Port of that gateway's Service that requests come in by. */
  readonly ingressPort: number;
  /** Whether services are to be reached across clusters. */
  readonly multiCluster: boolean;
  /** What capabilities change of the workspace's settings. */
  readonly options: WorkspaceOptions;
}

/** One Gloo Mesh workspace over the whole lab, its settings, and the way in to Bookinfo. */
export class Workspace extends pulumi.ComponentResource {
  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:Workspace", name, {}, opts);
    const { mgmt, home, multiCluster, options } = args;
    const { vcluster, agent, istio } = home.workload;

    // On both sides the kinds come with a release.
    const onMgmt = {
      parent: this,
      provider: mgmt.vcluster.provider,
      ...mgmt.vcluster.inside,
      dependsOn: [mgmt.glooMesh.release],
    };
    const onHome = {
      parent: this,
      provider: vcluster.provider,
      ...vcluster.inside,
      dependsOn: [agent],
    };

    glooResource(`${name}-workspace`, workspace(args.workspace), onMgmt);
    if (multiCluster) {
      glooResource(`${name}-root-trust`, rootTrustPolicy(), onMgmt);
      glooResource(`${name}-global`, globalSettings(), onMgmt);
    }
    glooResource(`${name}-settings`, workspaceSettings(args.workspace, options), onHome);

    if (home.bookinfo !== undefined && istio.ingressUrl !== undefined) {
      const gateway = northSouthGateway(home.cluster);
      const productpage = {
        service: "productpage",
        namespace: bookinfoNamespace,
        port: bookinfoPort,
        gateway,
      };
      glooResource(
        `${name}-gateway`,
        virtualGateway(gateway.name, gateway.namespace, gateway.cluster, args.ingressPort),
        {
          ...onHome,
          dependsOn: [agent, istio.gatewayNamespace],
        },
      );
      glooResource(`${name}-productpage`, routeTable(productpage), {
        ...onHome,
        dependsOn: [agent, home.bookinfo.namespace],
      });
    }

    this.registerOutputs({});
  }
}
