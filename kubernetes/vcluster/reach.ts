import { CoreV1Api, type KubeConfig, type V1Service } from "@kubernetes/client-node";
import { ifExists, kubeConfigOf } from "../connection/cluster.ts";
import { nodeAddresses } from "../host/nodes.ts";
import {
  endpointOf,
  type ExposedService,
  type Exposure,
  exposureHints,
  hostAndPort,
} from "../../values/exposure.ts";
import { vclusterKubeconfig } from "../../values/kubeconfig.ts";

/** How Services are reached, and where nodes are. */
interface Exposed {
  readonly expose: Exposure;
  readonly nodeAddress?: string | undefined;
}

/**
 * The way into a virtual cluster as it is on the host now, also where the stack does not know it yet.
 *
 * @throws that says what is not there yet
 */
export async function reachInside(
  host: KubeConfig,
  { expose, nodeAddress }: Exposed,
  cluster: string,
): Promise<KubeConfig> {
  const core = host.makeApiClient(CoreV1Api);
  const [secret, service] = await Promise.all([
    ifExists(core.readNamespacedSecret({ namespace: cluster, name: `vc-${cluster}` })),
    ifExists(core.readNamespacedService({ namespace: cluster, name: cluster })),
  ]);
  if (service === undefined) throw new Error(`there is no virtual cluster ${cluster} on the host`);
  const config = secret?.data?.["config"];
  if (config === undefined) throw new Error(`its syncer has not written Secret vc-${cluster} on the host`);
  const node = await nodeOutside(host, { expose, nodeAddress });
  const exposed = exposedBy(service);
  if (expose === "LoadBalancer" && exposed.ingress === undefined)
    throw new Error(`Service ${cluster} has no address. ${exposureHints.LoadBalancer}`);
  const server = `https://${hostAndPort(endpointOf(exposed, "https", node))}`;
  const kubeconfig = vclusterKubeconfig(cluster, Buffer.from(config, "base64").toString(), server);
  return kubeConfigOf({ kubeconfig, context: cluster });
}

/** Where the host's nodes are reached from here; undefined where no Service is of type NodePort. */
export const nodeOutside = async (
  host: KubeConfig,
  { expose, nodeAddress }: Exposed,
): Promise<string | undefined> =>
  expose === "NodePort"
    ? (nodeAddress ?? nodeAddresses((await host.makeApiClient(CoreV1Api).listNode()).items)?.outside)
    : undefined;

/** The fields of a Service that say where it is reached. */
export function exposedBy({ spec, status }: V1Service): ExposedService {
  const [ingress] = status?.loadBalancer?.ingress ?? [];
  const ports = (spec?.ports ?? []).map(({ name, port, nodePort }) => ({
    port,
    ...(name === undefined ? {} : { name }),
    ...(nodePort === undefined ? {} : { nodePort }),
  }));
  const { ip, hostname } = ingress ?? {};
  return {
    ports,
    ...(ingress === undefined
      ? {}
      : {
          ingress: { ...(ip === undefined ? {} : { ip }), ...(hostname === undefined ? {} : { hostname }) },
        }),
  };
}
