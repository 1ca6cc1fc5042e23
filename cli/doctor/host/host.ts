import { CoreV1Api, NetworkingV1Api } from "@kubernetes/client-node";
import { isRehearsed, setting } from "../../../messages/commands.ts";
import { nodeAddresses } from "../../../kubernetes/host/nodes.ts";
import { covering, findServiceCidr, fromObjects, isWithin } from "../../../kubernetes/host/service-cidr.ts";
import { type Check, doubtful, fine, type Finding, Unmet, wrong } from "../check.ts";
import type { Facts } from "../facts.ts";

export const reachedCheck: Check<Facts> = {
  name: "host",
  look: async ({ host }) => {
    try {
      const { context, server } = await host.get();
      return fine(`context ${context}, ${server}`);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof Unmet) throw error;
      return wrong(
        error.message,
        isRehearsed()
          ? "make rehearse starts it."
          : `Is it up, and the right one? kubectl config get-contexts; ${setting("hostContext", "CONTEXT")}.`,
      );
    }
  },
};

export const serviceRangeCheck: Check<Facts> = {
  name: "service range",
  look: async ({ settings, host }) => {
    const [{ serviceCidr }, { config }] = await Promise.all([settings.needed(), host.needed()]);
    const networking = config.makeApiClient(NetworkingV1Api);
    const [all = [], found] = await Promise.all([
      fromObjects(networking).catch(() => undefined),
      findServiceCidr(config.makeApiClient(CoreV1Api), networking).catch(() => undefined),
    ]);
    return judgedRange(serviceCidr, found === undefined || all.length > 0 ? all : [found]);
  },
};

/** The largest range that an API server takes, by the length of its prefix. */
const widest = 12;

/**
 * What to make of the configured range of ClusterIPs.
 *
 * @param ranges what the host told of its own, the one that addresses come from by default first
 */
export function judgedRange(configured: string | undefined, ranges: readonly string[]): Finding {
  const [first] = ranges;
  const found = covering(ranges);
  if (first?.includes(":") === true)
    return wrong(
      `the host's ClusterIPs are of IPv6 (${ranges.join(", ")}), and virtual clusters want IPv4`,
      "Take a host whose first range of ClusterIPs is one of IPv4.",
    );
  if (configured === undefined && found === undefined)
    return wrong(
      "the host does not tell the range of its ClusterIPs",
      "Set serviceCidr, e.g. from the arguments of its API server (--service-cluster-ip-range).",
    );
  if (found === undefined)
    return doubtful(
      `${configured ?? ""}, and the host does not tell its own`,
      "Make sure that it is the host's.",
    );
  const several = ranges.filter((range) => !range.includes(":")).length > 1;
  const shown = several ? `${found}, around ${ranges.join(", ")}` : found;
  if (configured === undefined && Number(found.split("/")[1]) < widest)
    return wrong(
      `the host's ranges of ClusterIPs are ${ranges.join(", ")}, and no range that an API server takes has them all`,
      "Take ServiceCIDRs away until one is left: kubectl get servicecidrs.",
    );
  if (configured === undefined) return fine(shown);
  return isWithin(found, configured)
    ? fine(configured)
    : wrong(
        `serviceCidr is ${configured}, and the host's is ${shown}: syncers would not start`,
        `Set it to the host's: ${setting("serviceCidr", found)}.`,
      );
}

/** Where nodes are reached, for Services of type NodePort. */
export const nodeAddressCheck: Check<Facts> = {
  name: "node address",
  look: async ({ settings, nodes }) => {
    const { expose, nodeAddress } = await settings.needed();
    if (expose !== "NodePort") return [];
    const found = nodeAddresses([...(await nodes.needed())]);
    if (found === undefined)
      return wrong("no node of the host is ready and has an InternalIP", "Look at kubectl get nodes.");
    return fine(`${nodeAddress ?? found.outside}, which must be reachable from where Pulumi runs`);
  },
};
