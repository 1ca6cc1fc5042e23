import { images } from "../versions/versions.ts";
import { mirrored } from "./images.ts";

/** A version of `reviews`: v1 shows no stars, v2 black ones, v3 red ones. */
export const reviewsVersions = ["v1", "v2", "v3"] as const;
export type ReviewsVersion = (typeof reviewsVersions)[number];

export const bookinfoPort = 9080;

/** Namespace of Bookinfo. */
export const bookinfoNamespace = "bookinfo";

/**
 * Label of Bookinfo's pods, with the name of their cluster. Labels are all that a route table can select workloads by
 * (from Gloo Mesh 2.4 on it refuses namespace and cluster), and they select in all clusters of the workspace.
 */
export const clusterLabel = "mesh-lab/cluster";

/** Names of Bookinfo's services. */
export const bookinfoServiceNames = ["details", "ratings", "reviews", "productpage"] as const;

/** A Bookinfo service and the versions of it that run. */
export interface BookinfoService {
  readonly name: (typeof bookinfoServiceNames)[number];
  readonly versions: readonly BookinfoVersion[];
}

export interface BookinfoVersion {
  readonly version: string;
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Directories that the program writes to, each given an empty volume; the image's user may not write elsewhere. */
  readonly scratch?: Readonly<Record<string, string>>;
}

export interface BookinfoServicesArgs {
  /** Versions of `reviews` that run side by side. */
  readonly reviews: readonly ReviewsVersion[];
  /** Tag of the images. */
  readonly tag: string;
  /** Mirror of all images; default: their own registries. */
  readonly imageRegistry?: string | undefined;
}

/** Bookinfo of Istio 1.11.4 as a table. */
export function bookinfoServices(args: BookinfoServicesArgs): readonly BookinfoService[] {
  const { reviews, tag, imageRegistry } = args;
  const hub = mirrored(images.bookinfoHub, imageRegistry);
  const image = (name: string) => `${hub}/examples-bookinfo-${name}:${tag}`;
  return [
    { name: "details", versions: [{ version: "v1", image: image("details-v1") }] },
    { name: "ratings", versions: [{ version: "v1", image: image("ratings-v1") }] },
    {
      name: "reviews",
      versions: reviews.map((version) => ({
        version,
        image: image(`reviews-${version}`),
        env: { LOG_DIR: "/tmp/logs" },
        scratch: { tmp: "/tmp", "wlp-output": "/opt/ibm/wlp/output" },
      })),
    },
    {
      name: "productpage",
      versions: [{ version: "v1", image: image("productpage-v1"), scratch: { tmp: "/tmp" } }],
    },
  ];
}
