import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/**
 * A provider with these inputs and no others.
 *
 * The SDK adds what it finds in $KUBECONFIG and $PULUMI_K8S_*, which are of one machine and one run: in the state, they
 * would change with each, and lead a later destroy to a file that is elsewhere. The plugin reads them by itself.
 */
export const kubernetesProvider = (
  name: string,
  args: k8s.ProviderArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.Provider =>
  new k8s.Provider(name, args, {
    ...opts,
    transformations: [
      ({ props, opts: given }) => ({
        props: Object.fromEntries(Object.entries(props).filter(([key]) => key in args)),
        opts: given,
      }),
    ],
  });
