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
import { glooResource } from "./base/gloo-resource.ts";
import type { Host } from "./base/host.ts";
import type { ManagementCluster } from "./management-cluster.ts";
import type { WorkloadCluster } from "./workload-cluster.ts";
import { AddOns } from "./add-ons.ts";
import { Capability } from "./capability.ts";
import { Keycloak } from "./keycloak.ts";

export interface CapabilitiesArgs {
  /** The lab's configuration. */
  readonly config: LabConfig;
  readonly host: Host;
  /** Where the lab's own identity provider runs. */
  readonly management: ManagementCluster;
  /** The cluster that holds the workspace's routes, on which policies are put. */
  readonly ingressCluster: WorkloadCluster;
}

/** What is tried out of Gloo Mesh: the capabilities that are turned on, and what several of them share. */
export class Capabilities extends pulumi.ComponentResource {
  constructor(name: string, args: CapabilitiesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:capability:Capabilities", name, {}, opts);
    const { config, host, ingressCluster } = args;
    const { vcluster, cluster, releases, kinds, istio, bookinfo } = ingressCluster;
    const ground = [kinds, ...(bookinfo === undefined ? [] : [bookinfo.namespace])];
    const inside = { parent: this, providers: [vcluster.provider], ...vcluster.lifecycle };
    const onGround = { parent: this, provider: vcluster.provider, ...vcluster.lifecycle, dependsOn: ground };

    const ingressUrl = istio.ingressUrl ?? pulumi.output("");
    const keycloak = needKeycloak(config.enabled) ? this.keycloak(name, args, ingressUrl) : undefined;
    const secret = keycloak?.clientSecret ?? config.oidcClientSecret;
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
              onGround,
            ),
          ];

    if (releases.glooMeshAddOns !== undefined)
      new AddOns(
        `${name}-add-ons`,
        {
          release: releases.glooMeshAddOns,
          settings: config,
          servers: neededAddOns(config.enabled),
          host,
          cluster,
          kubeconfig: vcluster.kubeconfig,
          kinds,
          injection: istio.istiod,
        },
        inside,
      );

    for (const route of meshRoutes(config.enabled, cluster.name))
      glooResource(`${name}-route-${route.metadata.name}`, route, onGround);

    const issuerUrl = keycloak?.issuerUrl ?? "";
    const { capabilities, workloads } = config;
    for (const on of enabledCapabilities(capabilities, topologyOf(workloads, { ingressUrl, issuerUrl })))
      new Capability(
        `${name}-${kebab(on.name)}`,
        { on, ground: [...ground, ...(on.name === "oidc" ? login : [])] },
        inside,
      );

    this.registerOutputs({});
  }

  private keycloak(name: string, args: CapabilitiesArgs, ingressUrl: pulumi.Output<string>): Keycloak {
    const { config, host } = args;
    const { vcluster } = args.management;
    return new Keycloak(
      `${name}-keycloak`,
      {
        cluster: config.management,
        kubeconfig: vcluster.kubeconfig,
        host,
        image: { tag: config.versions.keycloak, registry: config.imageRegistry },
        expose: config.expose,
        values: config.values,
        timeoutSeconds: config.timeoutSeconds,
        renew: config.renew,
        clientId: oidcClient,
        redirectUri: pulumi.interpolate`${ingressUrl}${callbackPath}`,
      },
      { parent: this, providers: [vcluster.provider], ...vcluster.lifecycle },
    );
  }
}
