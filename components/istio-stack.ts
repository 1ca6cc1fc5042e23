import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../charts.ts";
import { type GatewayName, gatewayValues, istiodValues } from "../values/istio.ts";
import { type LoadBalancerIngress, loadBalancerAddress } from "../values/load-balancer.ts";
import { awaitValues } from "./step.ts";

export interface IstioStackArgs {
  /** Name of the workload cluster: of its mesh network identity and its trust domain. */
  readonly cluster: string;
  /** Kubeconfig of the workload cluster; secret. */
  readonly kubeconfig: pulumi.Input<string>;
  readonly charts: {
    readonly istioBase: ChartSource;
    readonly istiod: ChartSource;
    readonly gateway: ChartSource;
  };
  /** Pods of each gateway. */
  readonly replicas: Readonly<Record<GatewayName, number>>;
  /** How long each release may take, in seconds. */
  readonly timeoutSeconds: number;
}

/**
 * Istio with an ingress and an east-west gateway.
 *
 * Its children need the provider of the workload cluster.
 */
export class IstioStack extends pulumi.ComponentResource {
  /** Pods that want a sidecar must not be created before this release is ready. */
  readonly istiod: k8s.helm.v3.Release;
  /** Namespace of both gateways. */
  readonly gatewayNamespace: k8s.core.v1.Namespace;
  /** IP address or host name of the ingress gateway. */
  readonly ingressAddress: pulumi.Output<string>;

  constructor(name: string, args: IstioStackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:istio:IstioStack", name, {}, opts);
    const { cluster, kubeconfig, charts, replicas, timeoutSeconds } = args;

    const system = this.namespace(`${name}-system`, "istio-system");
    this.gatewayNamespace = this.namespace(`${name}-gateways`, "istio-gateways");

    // Releases, not charts rendered by the engine: istiod changes its own webhooks, which must not show as drift.
    const release = (
      role: string,
      releaseArgs: k8s.helm.v3.ReleaseArgs,
      dependsOn: pulumi.Resource[],
    ): k8s.helm.v3.Release =>
      new k8s.helm.v3.Release(
        `${name}-${role}`,
        { timeout: timeoutSeconds, ...releaseArgs },
        { parent: this, dependsOn, deleteBeforeReplace: true },
      );

    const base = release(
      "base",
      { ...charts.istioBase, name: "istio-base", namespace: system.metadata.name },
      [],
    );
    this.istiod = release(
      "istiod",
      {
        ...charts.istiod,
        name: "istiod",
        namespace: system.metadata.name,
        values: istiodValues(cluster),
      },
      // Its EnvoyFilters are of kinds that base defines.
      [base],
    );

    const gateway = (role: string, gatewayName: GatewayName): k8s.helm.v3.Release =>
      release(
        role,
        {
          ...charts.gateway,
          name: gatewayName,
          namespace: this.gatewayNamespace.metadata.name,
          values: gatewayValues({ name: gatewayName, replicas: replicas[gatewayName] }),
        },
        // Their pods have the image `auto`, which only istiod's webhook replaces, and only when they are created.
        [this.istiod],
      );
    const ingress = gateway("ingressgateway", "istio-ingressgateway");
    gateway("eastwestgateway", "istio-eastwestgateway");

    const found = awaitValues<{ ingress: LoadBalancerIngress }>(
      `${name}-ingress-address`,
      {
        cluster,
        kubeconfig,
        timeoutSeconds,
        values: {
          ingress: {
            kind: "Service",
            namespace: "istio-gateways",
            name: "istio-ingressgateway",
            field: ["status", "loadBalancer", "ingress", 0],
          },
        },
      },
      { parent: this, dependsOn: [ingress] },
    );
    this.ingressAddress = pulumi.unsecret(found.ingress).apply(loadBalancerAddress);

    this.registerOutputs({ ingressAddress: this.ingressAddress });
  }

  private namespace(name: string, namespace: string): k8s.core.v1.Namespace {
    return new k8s.core.v1.Namespace(name, { metadata: { name: namespace } }, { parent: this });
  }
}
