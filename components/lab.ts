import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LabConfig } from "../config.ts";
import { mergeKubeconfigs } from "../values/kubeconfig.ts";
import { Bookinfo } from "./bookinfo.ts";
import { GlooMeshMgmt } from "./gloo-mesh-mgmt.ts";
import { VCluster } from "./vcluster.ts";
import { WorkloadCluster } from "./workload-cluster.ts";
import { Workspace } from "./workspace.ts";

export interface LabArgs {
  readonly config: LabConfig;
  /** Provider of the host cluster. */
  readonly host: k8s.Provider;
}

/**
 * The lab: a management cluster, and workload clusters registered with it.
 *
 * No component of the lab gives its arguments to the engine: a component is registered, and its children begin, when
 * all that it gives is known. A workload cluster would begin when the management server has its address.
 */
export class Lab extends pulumi.ComponentResource {
  /** One kubeconfig with a context per virtual cluster; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** URL of Bookinfo's product page behind the ingress gateway of each workload cluster that runs it. */
  readonly productPages: pulumi.Output<Record<string, string>>;

  constructor(name: string, { config, host }: LabArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:lab:Lab", name, {}, pulumi.mergeOptions(opts, { providers: [host] }));
    const { management, charts, timeoutSeconds, hostContext, serviceCidr } = config;

    const vcluster = new VCluster(
      `${name}-${management}-vcluster`,
      { cluster: management, chart: charts.vcluster, hostContext, serviceCidr, timeoutSeconds },
      { parent: this },
    );
    const glooMesh = new GlooMeshMgmt(
      `${name}-${management}-gloo-mesh`,
      {
        cluster: management,
        kubeconfig: vcluster.kubeconfig,
        chart: charts.glooMeshEnterprise,
        licenseKey: config.licenseKey,
        timeoutSeconds,
      },
      { parent: this, providers: [vcluster.provider], deletedWith: vcluster.namespace },
    );
    const mgmt = { vcluster, glooMesh };

    const workloads = config.workloads.map(({ name: cluster, ingress, eastWest, bookinfo }) => {
      const workload = new WorkloadCluster(
        `${name}-${cluster}`,
        {
          cluster,
          charts,
          hostContext,
          serviceCidr,
          timeoutSeconds,
          mgmt,
          replicas: {
            "istio-ingressgateway": ingress.replicas,
            "istio-eastwestgateway": eastWest.replicas,
          },
        },
        { parent: this },
      );
      const inside = {
        parent: this,
        providers: [workload.vcluster.provider],
        deletedWith: workload.vcluster.namespace,
      };
      return {
        cluster,
        workload,
        bookinfo:
          bookinfo &&
          new Bookinfo(
            `${name}-${cluster}-bookinfo`,
            { reviews: bookinfo.reviews, injection: [workload.istio.istiod], timeoutSeconds },
            inside,
          ),
      };
    });

    const [home] = workloads;
    if (home !== undefined) {
      new Workspace(`${name}-workspace`, { workspace: "developers", mgmt, home }, { parent: this });
    }

    this.kubeconfig = pulumi
      .all(
        [vcluster, ...workloads.map(({ workload }) => workload.vcluster)].map(({ kubeconfig }) => kubeconfig),
      )
      .apply(mergeKubeconfigs);
    this.productPages = pulumi.output(
      Object.fromEntries(
        workloads.flatMap(({ cluster, workload, bookinfo }) =>
          bookinfo === undefined
            ? []
            : [[cluster, pulumi.interpolate`http://${workload.istio.ingressAddress}/productpage`]],
        ),
      ),
    );

    this.registerOutputs({ kubeconfig: this.kubeconfig, productPages: this.productPages });
  }
}
