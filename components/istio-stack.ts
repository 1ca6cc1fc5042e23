import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource, ChartSources } from "../versions/charts.ts";
import type { LabConfig, WorkloadConfig } from "../config/read.ts";
import { type ExposedService, endpointOf, exposedFields, httpUrl } from "../values/exposure.ts";
import { istioNamespace, type Gateway, gatewayNamespace, gateways, httpPort } from "../values/istio.ts";
import {
  gatewayRelease,
  proxiesOf,
  istioBaseRelease,
  istiodRelease,
  type OwnRelease,
  valuesOf,
} from "../plan/releases.ts";
import type { Host } from "./base/host.ts";
import { helmRelease, type ReleaseSettings } from "./base/release.ts";
import { awaitValues, fieldsOf } from "./base/step.ts";

export interface IstioStackArgs
  extends
    ReleaseSettings,
    Pick<LabConfig, "expose" | "versions" | "istioImage" | "imageRegistry" | "multiCluster" | "renew"> {
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
  /** What proxies in pods are made of, as a text that differs where it does: the pods are made again then. */
  readonly proxies: pulumi.Output<string>;
  /** Namespace of the gateways. */
  readonly gatewayNamespace: k8s.core.v1.Namespace;
  /** URL of the ingress gateway, e.g. `http://203.0.113.7`; undefined if there is none. */
  readonly ingressUrl: pulumi.Output<string> | undefined;

  constructor(name: string, args: IstioStackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:istio:IstioStack", name, {}, opts);
    const { cluster, kubeconfig, charts, localities } = args;

    const system = this.namespace(`${name}-system`, istioNamespace);
    this.gatewayNamespace = this.namespace(`${name}-gateways`, gatewayNamespace);

    // Releases, not charts rendered by the engine: istiod changes its own webhooks, which must not show as drift.
    const release = (
      own: OwnRelease,
      chart: ChartSource,
      { metadata }: k8s.core.v1.Namespace,
      dependsOn: pulumi.Resource[],
    ): k8s.helm.v3.Release =>
      helmRelease(
        `${name}-${own.release.replace("istio-", "")}`,
        {
          ...args,
          ...own,
          chart,
          namespace: metadata.name,
          clusterValues: cluster.values,
          access: { kubeconfig },
        },
        { parent: this, dependsOn },
      );

    const proxies = proxiesOf(args, cluster);
    const isSecret = args.secretValues && args.values.istiod !== undefined;
    this.proxies = isSecret ? pulumi.secret(proxies) : pulumi.output(proxies);
    const base = release(istioBaseRelease, charts.istioBase, system, []);
    // Its EnvoyFilters are of kinds that base defines; and it takes the places of endpoints from nodes as they are.
    this.istiod = release(istiodRelease(args, cluster), charts.istiod, system, [base, ...localities]);

    const gateway = (kind: Gateway): k8s.helm.v3.Release | undefined => {
      const own = gatewayRelease(args, cluster, kind, this.proxies);
      // Their pods have the image `auto`, which only istiod's webhook replaces, and only when they are created.
      return own && release(own, charts.gateway, this.gatewayNamespace, [this.istiod]);
    };
    const ingress = gateway("ingress");
    gateway("eastWest");
    this.ingressUrl = ingress && this.urlOf(`${name}-ingress-address`, ingress, args);

    this.registerOutputs({ ingressUrl: this.ingressUrl });
  }

  private namespace(name: string, namespace: string): k8s.core.v1.Namespace {
    return new k8s.core.v1.Namespace(name, { metadata: { name: namespace } }, { parent: this });
  }

  private urlOf(name: string, ingress: pulumi.Resource, args: IstioStackArgs): pulumi.Output<string> {
    const { cluster, kubeconfig, host, expose, timeoutSeconds, renew } = args;
    const service = { kind: "Service", namespace: gatewayNamespace, name: gateways.ingress.name } as const;
    const own = gatewayRelease(args, cluster, "ingress", "");
    const found = awaitValues<ExposedService>(
      name,
      {
        cluster: cluster.name,
        kubeconfig,
        timeoutSeconds,
        renew,
        values: fieldsOf(service, exposedFields[expose]),
        madeOf: own && valuesOf(own, args.values, cluster.values)["service"],
      },
      { parent: this, dependsOn: [ingress] },
    );
    return pulumi
      .all([pulumi.unsecret(found), host.nodeOutside])
      .apply(([exposed, node]) => httpUrl(endpointOf(exposed, httpPort, node)));
  }
}
