import { key } from "../../config/about.ts";
import { count, duration, object, oneOf, percentage } from "../../config/formats.ts";
import { bookinfoNamespace, bookinfoServiceNames } from "../bookinfo.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { pathOf } from "./routes.ts";

/** When an endpoint counts as broken, and for how long; with it, failover knows when to leave. */
export const outlierKnobs = {
  consecutiveErrors: key(count.default(2), "errors in a row after which an endpoint is left out"),
  interval: key(duration.default("5s"), "how often that is looked at"),
  baseEjectionTime: key(duration.default("30s"), "how long it is left out, at first"),
  maxEjectionPercent: key(percentage.default(100), "how many endpoints at most, in percent"),
};

export const outlierDetection = capability({
  title: "outlier detection",
  description: "leaves out endpoints that fail; by default those of ratings, after two errors in a row",
  knobs: object({
    service: key(oneOf(bookinfoServiceNames).default("ratings"), "the service whose endpoints these are"),
    ...outlierKnobs,
  }),
  plan: ({ service, ...config }) => ({
    routes: [],
    objects: {
      policy: policy("resilience", "OutlierDetectionPolicy", "outlier-detection", {
        applyToDestinations: [{ selector: { namespace: bookinfoNamespace, labels: { app: service } } }],
        config,
      }),
    },
    check: {
      request: { path: pathOf.ratings, times: 60 },
      // Bookinfo's ratings has this in it: every second request fails.
      disturbance: {
        deployment: "ratings-v1",
        patch: containerOf("ratings", { name: "SERVICE_VERSION", value: "v-faulty" }),
        undo: containerOf("ratings", { name: "SERVICE_VERSION", $patch: "delete" }),
      },
      expected: "a run of 503 once ratings, which then fails every second time, is left out",
      isShown: (answers) => longestRun(answers.map(({ status }) => status === 503)) >= 10,
    },
  }),
});

/** A strategic merge patch of one variable of a Deployment's container. */
const containerOf = (name: string, variable: object): object => ({
  spec: { template: { spec: { containers: [{ name, env: [variable] }] } } },
});

/** Length of the longest run of what holds. */
const longestRun = (holds: readonly boolean[]): number =>
  holds.reduce(
    ({ run, longest }, one) => {
      const next = one ? run + 1 : 0;
      return { run: next, longest: Math.max(longest, next) };
    },
    { run: 0, longest: 0 },
  ).longest;
