import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSources } from "../charts.ts";
import type { LabConfig, WorkloadConfig } from "../config.ts";
import { type ExposedService, endpointOf, exposedFields, httpUrl } from "../values/exposure.ts";
import {
  type Gateway,
  gatewayNamespace,
  gateways,
  gatewayValues,
  istioBuild,
  istiodValues,
} from "../values/istio.ts";
import type { Host } from "./host.ts";
import { helmRelease, type ReleaseArgs, type ReleaseSettings } from "./release.ts";
import { awaitValues, fieldsOf } from "./step.ts";

export interface IstioStackArgs
  extends
    ReleaseSettings,
    Pick<LabConfig, "expose" | "versions" | "istioImage" | "imageRegistry" | "multiCluster"> {
  /** The workload cluster; its name is that of its identity in the mesh, and of its trust domain. */
  readonly cluster: WorkloadConfig;
  /** Its kubeconfig; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly charts: ChartSources;
  readonly host: Host;
  /** What must be there before istiod looks at the cluster's nodes. */
  readonly localities: readonly pulumi.Resource[];
}

/**
 * Istio with the gateways that the cluster is to have.
 *
 * Its children need the provider of the workload cluster.
 */
export class IstioStack extends pulumi.ComponentResource {
  /** Pods that want a sidecar must not be created before this release is ready. */
  readonly istiod: k8s.helm.v3.Release;
  /** Namespace of the gateways. */
  readonly gatewayNamespace: k8s.core.v1.Namespace;
  /** URL of the ingress gateway, e.g. `http://203.0.113.7`; undefined if there is none. */
  readonly ingressUrl: pulumi.Output<string> | undefined;

  constructor(name: string, args: IstioStackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:istio:IstioStack", name, {}, opts);
    const {
      cluster,
      kubeconfig,
      charts,
      localities,
      expose,
      versions,
      istioImage,
      imageRegistry,
      multiCluster,
    } = args;
    const { resources } = cluster;

    const system = this.namespace(`${name}-system`, "istio-system");
    this.gatewayNamespace = this.namespace(`${name}-gateways`, gatewayNamespace);

    // Releases, not charts rendered by the engine: istiod changes its own webhooks, which must not show as drift.
    const release = (
      role: string,
      releaseArgs: Pick<ReleaseArgs, "kind" | "release" | "namespace" | "chart" | "own">,
      dependsOn: pulumi.Resource[],
    ): k8s.helm.v3.Release =>
      helmRelease(
        `${name}-${role}`,
        { ...args, ...releaseArgs, clusterValues: cluster.values, access: { kubeconfig } },
        { parent: this, dependsOn },
      );

    const base = release(
      "base",
      { kind: "istioBase", chart: charts.istioBase, release: "istio-base", namespace: system.metadata.name },
      [],
    );
    this.istiod = release(
      "istiod",
      {
        kind: "istiod",
        chart: charts.istiod,
        release: "istiod",
        namespace: system.metadata.name,
        own: istiodValues({
          cluster: cluster.name,
          build: istioBuild(versions.istio, istioImage, imageRegistry),
          multiCluster,
          resources: resources.istiod,
        }),
      },
      // Its EnvoyFilters are of kinds that base defines; and it takes the places of endpoints from nodes as they are.
      [base, ...localities],
    );

    const gateway = (kind: Gateway): k8s.helm.v3.Release | undefined => {
      const wanted = cluster[kind];
      if (wanted === false) return undefined;
      const { name: gatewayName } = gateways[kind];
      return release(
        gatewayName.replace("istio-", ""),
        {
          kind,
          chart: charts.gateway,
          release: gatewayName,
          namespace: this.gatewayNamespace.metadata.name,
          own: gatewayValues({
            gateway: kind,
            replicas: wanted.replicas,
            expose,
            resources: resources.gateways,
          }),
        },
        // Their pods have the image `auto`, which only istiod's webhook replaces, and only when they are created.
        [this.istiod],
      );
    };
    const ingress = gateway("ingress");
    gateway("eastWest");
    this.ingressUrl = ingress && this.urlOf(`${name}-ingress-address`, ingress, args);

    this.registerOutputs({ ingressUrl: this.ingressUrl });
  }

  private namespace(name: string, namespace: string): k8s.core.v1.Namespace {
    return new k8s.core.v1.Namespace(name, { metadata: { name: namespace } }, { parent: this });
  }

  private urlOf(
    name: string,
    ingress: pulumi.Resource,
    { cluster, kubeconfig, host, expose, timeoutSeconds }: IstioStackArgs,
  ): pulumi.Output<string> {
    const service = { kind: "Service", namespace: gatewayNamespace, name: gateways.ingress.name } as const;
    const found = awaitValues<ExposedService>(
      name,
      {
        cluster: cluster.name,
        kubeconfig,
        timeoutSeconds,
        values: fieldsOf(service, exposedFields[expose]),
      },
      { parent: this, dependsOn: [ingress] },
    );
    return pulumi
      .all([pulumi.unsecret(found), host.nodeOutside])
      .apply(([exposed, node]) => httpUrl(endpointOf(exposed, "http2", node)));
  }
}
