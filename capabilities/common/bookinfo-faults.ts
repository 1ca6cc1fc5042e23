import type { Answer, Disturbance } from "./check.ts";
import type { RouteName } from "./routes.ts";

/** How long Bookinfo's product page waits for another service, in seconds. */
export const patience = 3;

/** How often it asks one before it gives up. */
export const attemptsFor: Readonly<Record<RouteName, number>> = { productpage: 1, reviews: 2, ratings: 1 };

/** Runs ratings in one of the variants that their image has. */
const ratingsAs = (variant: string): Disturbance => ({
  deployment: "ratings-v1",
  patch: ratingsWith({ name: "SERVICE_VERSION", value: variant }),
  undo: ratingsWith({ name: "SERVICE_VERSION", $patch: "delete" }),
});

const ratingsWith = (variable: object): object => ({
  spec: { template: { spec: { containers: [{ name: "ratings", env: [variable] }] } } },
});

/** Half of all requests for ratings are answered with 503. */
export const faultyRatings = ratingsAs("v-faulty");

/** Half of all requests for ratings are answered after this many seconds. */
export const ratingsDelay = 7;
export const slowRatings = ratingsAs("v-delayed");

/** A service without pods: requests for it are answered with 503. */
export const withoutPods = (service: string): Disturbance => ({
  deployment: `${service}-v1`,
  patch: { spec: { replicas: 0 } },
  undo: { spec: { replicas: 1 } },
});

/** Length of the longest run of answers with a status. */
export const longestRun = (answers: readonly Answer[], status: number): number =>
  answers.reduce(
    ({ run, longest }, answer) => {
      const next = answer.status === status ? run + 1 : 0;
      return { run: next, longest: Math.max(longest, next) };
    },
    { run: 0, longest: 0 },
  ).longest;
