import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ChartSource } from "../charts.ts";
import { glooMeshMgmtValues } from "../values/gloo-mesh.ts";
import { glooMeshNamespace } from "../values/gloo-resources.ts";
import { type LoadBalancerIngress, loadBalancerAddress } from "../values/load-balancer.ts";
import { awaitValues } from "./step.ts";

export interface GlooMeshMgmtArgs {
  /** Name of the management cluster. */
  readonly cluster: string;
  /** Kubeconfig of the management cluster; secret. */
  readonly kubeconfig: pulumi.Input<string>;
  readonly chart: ChartSource;
  /** Solo.io license key; secret. */
  readonly licenseKey: pulumi.Input<string>;
  /** How long the release may take, in seconds. */
  readonly timeoutSeconds: number;
}

/** What an agent needs to register with the management server. */
export interface Relay {
  /** `HOST:PORT` of the relay. */
  readonly address: pulumi.Output<string>;
  /** Certificate of the relay's root, base64 of PEM, without its key. */
  readonly rootCa: pulumi.Output<string>;
  /** Bootstrap token; secret. */
  readonly token: pulumi.Output<string>;
}

/**
 * Gloo Mesh's management plane: management server with its relay, Redis, UI and Prometheus.
 *
 * Its children need the provider of the management cluster.
 */
export class GlooMeshMgmt extends pulumi.ComponentResource {
  /** The release; the kinds of `admin.gloo.solo.io` exist on the management cluster once it is there. */
  readonly release: k8s.helm.v3.Release;
  readonly relay: Relay;

  constructor(name: string, args: GlooMeshMgmtArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:GlooMeshMgmt", name, {}, opts);
    const { cluster, kubeconfig, chart, licenseKey, timeoutSeconds } = args;

    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: glooMeshNamespace } },
      { parent: this },
    );

    const token = new random.RandomPassword(
      `${name}-relay-token`,
      { length: 32, special: false },
      { parent: this },
    );
    const tokenSecret = new k8s.core.v1.Secret(
      `${name}-relay-token-secret`,
      {
        metadata: { name: "relay-identity-token-secret", namespace: namespace.metadata.name },
        stringData: { token: token.result },
      },
      { parent: this },
    );

    this.release = new k8s.helm.v3.Release(
      `${name}-release`,
      {
        ...chart,
        name: "gloo-mesh-enterprise",
        namespace: namespace.metadata.name,
        values: glooMeshMgmtValues({ cluster, licenseKey }),
        timeout: timeoutSeconds,
      },
      // The management server reads the token when it starts.
      { parent: this, dependsOn: [tokenSecret], deleteBeforeReplace: true },
    );

    const server = { kind: "Service", namespace: glooMeshNamespace, name: "gloo-mesh-mgmt-server" } as const;
    const found = awaitValues<{ ingress: LoadBalancerIngress; ports: ServicePort[]; rootCa: string }>(
      `${name}-relay`,
      {
        cluster,
        kubeconfig,
        timeoutSeconds,
        values: {
          ingress: { ...server, field: ["status", "loadBalancer", "ingress", 0] },
          ports: { ...server, field: ["spec", "ports"] },
          rootCa: {
            kind: "Secret",
            namespace: glooMeshNamespace,
            name: "relay-root-tls-secret",
            field: ["data", "ca.crt"],
          },
        },
      },
      { parent: this, dependsOn: [this.release] },
    );
    this.relay = {
      address: pulumi.unsecret(found).apply(({ ingress, ports }) => relayAddress(ingress, ports)),
      rootCa: pulumi.unsecret(found.rootCa),
      token: token.result,
    };

    this.registerOutputs({ relayAddress: this.relay.address });
  }
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
}

/** `HOST:PORT` of the port named `grpc`. */
function relayAddress(ingress: LoadBalancerIngress, ports: readonly ServicePort[]): string {
  const grpc = ports.find(({ name }) => name === "grpc");
  if (grpc === undefined) throw new Error("Service gloo-mesh-mgmt-server has no port named grpc");
  return `${loadBalancerAddress(ingress)}:${grpc.port}`;
}
