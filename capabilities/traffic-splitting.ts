import { z } from "zod";
import { key } from "../schema/describe.ts";
import { object } from "../schema/fields.ts";
import { unlessTwice, weight } from "../schema/traffic-fields.ts";
import type { ReviewsVersion } from "../values/bookinfo.ts";
import type { Answer, CannotTell, Check } from "./common/check.ts";
import { capability, type Topology, type Target } from "./common/definition.ts";
import { destinationOf, pathOf } from "./common/routes.ts";
import { isShare, mostRequests, timesFor } from "./common/shares.ts";
import { federating, nextCluster, targetKnobs } from "./common/targets.ts";

const share = object({
  weight: key(weight, "share of the requests, in percent", "must be set"),
  ...targetKnobs("the first one"),
});

type Weighted = Target & { readonly weight: number };

export const trafficSplitting = capability({
  title: "traffic splitting",
  description:
    "divides requests for reviews among versions and clusters; by default 80 % stay, and 20 % go to the next cluster that runs Bookinfo",
  options: object({
    reviews: key(
      z
        .array(share, "expected a list of shares")
        .min(2, "expected two shares or more")
        .refine((shares) => sum(shares) === 100, {
          error: ({ input }) => `the weights add up to ${sum(input as z.output<typeof share>[])}, not to 100`,
        })
        .superRefine(
          unlessTwice(
            ({ cluster, version }) => `${version ?? "every version"} on ${cluster ?? "the first cluster"}`,
          ),
        )
        .optional(),
      "the shares",
      "80 and 20, as said",
    ),
  }),
  plan: ({ reviews }, lab) => {
    const shares: readonly Weighted[] = reviews?.map((one, index) => ({
      ...one,
      cluster: one.cluster ?? lab.ingressCluster,
      at: `reviews[${index}]`,
    })) ?? [
      { weight: 80, cluster: lab.ingressCluster, at: "" },
      { weight: 20, cluster: nextCluster(lab), at: "" },
    ];
    return {
      routes: ["reviews"],
      objects: {},
      targets: shares,
      destinations: shares.map(({ weight, cluster, version }) => ({
        ...destinationOf("reviews", cluster, version),
        weight,
      })),
      ...federating(lab, shares),
      check: checkOf(shares, lab),
    };
  },
});

const sum = (shares: readonly { readonly weight: number }[]): number =>
  shares.reduce((total, { weight }) => total + weight, 0);

/** How one tells versions of reviews apart. */
const looks = { v1: "no stars", v2: "black stars", v3: "red stars" } as const;
type Look = (typeof looks)[ReviewsVersion];

/** How many answers look how, in percent: the versions behind a share have equal parts of it. */
function partsOf(shares: readonly Weighted[], { bookinfo }: Topology): Map<Look, number> {
  const parts = new Map<Look, number>();
  for (const { weight, cluster, version } of shares) {
    const all = bookinfo.find((one) => one.cluster === cluster)?.reviews ?? [];
    const versions = version === undefined ? all : [version];
    for (const one of versions)
      parts.set(looks[one], (parts.get(looks[one]) ?? 0) + weight / versions.length);
  }
  return parts;
}

function checkOf(shares: readonly Weighted[], lab: Topology): Check | CannotTell {
  const parts = partsOf(shares, lab);
  const usual = partsOf([{ weight: 100, cluster: lab.ingressCluster, at: "" }], lab);
  const wanted = [...parts].filter(([, percent]) => percent > 0);
  const times = Math.max(100, ...wanted.map(([, percent]) => timesFor(percent)));
  if (times > mostRequests)
    return {
      cannotTell: `the smallest share would need ${times} requests to be seen, and an exercise sends ${mostRequests} at most`,
    };
  const isDifferent = Object.values(looks).some(
    (look) => !isShare(Math.round(((parts.get(look) ?? 0) * times) / 100), times, usual.get(look) ?? 0),
  );
  if (!isDifferent)
    return {
      cannotTell:
        "answers look alike with these shares and without: choose versions with other stars, or other weights",
    };
  return {
    request: { path: pathOf.reviews, times },
    expected: wanted
      .map(([look, percent]) => `${Math.round(percent)} % of the answers have ${look}`)
      .join(", "),
    isShown: (answers) =>
      answers.every((answer) => lookOf(answer) !== undefined) &&
      Object.values(looks).every((look) =>
        isShare(
          answers.filter((answer) => lookOf(answer) === look).length,
          answers.length,
          parts.get(look) ?? 0,
        ),
      ),
  };
}

/** How an answer with reviews looks; undefined where it has none, or not their ratings. */
function lookOf({ body }: Answer): Look | undefined {
  const [, color] = /"color": ?"(black|red)"/.exec(body) ?? [];
  if (color !== undefined) return color === "red" ? looks.v3 : looks.v2;
  return /"reviews": ?\[/.test(body) && !/"rating"/.test(body) ? looks.v1 : undefined;
}
