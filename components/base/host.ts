import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { brokenFrom, type ChosenVersions, unknownHost } from "../../versions/compatibility.ts";
import type { Exposure } from "../../values/exposure.ts";
import type { HostFacts } from "../../steps/host.ts";
import type { NodeAddresses } from "../../kubernetes/host/nodes.ts";
import { kubernetesProvider } from "./provider.ts";
import { runStep } from "./step.ts";

export interface HostArgs extends ChosenVersions {
  /** Context in the ambient kubeconfig; undefined: the current one. */
  readonly hostContext?: string | undefined;
  /** Range of its ClusterIPs, where it need not be found out. */
  readonly serviceCidr?: string | undefined;
  /** How Services are exposed: a node is looked for only for NodePort. */
  readonly expose: Exposure;
  /** Where its nodes are reached from outside; undefined: at an address that a node says it has. */
  readonly nodeAddress?: string | undefined;
  /** When it changes, a node is looked for again. */
  readonly renew: string;
  /** Whether a host that is known to break these versions is taken, with a warning. */
  readonly anyHost: boolean;
}

/** The cluster that everything runs in; nothing of it is changed. */
export class Host extends pulumi.ComponentResource {
  /** Context in the ambient kubeconfig; default: the current one. */
  readonly context: string | undefined;
  readonly provider: k8s.Provider;
  /** What must be there before anything is made on the host: the look at one that may be refused. */
  readonly checks: readonly pulumi.Resource[];
  /** Range of its ClusterIPs, e.g. `10.96.0.0/16`. */
  readonly serviceCidr: pulumi.Output<string>;
  /** Address of a node, as the machine that runs this reaches it; undefined where no Service is of type NodePort. */
  readonly nodeOutside: pulumi.Output<string | undefined>;
  /** Address of a node, as pods reach it; undefined where no Service is of type NodePort. */
  readonly nodeInside: pulumi.Output<string | undefined>;

  constructor(name: string, args: HostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("meshlab:cluster:Host", name, {}, opts);
    const { hostContext, serviceCidr, expose, nodeAddress, anyHost } = args;

    this.context = hostContext;
    // The kubeconfig is the ambient one ($KUBECONFIG, else ~/.kube/config).
    this.provider = kubernetesProvider(
      `${name}-provider`,
      hostContext === undefined ? {} : { context: hostContext },
      { parent: this },
    );

    const brokenOn = anyHost ? undefined : brokenFrom(args);
    const { resource, result: facts } = runStep<HostFacts>(
      `${name}-facts`,
      {
        script: "host",
        spec: { hostContext, serviceCidr, ...(brokenOn === undefined ? {} : { brokenFrom: brokenOn }) },
        isSteady: true,
      },
      { parent: this },
    );
    this.checks = brokenOn === undefined ? [] : [resource];
    const known = pulumi.unsecret(facts);
    // Known at once where it is configured: no virtual cluster waits for the host's answer then.
    this.serviceCidr = pulumi.output(serviceCidr ?? known.serviceCidr);
    const node: pulumi.Output<NodeAddresses | undefined> =
      expose === "NodePort" ? this.node(name, args) : pulumi.output(undefined);
    this.nodeOutside = node.apply((found) => found && (nodeAddress ?? found.outside));
    this.nodeInside = node.apply((found) => found?.inside);
    known.apply(({ version }) => {
      const risk = unknownHost(version, args);
      if (risk !== undefined) void pulumi.log.warn(risk, this);
    });

    this.registerOutputs({ serviceCidr: this.serviceCidr });
  }

  private node(name: string, { hostContext, renew }: HostArgs): pulumi.Output<NodeAddresses> {
    const { result } = runStep<NodeAddresses>(
      `${name}-node`,
      { script: "node", spec: { hostContext }, renew, isSteady: true },
      { parent: this },
    );
    return pulumi.unsecret(result);
  }
}
