import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { ManagementConfig } from "../config/read.ts";
import {
  type ExposedService,
  type Exposure,
  endpointOf,
  exposedFields,
  hostAndPort,
} from "../values/exposure.ts";
import { glooMeshNamespace } from "../values/gloo-resources.ts";
import type { HelmValues } from "../values/merge.ts";
import type { Release } from "../plan/releases.ts";
import type { Host } from "./base/host.ts";
import { helmRelease, type ReleaseSettings } from "./base/release.ts";
import { awaitValues, fieldsOf } from "./base/step.ts";

export interface GlooMeshMgmtArgs {
  /** The management cluster. */
  readonly cluster: ManagementConfig;
  /** Its kubeconfig; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly releases: {
    /** Undefined where the kinds come with the management plane. */
    readonly glooMeshCrds: Release | undefined;
    /** The management plane. */
    readonly glooMeshEnterprise: Release;
  };
  readonly settings: ReleaseSettings;
  readonly host: Host;
  /** How agents reach the management server. */
  readonly expose: Exposure;
  /** How long the address of the management server may take, in seconds. */
  readonly timeoutSeconds: number;
  /** When it changes, that address is looked up again. */
  readonly renew: string;
}

/** What an agent needs to register with the management server. */
export interface Relay {
  /** Where pods of other clusters reach it, as `HOST:PORT`. */
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
  /** The kinds of `admin.gloo.solo.io` exist on the management cluster once it is there. */
  readonly kinds: k8s.helm.v3.Release;
  readonly relay: Relay;

  constructor(name: string, args: GlooMeshMgmtArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:gloo:GlooMeshMgmt", name, {}, opts);
    const { cluster, kubeconfig, releases, settings, host, expose, timeoutSeconds, renew } = args;

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

    const release = (role: string, own: Release, dependsOn: pulumi.Resource[]) =>
      helmRelease(
        `${name}-${role}`,
        { release: own, settings, namespace: namespace.metadata.name, access: { kubeconfig }, host, cluster },
        { parent: this, dependsOn },
      );
    const crds = releases.glooMeshCrds && release("crds", releases.glooMeshCrds, []);
    // The management server reads the token when it starts, and looks for its kinds.
    const plane = release("release", releases.glooMeshEnterprise, [tokenSecret, ...(crds ? [crds] : [])]);
    this.kinds = crds ?? plane;

    const found = awaitValues<ExposedService & { rootCa: string }>(
      `${name}-relay`,
      {
        cluster: cluster.name,
        kubeconfig,
        timeoutSeconds,
        renew,
        madeOf: serviceOf(releases.glooMeshEnterprise.values),
        values: {
          ...fieldsOf(
            { kind: "Service", namespace: glooMeshNamespace, name: "gloo-mesh-mgmt-server" },
            exposedFields[expose],
          ),
          rootCa: {
            kind: "Secret",
            namespace: glooMeshNamespace,
            name: "relay-root-tls-secret",
            field: ["data", "ca.crt"],
          },
        },
      },
      { parent: this, dependsOn: [plane] },
    );
    this.relay = {
      address: pulumi
        .all([pulumi.unsecret(found), host.nodeInside])
        .apply(([service, node]) => hostAndPort(endpointOf(service, "grpc", node))),
      rootCa: pulumi.unsecret(found.rootCa),
      token: token.result,
    };

    this.registerOutputs({ relayAddress: this.relay.address });
  }
}

/** What the chart makes the relay's Service of; each set's has it under another key. */
function serviceOf({ glooMeshMgmtServer, glooMgmtServer = glooMeshMgmtServer }: HelmValues): HelmValues {
  const { serviceType, ports, serviceOverrides } = (glooMgmtServer ?? {}) as HelmValues;
  return { serviceType, ports, serviceOverrides };
}
