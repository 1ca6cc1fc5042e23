import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { WorkloadConfig } from "../config/read.ts";
import {
  type ExposedService,
  type Exposure,
  endpointOf,
  exposedFields,
  httpUrl,
} from "../values/exposure.ts";
import { istioNamespace, gatewayNamespace, gateways, httpPort } from "../values/istio.ts";
import type { Release } from "../plan/releases.ts";
import type { Host } from "./base/host.ts";
import { helmRelease, type ReleaseSettings } from "./base/release.ts";
import { awaitValues, fieldsOf } from "./base/step.ts";

export interface IstioStackArgs {
  /** The workload cluster; its name is that of its identity in the mesh, and of its trust domain. */
  readonly cluster: WorkloadConfig;
  /** Its kubeconfig; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly releases: {
    readonly istioBase: Release;
    readonly istiod: Release;
    /** Undefined where the cluster is to have no such gateway. */
    readonly ingress: Release | undefined;
    readonly eastWest: Release | undefined;
  };
  readonly settings: ReleaseSettings;
  readonly host: Host;
  /** How the ingress gateway is reached. */
  readonly expose: Exposure;
  /** What must be there before istiod looks at the cluster's nodes. */
  readonly localities: readonly pulumi.Resource[];
  /** How long the address of the ingress gateway may take, in seconds. */
  readonly timeoutSeconds: number;
  /** When it changes, that address is looked up again. */
  readonly renew: string;
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
    const { cluster, kubeconfig, releases, settings, host, localities } = args;

    const system = this.namespace(`${name}-system`, istioNamespace);
    this.gatewayNamespace = this.namespace(`${name}-gateways`, gatewayNamespace);

    // Releases, not charts rendered by the engine: istiod changes its own webhooks, which must not show as drift.
    const release = (
      own: Release,
      { metadata }: k8s.core.v1.Namespace,
      dependsOn: pulumi.Resource[],
    ): k8s.helm.v3.Release =>
      helmRelease(
        `${name}-${own.release.replace("istio-", "")}`,
        { release: own, settings, namespace: metadata.name, access: { kubeconfig }, host, cluster },
        { parent: this, dependsOn },
      );

    const base = release(releases.istioBase, system, []);
    // Its EnvoyFilters are of kinds that base defines; and it takes the places of endpoints from nodes as they are.
    this.istiod = release(releases.istiod, system, [base, ...localities]);

    // Their pods have the image `auto`, which only istiod's webhook replaces, and only when they are created.
    const gateway = (own: Release | undefined): k8s.helm.v3.Release | undefined =>
      own && release(own, this.gatewayNamespace, [this.istiod]);
    const ingress = gateway(releases.ingress);
    gateway(releases.eastWest);
    this.ingressUrl = ingress && this.urlOf(`${name}-ingress-address`, ingress, args);

    this.registerOutputs({ ingressUrl: this.ingressUrl });
  }

  private namespace(name: string, namespace: string): k8s.core.v1.Namespace {
    return new k8s.core.v1.Namespace(name, { metadata: { name: namespace } }, { parent: this });
  }

  private urlOf(name: string, ingress: pulumi.Resource, args: IstioStackArgs): pulumi.Output<string> {
    const { cluster, kubeconfig, releases, host, expose, timeoutSeconds, renew } = args;
    const service = { kind: "Service", namespace: gatewayNamespace, name: gateways.ingress.name } as const;
    const found = awaitValues<ExposedService>(
      name,
      {
        cluster: cluster.name,
        kubeconfig,
        timeoutSeconds,
        renew,
        values: fieldsOf(service, exposedFields[expose]),
        madeOf: releases.ingress?.values["service"],
      },
      { parent: this, dependsOn: [ingress] },
    );
    return pulumi
      .all([pulumi.unsecret(found), host.nodeOutside])
      .apply(([exposed, node]) => httpUrl(endpointOf(exposed, httpPort, node)));
  }
}
