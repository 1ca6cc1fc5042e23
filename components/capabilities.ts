import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LabConfig } from "../config/read.ts";
import {
  topologyOf,
  meshRoutes,
  neededAddOns,
  needKeycloak,
  enabledCapabilities,
} from "../capabilities/all.ts";
import { kebab } from "../capabilities/common/names.ts";
import { callbackPath, clientSecret, oidcClient } from "../capabilities/oidc.ts";
import { addOnsRelease } from "../plan/releases.ts";
import type { Bookinfo } from "./bookinfo.ts";
import type { GlooMeshMgmt } from "./gloo-mesh-mgmt.ts";
import { glooResource } from "./base/gloo-resource.ts";
import type { Host } from "./base/host.ts";
import type { VCluster } from "./vcluster.ts";
import type { WorkloadCluster } from "./workload-cluster.ts";
import { AddOns } from "./add-ons.ts";
import { Capability } from "./capability.ts";
import { Keycloak } from "./keycloak.ts";

export interface CapabilitiesArgs extends LabConfig {
  readonly host: Host;
  readonly mgmt: { readonly vcluster: VCluster; readonly glooMesh: GlooMeshMgmt };
  /** The first workload cluster, which holds the workspace's routes. */
  readonly home: {
    readonly cluster: string;
    readonly workload: WorkloadCluster;
    readonly bookinfo: Bookinfo | undefined;
  };
}

/** What is tried out of Gloo Mesh: the capabilities that are turned on, and what several of them share. */
export class Capabilities extends pulumi.ComponentResource {
  constructor(name: string, args: CapabilitiesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:capability:Capabilities", name, {}, opts);
    const { capabilities: chosen, workloads, home } = args;
    const { vcluster, agent, istio } = home.workload;
    const ground = [agent, ...(home.bookinfo === undefined ? [] : [home.bookinfo.namespace])];
    const inHome = { parent: this, providers: [vcluster.provider], ...vcluster.inside };
    const onHome = { parent: this, provider: vcluster.provider, ...vcluster.inside, dependsOn: ground };

    const ingressUrl = istio.ingressUrl ?? pulumi.output("");
    const needs = enabledCapabilities(chosen, topologyOf(workloads));
    const keycloak = needKeycloak(needs) ? this.keycloak(name, args, ingressUrl) : undefined;
    const secret = keycloak?.clientSecret ?? args.oidcClientSecret;
    const login =
      secret === undefined
        ? []
        : [
            new k8s.core.v1.Secret(
              `${name}-oidc-client`,
              {
                metadata: clientSecret.metadata,
                type: clientSecret.type,
                stringData: { [clientSecret.key]: secret },
              },
              onHome,
            ),
          ];

    const release = addOnsRelease(args);
    const [cluster] = workloads;
    if (release !== undefined && cluster !== undefined)
      new AddOns(
        `${name}-add-ons`,
        {
          ...args,
          release,
          servers: neededAddOns(needs),
          cluster,
          kubeconfig: vcluster.kubeconfig,
          chart: args.charts.glooMeshAgent,
          kinds: agent,
          injection: istio.istiod,
        },
        inHome,
      );

    for (const route of meshRoutes(needs, home.cluster))
      glooResource(`${name}-route-${route.metadata.name}`, route, onHome);

    const issuerUrl = keycloak?.issuerUrl ?? "";
    for (const on of enabledCapabilities(chosen, topologyOf(workloads, { ingressUrl, issuerUrl })))
      new Capability(
        `${name}-${kebab(on.name)}`,
        { on, ground: [...ground, ...(on.name === "oidc" ? login : [])] },
        inHome,
      );

    this.registerOutputs({});
  }

  private keycloak(name: string, args: CapabilitiesArgs, ingressUrl: pulumi.Output<string>): Keycloak {
    const { vcluster } = args.mgmt;
    return new Keycloak(
      `${name}-keycloak`,
      {
        ...args,
        cluster: args.management,
        kubeconfig: vcluster.kubeconfig,
        clientId: oidcClient,
        redirectUri: pulumi.interpolate`${ingressUrl}${callbackPath}`,
      },
      { parent: this, providers: [vcluster.provider], ...vcluster.inside },
    );
  }
}
