import { ApiException, type CoreV1Api, type NetworkingV1Api } from "@kubernetes/client-node";
import { ifExists } from "./cluster.ts";

/** An address for documentation, which is in no range of ClusterIPs. */
const impossible = "192.0.2.1";

/**
 * The range of a host's ClusterIPs, found without a trace: from its ServiceCIDR (Kubernetes 1.33 and newer), else from
 * the words in which it refuses to try an address outside of the range.
 */
export async function findServiceCidr(core: CoreV1Api, networking: NetworkingV1Api): Promise<string> {
  const cidr = (await fromObject(networking)) ?? (await fromRefusal(core));
  if (cidr !== undefined) return cidr;
  throw new Error(
    "the host does not tell the range of its ClusterIPs: set serviceCidr, e.g. from the arguments of its API server (--service-cluster-ip-range)",
  );
}

async function fromObject(networking: NetworkingV1Api): Promise<string | undefined> {
  const found = await ifExists(networking.readServiceCIDR({ name: "kubernetes" })).catch((error: unknown) => {
    // Objects outside of namespaces may be hidden from the user; the other way needs no right to see them.
    if (error instanceof ApiException && error.code === 403) return undefined;
    throw error;
  });
  return found?.spec?.cidrs?.find((cidr) => !cidr.includes(":"));
}

async function fromRefusal(core: CoreV1Api): Promise<string | undefined> {
  const body = {
    metadata: { generateName: "mesh-lab-" },
    spec: { ports: [{ port: 443 }], clusterIP: impossible },
  };
  try {
    await core.createNamespacedService({ namespace: "default", body, dryRun: "All" });
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    return cidrIn(String(error.body));
  }
}

/** The IPv4 range in a refusal. */
export const cidrIn = (refusal: string): string | undefined =>
  /range of valid IPs is ([\d.]+\/\d+)/i.exec(refusal)?.[1];
