import { key } from "../schema/describe.ts";
import { object } from "../schema/fields.ts";
import { share } from "../schema/traffic-fields.ts";
import type { CannotTell, Check } from "./common/check.ts";
import { capability, type Target } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { destinationOf, onRoute, pathOf } from "./common/routes.ts";
import { isShare, mostRequests, timesFor } from "./common/shares.ts";
import { federating, nextCluster, targetKnobs } from "./common/targets.ts";

export const mirroring = capability({
  title: "mirroring",
  description:
    "sends a copy of each request for reviews elsewhere, and drops its answer; by default to the next cluster that runs Bookinfo",
  options: object({
    percentage: key(share.default(100), "how many requests, in percent"),
    ...targetKnobs("the next one that runs Bookinfo"),
  }),
  plan: ({ percentage, cluster, version }, lab) => {
    const target: Target = {
      at: cluster === undefined && version === undefined ? "" : "cluster",
      cluster: cluster ?? nextCluster(lab),
      version,
    };
    return {
      routes: ["reviews"],
      targets: [target],
      objects: {
        policy: policy("trafficcontrol", "MirrorPolicy", "mirroring", {
          ...onRoute("reviews"),
          config: { destination: destinationOf("reviews", target.cluster, version), percentage },
        }),
      },
      ...federating(lab, [target]),
      check: checkOf(percentage, { ...target, cluster: target.cluster ?? lab.ingressCluster }),
    };
  },
});

/** A line of an access log about a request whose host is marked as a mirrored one. */
const copies = (log: string): number => log.split("\n").filter((line) => /-shadow\b/.test(line)).length;

function checkOf(
  percentage: number,
  { cluster, version }: { readonly cluster: string; readonly version?: string | undefined },
): Check | CannotTell {
  const times = Math.max(20, timesFor(percentage));
  if (times > mostRequests)
    return {
      cannotTell: `so few requests are copied that ${times} would be needed to see one, and an exercise sends ${mostRequests} at most`,
    };
  return {
    request: { path: pathOf.reviews, times },
    log: { cluster, app: "reviews", version },
    expected: `${percentage} % of the requests, with a host called -shadow, in the log of the proxies of reviews${version === undefined ? "" : ` ${version}`} on ${cluster}`,
    // The log may lag behind, and a request that is tried again is copied again.
    isShown: (answers, log) =>
      copies(log) > 0 && (percentage === 100 || isShare(copies(log), answers.length, percentage)),
  };
}
