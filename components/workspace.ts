import * as pulumi from "@pulumi/pulumi";
import { bookinfoPort } from "../values/bookinfo.ts";
import { routeTable, virtualGateway, workspace, workspaceSettings } from "../values/gloo-resources.ts";
import type { Bookinfo } from "./bookinfo.ts";
import type { GlooMeshMgmt } from "./gloo-mesh-mgmt.ts";
import { glooResource } from "./gloo-resource.ts";
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
    /** Where the routes lead; without it the workspace has settings and no routes. */
    readonly bookinfo: Bookinfo | undefined;
  };
}

/** One Gloo Mesh workspace over the whole lab, its settings, and the way in to Bookinfo. */
export class Workspace extends pulumi.ComponentResource {
  constructor(name: string, args: WorkspaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:Workspace", name, {}, opts);
    const { mgmt, home } = args;
    const { vcluster, agent, istio } = home.workload;

    // On both sides the kinds come with a release.
    const onMgmt = {
      parent: this,
      provider: mgmt.vcluster.provider,
      deletedWith: mgmt.vcluster.namespace,
      dependsOn: [mgmt.glooMesh.release],
    };
    const onHome = {
      parent: this,
      provider: vcluster.provider,
      deletedWith: vcluster.namespace,
      dependsOn: [agent],
    };

    glooResource(`${name}-workspace`, workspace(args.workspace), onMgmt);
    glooResource(`${name}-settings`, workspaceSettings(args.workspace), onHome);

    if (home.bookinfo !== undefined) {
      const gateway = { name: "north-south-gw", namespace: "istio-gateways", cluster: home.cluster };
      const productpage = { service: "productpage", namespace: "bookinfo", port: bookinfoPort, gateway };
      glooResource(`${name}-gateway`, virtualGateway(gateway.name, gateway.namespace, gateway.cluster), {
        ...onHome,
        dependsOn: [agent, istio.gatewayNamespace],
      });
      glooResource(`${name}-productpage`, routeTable(productpage), {
        ...onHome,
        dependsOn: [agent, home.bookinfo.namespace],
      });
    }

    this.registerOutputs({});
  }
}
