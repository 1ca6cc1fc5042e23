import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { WorkloadConfig } from "../config/read.ts";
import { serverSettings } from "../capabilities/common/servers.ts";
import { type AddOn, addOnsNamespace } from "../values/gloo-mesh.ts";
import type { Release } from "../plan/releases.ts";
import { glooResource } from "./base/gloo-resource.ts";
import type { Host } from "./base/host.ts";
import { helmRelease, type ReleaseSettings } from "./base/release.ts";

export interface AddOnsArgs {
  /** Their release, of the chart that the agent is of, too. */
  readonly release: Release;
  readonly settings: ReleaseSettings;
  /** The servers in it, by the names of their Services. */
  readonly servers: readonly AddOn[];
  readonly host: Host;
  /** The cluster that they run on. */
  readonly cluster: WorkloadConfig;
  /** Its kubeconfig; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** What brings the kinds of their settings. */
  readonly kinds: pulumi.Resource;
  /** What must be ready before a pod is created, so that it gets its sidecar. */
  readonly injection: pulumi.Resource;
}

/**
 * Servers that proxies ask about requests, with what tells policies where they are.
 *
 * Its children need the provider of the workload cluster.
 */
export class AddOns extends pulumi.ComponentResource {
  constructor(name: string, args: AddOnsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:AddOns", name, {}, opts);
    const { release, settings, servers, host, cluster, kubeconfig, kinds, injection } = args;

    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: addOnsNamespace, labels: { "istio-injection": "enabled" } } },
      { parent: this },
    );

    helmRelease(
      `${name}-release`,
      { release, settings, namespace: namespace.metadata.name, access: { kubeconfig }, host, cluster },
      // Where its chart has kinds, they are the agent's, too, and must not be made twice at a time.
      { parent: this, dependsOn: [kinds, injection] },
    );

    for (const server of servers)
      glooResource(`${name}-${server}`, serverSettings(server, cluster.name), {
        parent: this,
        dependsOn: [kinds, namespace],
      });

    this.registerOutputs({});
  }
}
