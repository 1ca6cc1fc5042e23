import { key } from "../../schema/describe.ts";
import { clusterName, oneOf } from "../../schema/fields.ts";
import { bookinfoNamespace, reviewsVersions } from "../../values/bookinfo.ts";
import type { WorkspaceOptions } from "../../values/gloo-resources.ts";
import type { Topology, Target } from "./definition.ts";

/** Where requests for reviews may be sent to. */
export const targetKnobs = (otherwise: string) => ({
  cluster: key(clusterName.optional(), "the workload cluster", otherwise),
  version: key(oneOf(reviewsVersions).optional(), "the version of `reviews` there", "all of them"),
});

/** The first other cluster that runs Bookinfo. */
export const nextCluster = ({ ingressCluster, bookinfo }: Topology): string | undefined =>
  bookinfo.find(({ cluster }) => cluster !== ingressCluster)?.cluster;

/** What the workspace must do so that services of other clusters can be named: nothing, where none is. */
export const federating = (lab: Topology, targets: readonly Target[]): { settings?: WorkspaceOptions } =>
  targets.every(({ cluster }) => cluster === lab.ingressCluster)
    ? {}
    : {
        settings: {
          federation: {
            enabled: true,
            hostSuffix: "global",
            serviceSelector: [{ namespace: bookinfoNamespace, labels: { app: "reviews" } }],
          },
        },
      };
