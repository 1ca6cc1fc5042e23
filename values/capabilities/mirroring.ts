import { key } from "../../config/about.ts";
import { object, percentage } from "../../config/formats.ts";
import { capability, type Target } from "./definition.ts";
import { policy } from "./policy.ts";
import { destinationOf, onRoute, pathOf } from "./routes.ts";
import { federating, nextCluster, targetKnobs } from "./targets.ts";

export const mirroring = capability({
  title: "mirroring",
  description:
    "sends a copy of each request for reviews elsewhere, and drops its answer; by default to the next cluster that runs Bookinfo",
  knobs: object({
    percentage: key(percentage.default(100), "how many requests, in percent"),
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
      check: {
        request: { path: pathOf.reviews, times: 20 },
        log: { cluster: target.cluster ?? lab.home, app: "reviews" },
        expected: `requests to a host called -shadow in the log of the proxies of reviews on ${target.cluster ?? lab.home}`,
        isShown: (_, log) => /-shadow\b/.test(log),
      },
    };
  },
});
