import { BlockList, isIPv4 } from "node:net";
import type { V1ConfigMap, V1Pod } from "@kubernetes/client-node";
import { type Api, ApiError } from "../kit/api.ts";
import { containersOf } from "../kit/objects.ts";
import { at } from "../kit/paths.ts";

/** What vcluster 0.10.2 falls back to, without a word, when it cannot detect the host's range. */
const fallbackCidr = "10.96.0.0/12";

/** The range on the k3s command line of a vcluster's pod; undefined if it is left to detection. */
export function givenServiceCidr(pod: V1Pod): string | undefined {
  const line = containersOf(pod)
    .flatMap(({ command = [], args = [] }) => [...command, ...args])
    .join(" ");
  const cidr = /--service-cidr[= ](\S+)/.exec(line)?.[1];
  return cidr === "$(SERVICE_CIDR)" ? undefined : cidr;
}

/** Whether an IPv4 address lies in a range such as 10.96.0.0/16. */
export function cidrContains(cidr: string, address: string): boolean {
  const [network = "", prefix = ""] = cidr.split("/");
  const bits = Number(prefix);
  if (!isIPv4(network) || !/^\d+$/.test(prefix) || bits > 32 || !isIPv4(address)) return false;
  const range = new BlockList();
  range.addSubnet(network, bits);
  return range.check(address);
}

/** The range in an API server's refusal of an address outside of it; newer servers no longer name it. */
export const cidrInRefusal = (message: string): string | undefined =>
  /The range of valid IPs is (\S+)/.exec(message)?.[1];

/** vcluster 0.10.2's detection; the result is kept in ConfigMap vc-cidr-NAME, and what is there is believed. */
export async function detectServiceCidr(host: Api, namespace: string, vcluster: string): Promise<string> {
  const name = `vc-cidr-${vcluster}`;
  const remembered = (await host.get<V1ConfigMap>(at.configMap(namespace, name)))?.data?.["cidr"];
  if (remembered !== undefined) return remembered;
  const cidr = (await provokeRefusal(host, namespace)) ?? fallbackCidr;
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: { cidr } };
  await host.apply(at.configMap(namespace, name), configMap, "vcluster");
  return cidr;
}

async function provokeRefusal(host: Api, namespace: string): Promise<string | undefined> {
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { generateName: "test-service-", namespace },
    spec: { ports: [{ port: 80 }], clusterIP: "4.4.4.4" },
  };
  try {
    // Not as a dry run: the answer to that still names the range.
    await host.create(at.services(namespace), service);
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return cidrInRefusal(error.message);
  }
}

/** What a syncer says before it ends when the host's address of its Service is not in the vcluster's range. */
export const outsideCidr = (cidr: string, address: string): string =>
  'start controllers: sync kubernetes service: Service "kubernetes" is invalid: spec.clusterIPs: Invalid value: ' +
  `[]string{"${address}"}: failed to allocated ip:${address} with error:provided IP is not in the valid range. ` +
  `The range of valid IPs is ${cidr}`;
