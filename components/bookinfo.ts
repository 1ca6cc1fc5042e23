import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LabConfig, WorkloadConfig } from "../config/read.ts";
import {
  type BookinfoService,
  type BookinfoVersion,
  bookinfoNamespace,
  bookinfoPort,
  bookinfoServices,
  type BookinfoServicesArgs,
  clusterLabel,
} from "../values/bookinfo.ts";
import { proxiesNote } from "../values/istio.ts";
import { awaitedFor } from "./base/custom-timeouts.ts";
import type { Host } from "./base/host.ts";
import { explaining, watch } from "./base/watch.ts";

export interface BookinfoArgs extends BookinfoServicesArgs {
  /** The workload cluster; by its name route tables find the pods. */
  readonly cluster: WorkloadConfig;
  /** Its kubeconfig; secret. */
  readonly kubeconfig: pulumi.Output<string>;
  readonly host: Host;
  /** What must be ready before a pod is created, so that it gets its sidecar: a pod without one never heals. */
  readonly injection: readonly pulumi.Resource[];
  /** What their proxies are made of, as a text that differs where it does: pods are made again then. */
  readonly proxies: pulumi.Input<string>;
  /** Extra values of the lab's releases, for advice. */
  readonly values: LabConfig["values"];
  /** How long each Deployment may take, in seconds. */
  readonly timeoutSeconds: number;
}

/**
 * Istio's sample application, in a namespace labelled for sidecar injection.
 *
 * Its children need the provider of the workload cluster.
 */
export class Bookinfo extends pulumi.ComponentResource {
  readonly namespace: k8s.core.v1.Namespace;

  constructor(name: string, args: BookinfoArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:app:Bookinfo", name, {}, opts);

    this.namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: bookinfoNamespace, labels: { "istio-injection": "enabled" } } },
      { parent: this },
    );

    for (const service of bookinfoServices(args)) this.service(name, service, args);

    this.registerOutputs({ namespace: this.namespace.metadata.name });
  }

  private service(name: string, { name: app, versions }: BookinfoService, args: BookinfoArgs): void {
    const { cluster, injection, proxies, timeoutSeconds, kubeconfig, host } = args;
    const namespace = this.namespace.metadata.name;
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-${app}-account`,
      { metadata: { name: `bookinfo-${app}`, namespace, labels: { account: app } } },
      { parent: this },
    );

    new k8s.core.v1.Service(
      `${name}-${app}`,
      {
        metadata: {
          name: app,
          namespace,
          labels: { app, service: app },
          // Awaiting a Service takes ten seconds even when it is ready; the Deployments are awaited anyway.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: { ports: [{ name: "http", port: bookinfoPort }], selector: { app } },
      },
      { parent: this },
    );

    for (const version of versions) {
      const resource = `${name}-${app}-${version.version}`;
      const watched = watch(resource, {
        what: `Deployment ${app}-${version.version}`,
        namespace,
        access: { kubeconfig },
        host,
        keys: { values: args.values, cluster },
      });
      new k8s.apps.v1.Deployment(
        resource,
        deployment(app, version, {
          cluster: cluster.name,
          namespace,
          account: account.metadata.name,
          proxies,
        }),
        {
          parent: this,
          dependsOn: [...injection],
          ...awaitedFor(timeoutSeconds),
          hooks: { ...watched.hooks, onError: [explaining(resource, watched)] },
        },
      );
    }
  }
}

interface Surroundings extends Pick<BookinfoArgs, "proxies"> {
  readonly cluster: string;
  readonly namespace: pulumi.Input<string>;
  readonly account: pulumi.Input<string>;
}

function deployment(
  app: string,
  { version, image, env = {}, scratch = {} }: BookinfoVersion,
  { cluster, namespace, account, proxies }: Surroundings,
): k8s.apps.v1.DeploymentArgs {
  const labels = { app, version };
  return {
    metadata: {
      name: `${app}-${version}`,
      namespace,
      labels,
    },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, [clusterLabel]: cluster }, annotations: proxiesNote(proxies) },
        spec: {
          serviceAccountName: account,
          containers: [
            {
              name: app,
              image,
              imagePullPolicy: "IfNotPresent",
              env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
              ports: [{ containerPort: bookinfoPort }],
              volumeMounts: Object.entries(scratch).map(([volume, mountPath]) => ({
                name: volume,
                mountPath,
              })),
              securityContext: { runAsUser: 1000 },
            },
          ],
          volumes: Object.keys(scratch).map((volume) => ({ name: volume, emptyDir: {} })),
        },
      },
    },
  };
}
