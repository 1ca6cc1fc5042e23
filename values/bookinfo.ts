import { images } from "../versions.ts";

/** A version of `reviews`: v1 shows no stars, v2 black ones, v3 red ones. */
export const reviewsVersions = ["v1", "v2", "v3"] as const;
export type ReviewsVersion = (typeof reviewsVersions)[number];

export const bookinfoPort = 9080;

/** A Bookinfo service and the versions of it that run. */
export interface BookinfoService {
  readonly name: "details" | "ratings" | "reviews" | "productpage";
  readonly versions: readonly BookinfoVersion[];
}

export interface BookinfoVersion {
  readonly version: string;
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Directories that the program writes to, each given an empty volume; the image's user may not write elsewhere. */
  readonly scratch?: Readonly<Record<string, string>>;
}

/** Bookinfo of Istio 1.11.4 as a table, with the given versions of `reviews`. */
export function bookinfoServices(reviews: readonly ReviewsVersion[]): readonly BookinfoService[] {
  const image = (name: string) => `${images.bookinfo.hub}/examples-bookinfo-${name}:${images.bookinfo.tag}`;
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
