import {
  ApiException,
  type CoreV1Api,
  type NetworkingV1Api,
  type V1ServiceCIDR,
} from "@kubernetes/client-node";
import { ifExists } from "../connection/cluster.ts";

/** An address for documentation, which is in no range of ClusterIPs. */
const impossible = "192.0.2.1";

/**
 * The range of a host's ClusterIPs, found without a trace: from its ServiceCIDRs (Kubernetes 1.33 and newer), else from
 * the words in which it refuses to try an address outside of the range. Of several, an address may come from any.
 */
export async function findServiceCidr(core: CoreV1Api, networking: NetworkingV1Api): Promise<string> {
  const cidr = covering((await fromObjects(networking)) ?? []) ?? (await fromRefusal(core));
  if (cidr !== undefined) return cidr;
  throw new Error(
    "the host does not tell the range of its ClusterIPs: set serviceCidr, e.g. from the arguments of its API server (--service-cluster-ip-range)",
  );
}

/** The ranges of both families that a host's ServiceCIDRs have, the default one's first; undefined: it shows none. */
export async function fromObjects(networking: NetworkingV1Api): Promise<string[] | undefined> {
  const found = await ifExists(networking.listServiceCIDR()).catch((error: unknown) => {
    // Objects outside of namespaces may be hidden from the user; the other way needs no right to see them.
    if (error instanceof ApiException && error.code === 403) return undefined;
    throw error;
  });
  const isFirst = ({ metadata }: V1ServiceCIDR) => metadata?.name === "kubernetes";
  return found?.items
    .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
    .toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)))
    .flatMap(({ spec }) => spec?.cidrs ?? []);
}

/** An IPv4 range as its first address, in a number, and its length. */
function parsed(cidr: string): { readonly start: number; readonly bits: number } {
  const [address = "", bits = ""] = cidr.split("/");
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return { start: Math.floor(number / size) * size, bits: Number(bits) };
}

/** Whether an IPv4 range lies in another one. */
export function isWithin(inner: string, outer: string): boolean {
  const [small, large] = [parsed(inner), parsed(outer)];
  const size = 2 ** (32 - large.bits);
  return small.bits >= large.bits && Math.floor(small.start / size) * size === large.start;
}

/** The smallest IPv4 range that holds all of some; those of IPv6 are left out. */
export function covering(cidrs: readonly string[]): string | undefined {
  const [first, ...rest] = cidrs.filter((cidr) => !cidr.includes(":"));
  if (first === undefined || rest.every((cidr) => isWithin(cidr, first))) return first;
  for (let { bits } = parsed(first); ; bits -= 1) {
    const size = 2 ** (32 - bits);
    const start = Math.floor(parsed(first).start / size) * size;
    const address = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join(".");
    const range = `${address}/${bits}`;
    if (rest.every((cidr) => isWithin(cidr, range))) return range;
  }
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
const cidrIn = (refusal: string): string | undefined =>
  /range of valid IPs is ([\d.]+\/\d+)/i.exec(refusal)?.[1];
