import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { GlooResource } from "../../values/gloo-resources.ts";

/** Declares a Gloo Mesh resource; its kind must be there already, so `opts` depends on the release that brings it. */
export function glooResource(
  name: string,
  { apiVersion, kind, metadata, spec }: GlooResource,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.CustomResource {
  return new k8s.apiextensions.CustomResource(name, { apiVersion, kind, metadata, spec }, opts);
}
