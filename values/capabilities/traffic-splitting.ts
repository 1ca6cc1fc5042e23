import { z } from "zod";
import { key } from "../../config/about.ts";
import { object, percentage } from "../../config/formats.ts";
import type { ReviewsVersion } from "../bookinfo.ts";
import { type Answer } from "./check.ts";
import { capability, type LabView, type Target } from "./definition.ts";
import { destinationOf, pathOf } from "./routes.ts";
import { federating, nextCluster, targetKnobs } from "./targets.ts";

const share = object({
  weight: key(percentage.int("expected a whole number"), "share of the requests, in percent", "must be set"),
  ...targetKnobs("the first one"),
});

export const trafficSplitting = capability({
  title: "traffic splitting",
  description:
    "divides requests for reviews among versions and clusters; by default 80 % stay, and 20 % go to the next cluster that runs Bookinfo",
  knobs: object({
    reviews: key(
      z
        .array(share, "expected a list of shares")
        .min(2, "expected two shares or more")
        .refine((shares) => sum(shares) === 100, {
          error: ({ input }) => `the weights add up to ${sum(input as z.output<typeof share>[])}, not to 100`,
        })
        .optional(),
      "the shares",
      "80 and 20, as said",
    ),
  }),
  plan: ({ reviews }, lab) => {
    const shares: readonly (Target & { weight: number })[] = reviews?.map((one, index) => ({
      ...one,
      cluster: one.cluster ?? lab.home,
      at: `reviews[${index}]`,
    })) ?? [
      { weight: 80, cluster: lab.home, at: "" },
      { weight: 20, cluster: nextCluster(lab), at: "" },
    ];
    const looks = [...new Set(shares.flatMap((target) => versionsAt(target, lab)).map(lookOf))];
    return {
      routes: ["reviews"],
      objects: {},
      targets: shares,
      destinations: shares.map(({ weight, cluster, version }) => ({
        ...destinationOf("reviews", cluster, version),
        weight,
      })),
      ...federating(lab, shares),
      check: {
        request: { path: pathOf.reviews, times: 100 },
        expected: `answers with ${looks.join(", with ")}`,
        isShown: (answers) => looks.every((look) => answers.some((answer) => lookOf(answer) === look)),
      },
    };
  },
});

const sum = (shares: readonly { readonly weight: number }[]): number =>
  shares.reduce((total, { weight }) => total + weight, 0);

const versionsAt = ({ cluster, version }: Target, { bookinfo }: LabView): readonly ReviewsVersion[] =>
  version === undefined ? (bookinfo.find((one) => one.cluster === cluster)?.reviews ?? []) : [version];

/** How one tells versions of reviews apart. */
const looks = { v1: "no stars", v2: "black stars", v3: "red stars" } as const;

/** How a version looks, or an answer with reviews. */
function lookOf(what: ReviewsVersion | Answer): string {
  if (typeof what === "string") return looks[what];
  const [, color] = /"color": ?"(\w+)"/.exec(what.body) ?? [];
  return color === undefined ? looks.v1 : `${color} stars`;
}
