import type { CoreV1Api } from "@kubernetes/client-node";
import {
  type ExposedService,
  type Exposure,
  endpointOf,
  exposedFields,
  hostAndPort,
} from "../values/exposure.ts";
import { authorityOf, vclusterKubeconfig } from "../values/kubeconfig.ts";
import { lookAt } from "../kubernetes/waits/awaited-value.ts";
import { coreApiOf, ifExists } from "../kubernetes/connection/cluster.ts";
import { problemsAt } from "../kubernetes/diagnosis/diagnose.ts";
import { logsOf } from "../kubernetes/vcluster/control-plane.ts";
import { rebuildHint } from "../kubernetes/vcluster/identity.ts";
import { isRenewable } from "../kubernetes/vcluster/renewal.ts";
import { poll } from "../kubernetes/waits/poll.ts";
import { lastResult, run } from "./base/run.ts";

export interface VClusterKubeconfigSpec {
  /** Name of the virtual cluster, and of its namespace on the host. */
  readonly cluster: string;
  readonly hostContext?: string | undefined;
  readonly expose: Exposure;
  /** Where the host's nodes are reached, for NodePort. */
  readonly node?: string | undefined;
  /** Whether a certificate that is near its end is to be renewed; the text itself says nothing. */
  readonly renew?: string | undefined;
  /** Whether the control plane does that by itself; a new pod does it otherwise. */
  readonly renewsCertificates?: boolean | undefined;
  readonly timeoutSeconds: number;
}

/** What the step prints. */
export interface VClusterAccess {
  /** Where the API server is reached, as `HOST:PORT`. */
  readonly address: string;
  /** Kubeconfig that works from here. */
  readonly kubeconfig: string;
}

/** Content of Secret vc-NAME, in base64. */
interface Credentials {
  readonly config: string;
  readonly "client-certificate": string;
}

const decoded = (base64: string): string => Buffer.from(base64, "base64").toString();

/** The credentials that the syncer wrote, once `isWanted`. */
function credentials(
  host: CoreV1Api,
  { cluster, hostContext, timeoutSeconds }: VClusterKubeconfigSpec,
  isWanted: (found: Credentials) => boolean = () => true,
): Promise<Credentials> {
  const secret = { kind: "Secret", namespace: cluster, name: `vc-${cluster}`, field: ["data"] } as const;
  return poll<Credentials>({
    what: `Secret ${secret.name} in namespace ${cluster} of the host`,
    problems: () => problemsAt({ context: hostContext, namespace: cluster }),
    hint: `Its writer is the syncer: ${logsOf(cluster)}.`,
    timeoutSeconds,
    look: async () => {
      const look = await lookAt(host, secret);
      if (!("value" in look)) return look;
      const value = look.value as Credentials;
      return isWanted(value) ? { value } : { state: "it still has the old certificate" };
    },
  });
}

async function renewed(
  host: CoreV1Api,
  spec: VClusterKubeconfigSpec,
  old: Credentials,
): Promise<Credentials> {
  const { cluster } = spec;
  console.error(`the certificate of ${cluster} is near its end: its control plane is started anew`);
  await ifExists(host.deleteNamespacedPod({ namespace: cluster, name: `${cluster}-0` }));
  return credentials(host, spec, (found) => found["client-certificate"] !== old["client-certificate"]);
}

async function exposed(
  host: CoreV1Api,
  { cluster, hostContext, expose, timeoutSeconds }: VClusterKubeconfigSpec,
): Promise<ExposedService> {
  const found = Object.entries(exposedFields[expose]).map(async ([key, field]) => [
    key,
    await poll({
      what: `the address of Service ${cluster} in namespace ${cluster} of the host`,
      problems: () => problemsAt({ context: hostContext, namespace: cluster }),
      hint: "",
      timeoutSeconds,
      look: () => lookAt(host, { kind: "Service", namespace: cluster, name: cluster, field }),
    }),
  ]);
  return Object.fromEntries(await Promise.all(found)) as ExposedService;
}

await run<VClusterKubeconfigSpec>(async (spec): Promise<VClusterAccess> => {
  const { cluster, hostContext, node, renew, renewsCertificates = false, timeoutSeconds } = spec;
  const host = coreApiOf({ context: hostContext });
  const known = lastResult<VClusterAccess>()?.kubeconfig;
  // What is gone does not come by waiting.
  if (known !== undefined && (await ifExists(host.readNamespace({ name: cluster }))) === undefined)
    throw new Error(`namespace ${cluster} is not on the host any more: ${rebuildHint(cluster)}.`);
  const [first, service] = await Promise.all([credentials(host, spec), exposed(host, spec)]);
  const address = hostAndPort(endpointOf(service, "https", node));
  const isDue =
    renew !== undefined && !renewsCertificates && isRenewable(decoded(first["client-certificate"]));
  const { config } = isDue ? await renewed(host, spec, first) : first;
  const kubeconfig = vclusterKubeconfig(cluster, decoded(config), `https://${address}`);
  if (known !== undefined && authorityOf(known, cluster) !== authorityOf(kubeconfig, cluster))
    throw new Error(
      `${cluster} is another cluster than the one that the stack knows, and empty: ${rebuildHint(cluster)}.`,
    );

  // What forwards connections may take its time to begin.
  const inside = coreApiOf({ kubeconfig });
  await poll({
    what: `the API server of ${cluster} at ${address}`,
    hint: "The machine that runs this must reach that address; for NodePort, nodeAddress can say another.",
    timeoutSeconds,
    look: async () => ({ value: await inside.readNamespace({ name: "default" }) }),
  });
  return { address, kubeconfig };
});
