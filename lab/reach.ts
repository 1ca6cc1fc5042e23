import { CoreV1Api, type KubeConfig, type V1Service } from "@kubernetes/client-node";
import type { CheckedSettings } from "../config/check.ts";
import { ifExists, kubeConfigOf } from "../steps/cluster.ts";
import { nodeAddresses } from "../steps/node.ts";
import { endpointOf, type ExposedService, exposureHints, hostAndPort } from "../values/exposure.ts";
import { vclusterKubeconfig } from "../values/kubeconfig.ts";
import { Failure } from "./failure.ts";

/**
 * The way into a virtual cluster as it is on the host now, also where the stack does not know it yet.
 *
 * @throws Failure that says what is not there yet
 */
export async function reachInside(
  host: KubeConfig,
  { expose, nodeAddress }: Pick<CheckedSettings, "expose" | "nodeAddress">,
  cluster: string,
): Promise<KubeConfig> {
  const core = host.makeApiClient(CoreV1Api);
  const [secret, service] = await Promise.all([
    ifExists(core.readNamespacedSecret({ namespace: cluster, name: `vc-${cluster}` })),
    ifExists(core.readNamespacedService({ namespace: cluster, name: cluster })),
  ]);
  if (service === undefined) throw new Failure(`there is no virtual cluster ${cluster} on the host`);
  const config = secret?.data?.["config"];
  if (config === undefined) throw new Failure(`its syncer has not written Secret vc-${cluster} on the host`);
  const node =
    expose === "NodePort"
      ? (nodeAddress ?? nodeAddresses((await core.listNode()).items)?.outside)
      : undefined;
  const exposed = exposedBy(service);
  if (expose === "LoadBalancer" && exposed.ingress === undefined)
    throw new Failure(`Service ${cluster} has no address. ${exposureHints.LoadBalancer}`);
  const server = `https://${hostAndPort(endpointOf(exposed, "https", node))}`;
  const kubeconfig = vclusterKubeconfig(cluster, Buffer.from(config, "base64").toString(), server);
  return kubeConfigOf({ kubeconfig, context: cluster });
}

function exposedBy({ spec, status }: V1Service): ExposedService {
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
