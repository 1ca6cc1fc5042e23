import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { TurnedOn } from "../capabilities/all.ts";
import { glooResource } from "./base/gloo-resource.ts";

export interface CapabilityArgs {
  /** The capability, and what it comes to. */
  readonly on: TurnedOn;
  /** What brings the kinds of its objects, and their namespaces. */
  readonly ground: readonly pulumi.Resource[];
}

/**
 * What one capability puts on the cluster that holds the routes.
 *
 * Its children need the provider of that cluster.
 */
export class Capability extends pulumi.ComponentResource {
  constructor(name: string, { on, ground }: CapabilityArgs, opts?: pulumi.ComponentResourceOptions) {
    // Each had a type of its own once.
    const type = `meshlab:capability:${on.name.charAt(0).toUpperCase()}${on.name.slice(1)}`;
    super("meshlab:capability:Capability", name, {}, pulumi.mergeOptions(opts, { aliases: [{ type }] }));

    const configMaps = Object.entries(on.configMaps ?? {}).map(
      ([role, { metadata, data }]) =>
        new k8s.core.v1.ConfigMap(
          `${name}-${role}`,
          { metadata, data },
          { parent: this, dependsOn: [...ground] },
        ),
    );
    for (const [role, object] of Object.entries(on.objects))
      glooResource(`${name}-${role}`, object, { parent: this, dependsOn: [...ground, ...configMaps] });

    this.registerOutputs({});
  }
}
