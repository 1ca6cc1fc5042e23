import * as pulumi from "@pulumi/pulumi";
import type { LabConfig } from "../config/read.ts";
import { mergeKubeconfigs } from "../values/kubeconfig.ts";
import { Host } from "./base/host.ts";
import { keptSet } from "./base/kept-set.ts";
import { Capabilities } from "./capabilities.ts";
import { ManagementCluster } from "./management-cluster.ts";
import { WorkloadCluster } from "./workload-cluster.ts";
import { Workspace } from "./workspace.ts";

/**
 * The lab: a management cluster, and workload clusters registered with it.
 *
 * No component below gives its arguments to the engine: a component is registered, and its children begin, when all that
 * it gives is known. A workload cluster would begin when the management server has its address.
 */
export class Lab extends pulumi.ComponentResource {
  /** One kubeconfig with a context per virtual cluster; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** URL of the ingress gateway of each workload cluster that has one. */
  readonly ingresses: pulumi.Output<Record<string, string>>;
  /** URL of Bookinfo's product page, by the workload cluster whose ingress gateway has a route to it. */
  readonly productPages: pulumi.Output<Record<string, string>>;

  constructor(name: string, config: LabConfig, opts?: pulumi.ComponentResourceOptions) {
    // The state is to know the set: a lab keeps it.
    const { versionSet } = config;
    const hooks = { beforeUpdate: [keptSet(name, versionSet)] };
    super("meshlab:lab:Lab", name, { versionSet }, pulumi.mergeOptions(opts, { hooks }));

    const host = new Host(
      `${name}-host`,
      {
        hostContext: config.hostContext,
        serviceCidr: config.serviceCidr,
        expose: config.expose,
        nodeAddress: config.nodeAddress,
        renew: config.renew,
        versionSet,
        versions: config.versions,
        anyHost: config.anyHost,
      },
      { parent: this },
    );
    const onHost = { parent: this, providers: [host.provider] };

    const management = new ManagementCluster(`${name}-${config.management.name}`, { config, host }, onHost);
    const workloads = config.workloads.map(
      (cluster) =>
        new WorkloadCluster(`${name}-${cluster.name}`, { config, cluster, host, management }, onHost),
    );

    const [first] = workloads;
    if (first !== undefined) {
      const { multiCluster, enabled } = config;
      new Workspace(
        `${name}-workspace`,
        { management, ingressCluster: first, multiCluster, enabled },
        { parent: this },
      );
      if (enabled.length > 0)
        new Capabilities(
          `${name}-capabilities`,
          { config, host, management, ingressCluster: first },
          { parent: this },
        );
    }

    const vclusters = [management, ...workloads].map(({ vcluster }) => vcluster);
    this.kubeconfig = pulumi.all(vclusters.map(({ kubeconfig }) => kubeconfig)).apply(mergeKubeconfigs);
    this.ingresses = urls(workloads, (url) => url);
    this.productPages = urls(
      // The one gateway and route that the lab makes.
      first?.bookinfo === undefined ? [] : [first],
      (url) => pulumi.interpolate`${url}/productpage`,
    );

    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      ingresses: this.ingresses,
      productPages: this.productPages,
    });
  }
}

/** A URL for each workload cluster that has an ingress gateway. */
function urls(
  workloads: readonly WorkloadCluster[],
  urlOf: (ingress: pulumi.Output<string>) => pulumi.Output<string>,
): pulumi.Output<Record<string, string>> {
  return pulumi.output(
    Object.fromEntries(
      workloads.flatMap(({ vcluster, istio: { ingressUrl } }) =>
        ingressUrl === undefined ? [] : [[vcluster.name, urlOf(ingressUrl)]],
      ),
    ),
  );
}
