import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { LabConfig, ManagementConfig } from "../config/read.ts";
import {
  type ExposedService,
  type Exposure,
  endpointOf,
  exposedFields,
  httpUrl,
} from "../values/exposure.ts";
import {
  keycloak,
  keycloakContainer,
  keycloakLogins,
  keycloakPort,
  keycloakRealm,
  keycloakUsers,
  realmPath,
} from "../values/keycloak.ts";
import type { Host } from "./base/host.ts";
import { awaitValues, fieldsOf } from "./base/step.ts";
import { awaitedFor } from "./base/custom-timeouts.ts";
import { explaining, watch } from "./base/watch.ts";

export interface KeycloakArgs {
  /** The cluster that it runs on. */
  readonly cluster: ManagementConfig;
  /** Its kubeconfig; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly host: Host;
  /** Tag of its image, and the mirror that it comes from, if any. */
  readonly image: { readonly tag: string; readonly registry: string | undefined };
  /** How it is reached. */
  readonly expose: Exposure;
  /** Extra values of the lab's releases, for advice. */
  readonly values: LabConfig["values"];
  /** How long the Deployment and its address may take, in seconds. */
  readonly timeoutSeconds: number;
  /** When it changes, its address is looked up again. */
  readonly renew: string;
  /** The one client that it knows. */
  readonly clientId: string;
  /** Where it sends people back to. */
  readonly redirectUri: pulumi.Output<string>;
}

/**
 * An identity provider with one realm, one client and one user, which it takes in when it starts.
 *
 * Its children need the provider of the cluster that it runs on.
 */
export class Keycloak extends pulumi.ComponentResource {
  /** URL of the realm, the same for people and for pods. */
  readonly issuerUrl: pulumi.Output<string>;
  /** Secret of the client; secret. */
  readonly clientSecret: pulumi.Output<string>;

  constructor(name: string, args: KeycloakArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:login:Keycloak", name, {}, opts);
    const { cluster, kubeconfig, host, clientId, redirectUri, expose, timeoutSeconds, renew } = args;

    const { metadata } = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: keycloak } },
      { parent: this },
    );
    const namespace = metadata.name;

    const password = (role: string): pulumi.Output<string> =>
      new random.RandomPassword(`${name}-${role}`, { length: 32, special: false }, { parent: this }).result;
    this.clientSecret = password("client-secret");
    const passwords = { reader: password("reader"), administrator: password("administrator") };

    const realm = pulumi
      .all([this.clientSecret, redirectUri, passwords.reader])
      .apply(([clientSecret, uri, reader]) =>
        JSON.stringify(keycloakRealm({ clientId, clientSecret, redirectUri: uri, password: reader })),
      );
    const realmSecret = new k8s.core.v1.Secret(
      `${name}-realm`,
      { metadata: { name: "keycloak-realm", namespace }, stringData: { "realm.json": realm } },
      { parent: this },
    );
    const logins = new k8s.core.v1.Secret(
      `${name}-logins`,
      {
        metadata: { name: keycloakLogins, namespace },
        stringData: {
          [keycloakUsers.reader]: passwords.reader,
          [keycloakUsers.administrator]: passwords.administrator,
        },
      },
      { parent: this },
    );

    const service = new k8s.core.v1.Service(
      `${name}-service`,
      {
        // Its address is awaited below, in words of the lab.
        metadata: { name: keycloak, namespace, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
          type: expose,
          ports: [{ name: "http", port: 80, targetPort: keycloakPort }],
          selector: { app: keycloak },
        },
      },
      { parent: this },
    );
    const resource = `${name}-deployment`;
    const watched = watch(resource, {
      what: `Deployment ${keycloak}`,
      namespace,
      access: { kubeconfig },
      host,
      keys: { values: args.values, cluster },
    });
    new k8s.apps.v1.Deployment(
      resource,
      deployment(args, namespace, {
        realm: realmSecret.metadata.name,
        logins: logins.metadata.name,
      }),
      {
        parent: this,
        ...awaitedFor(timeoutSeconds),
        hooks: { ...watched.hooks, onError: [explaining(resource, watched)] },
      },
    );

    const exposed = awaitValues<ExposedService>(
      `${name}-address`,
      {
        cluster: cluster.name,
        kubeconfig,
        timeoutSeconds,
        renew,
        values: fieldsOf({ kind: "Service", namespace: keycloak, name: keycloak }, exposedFields[expose]),
      },
      { parent: this, dependsOn: [service] },
    );
    this.issuerUrl = pulumi
      .all([pulumi.unsecret(exposed), host.nodeOutside])
      .apply(([found, node]) => `${httpUrl(endpointOf(found, "http", node))}${realmPath}`);

    this.registerOutputs({ issuerUrl: this.issuerUrl });
  }
}

function deployment(
  { image, redirectUri }: KeycloakArgs,
  namespace: pulumi.Output<string>,
  secrets: { readonly realm: pulumi.Output<string>; readonly logins: pulumi.Output<string> },
): k8s.apps.v1.DeploymentArgs {
  const labels = { app: keycloak };
  const fromLogins = (key: string) => ({ valueFrom: { secretKeyRef: { name: secrets.logins, key } } });
  return {
    metadata: {
      name: keycloak,
      namespace,
      labels,
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        // Its realm is read when it starts, so that it must start anew when this changes.
        metadata: { labels, annotations: { "mesh-lab/redirect-uri": redirectUri } },
        spec: {
          containers: [
            {
              ...keycloakContainer(image.tag, image.registry),
              args: ["start-dev", "--import-realm"],
              env: [
                { name: "KC_BOOTSTRAP_ADMIN_USERNAME", value: keycloakUsers.administrator },
                { name: "KC_BOOTSTRAP_ADMIN_PASSWORD", ...fromLogins(keycloakUsers.administrator) },
              ],
              ports: [{ name: "http", containerPort: keycloakPort }],
              readinessProbe: { httpGet: { path: realmPath, port: keycloakPort } },
              volumeMounts: [{ name: "realm", mountPath: "/opt/keycloak/data/import", readOnly: true }],
            },
          ],
          volumes: [{ name: "realm", secret: { secretName: secrets.realm } }],
        },
      },
    },
  };
}
