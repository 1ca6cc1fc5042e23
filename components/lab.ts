import * as pulumi from "@pulumi/pulumi";
import type { LabConfig, WorkloadConfig } from "../config/read.ts";
import { topologyOf, enabledCapabilities, workspaceOptions } from "../capabilities/all.ts";
import { workspaceName } from "../values/gloo-resources.ts";
import { mergeKubeconfigs } from "../values/kubeconfig.ts";
import { ingressPort } from "../plan/releases.ts";
import { Bookinfo } from "./bookinfo.ts";
import { Capabilities } from "./capabilities.ts";
import { GlooMeshMgmt } from "./gloo-mesh-mgmt.ts";
import { Host } from "./base/host.ts";
import { VCluster } from "./vcluster.ts";
import { WorkloadCluster } from "./workload-cluster.ts";
import { Workspace } from "./workspace.ts";

/** A workload cluster and what runs on it. */
interface Workload {
  readonly cluster: string;
  readonly workload: WorkloadCluster;
  readonly bookinfo: Bookinfo | undefined;
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
  /** URL of the ingress gateway of each workload cluster that has one. */
  readonly ingresses: pulumi.Output<Record<string, string>>;
  /** URL of Bookinfo's product page, by the workload cluster whose ingress gateway has a route to it. */
  readonly productPages: pulumi.Output<Record<string, string>>;

  constructor(name: string, config: LabConfig, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:lab:Lab", name, {}, opts);
    const { management, charts, multiCluster } = config;

    const host = new Host(`${name}-host`, config, { parent: this });
    const onHost = { parent: this, providers: [host.provider] };

    const vcluster = new VCluster(
      `${name}-${management.name}-vcluster`,
      { ...config, cluster: management, chart: charts.vcluster, host },
      onHost,
    );
    const glooMesh = new GlooMeshMgmt(
      `${name}-${management.name}-gloo-mesh`,
      {
        ...config,
        cluster: management,
        kubeconfig: vcluster.kubeconfig,
        chart: charts.glooMeshEnterprise,
        host,
      },
      { parent: this, providers: [vcluster.provider], ...vcluster.inside },
    );
    const mgmt = { vcluster, glooMesh };

    const workloads = config.workloads.map((cluster): Workload => {
      const workload = new WorkloadCluster(
        `${name}-${cluster.name}`,
        { ...config, cluster, host, mgmt },
        onHost,
      );
      const bookinfo = this.bookinfo(name, config, cluster, workload, host);
      return { cluster: cluster.name, workload, bookinfo };
    });

    const [home] = workloads;
    const [first] = config.workloads;
    if (home !== undefined && first !== undefined) {
      const on = enabledCapabilities(config.capabilities, topologyOf(config.workloads));
      const options = workspaceOptions(on);
      new Workspace(
        `${name}-workspace`,
        {
          workspace: workspaceName,
          mgmt,
          home,
          ingressPort: ingressPort(config, first),
          multiCluster,
          options,
        },
        { parent: this },
      );
      if (on.length > 0)
        new Capabilities(`${name}-capabilities`, { ...config, host, mgmt, home }, { parent: this });
    }

    this.kubeconfig = pulumi
      .all(
        [vcluster, ...workloads.map(({ workload }) => workload.vcluster)].map(({ kubeconfig }) => kubeconfig),
      )
      .apply(mergeKubeconfigs);
    this.ingresses = urls(workloads, (url) => url);
    this.productPages = urls(
      // The one gateway and route that the lab makes.
      home?.bookinfo === undefined ? [] : [home],
      (url) => pulumi.interpolate`${url}/productpage`,
    );

    this.registerOutputs({
      kubeconfig: this.kubeconfig,
      ingresses: this.ingresses,
      productPages: this.productPages,
    });
  }

  private bookinfo(
    name: string,
    config: LabConfig,
    cluster: WorkloadConfig,
    { vcluster, istio }: WorkloadCluster,
    host: Host,
  ): Bookinfo | undefined {
    if (cluster.bookinfo === undefined) return undefined;
    const { reviews } = cluster.bookinfo;
    return new Bookinfo(
      `${name}-${cluster.name}-bookinfo`,
      {
        ...config,
        cluster,
        kubeconfig: vcluster.kubeconfig,
        host,
        reviews,
        tag: config.versions.bookinfo,
        injection: [istio.istiod],
        proxies: istio.proxies,
      },
      { parent: this, providers: [vcluster.provider], ...vcluster.inside },
    );
  }
}

/** A URL for each workload cluster that has an ingress gateway. */
function urls(
  workloads: readonly Workload[],
  urlOf: (ingress: pulumi.Output<string>) => pulumi.Output<string>,
): pulumi.Output<Record<string, string>> {
  return pulumi.output(
    Object.fromEntries(
      workloads.flatMap(({ cluster, workload }) => {
        const { ingressUrl } = workload.istio;
        return ingressUrl === undefined ? [] : [[cluster, urlOf(ingressUrl)]];
      }),
    ),
  );
}
