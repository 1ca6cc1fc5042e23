import { bookinfoNamespace, bookinfoPort, clusterLabel } from "../../values/bookinfo.ts";
import { type GlooResource, routeLabels } from "../../values/gloo-resources.ts";
import type { CheckRequest } from "./check.ts";

/**
 * Routes that policies are put on: `productpage` is the way in through the ingress gateway, the others are the ways of
 * Bookinfo's own requests inside the ingress cluster.
 */
export const meshServices = ["reviews", "ratings"] as const;
export const routeNames = ["productpage", ...meshServices] as const;
export type RouteName = (typeof routeNames)[number];

/** What a request to the ingress gateway asks for, so that it takes a route, and its status is that of the route. */
export const pathOf: Readonly<Record<RouteName, string>> = {
  productpage: "/productpage",
  reviews: "/api/v1/products/0/reviews",
  ratings: "/api/v1/products/0/ratings",
};

/** The routes that a request to the ingress gateway takes, by its path. */
const routesOf = (path: string): RouteName[] => [
  "productpage",
  ...meshServices.filter((service) => new RegExp(`^/api/v1/products/\\d+/${service}$`).test(path)),
];

/** Whether a request to the ingress gateway takes a route. */
export const isOn =
  (route: RouteName) =>
  ({ path }: Pick<CheckRequest, "path">): boolean =>
    routesOf(path).includes(route);

/** Selects the route of a name, for a policy. */
export const onRoute = (route: RouteName) => ({ applyToRoutes: [{ route: { labels: routeLabels(route) } }] });

/** A service of Bookinfo as the destination of a route; without a cluster, that of the policy or route table itself. */
export const destinationOf = (
  service: string,
  cluster?: string,
  version?: string,
): Readonly<Record<string, unknown>> => ({
  ref: { name: service, namespace: bookinfoNamespace, ...(cluster === undefined ? {} : { cluster }) },
  port: { number: bookinfoPort },
  ...(version === undefined ? {} : { subset: { version } }),
});

/**
 * Leads the requests that Bookinfo itself sends to one of its services on a cluster.
 *
 * @param destinations where to; default: to the service on that cluster
 */
export function meshRoute(
  service: (typeof meshServices)[number],
  cluster: string,
  destinations: readonly Readonly<Record<string, unknown>>[] = [destinationOf(service)],
): GlooResource {
  return {
    apiVersion: "networking.gloo.solo.io/v2",
    kind: "RouteTable",
    metadata: { name: service, namespace: bookinfoNamespace },
    spec: {
      hosts: [`${service}.${bookinfoNamespace}.svc.cluster.local`],
      workloadSelectors: [{ selector: { labels: { [clusterLabel]: cluster } } }],
      http: [
        {
          name: service,
          labels: routeLabels(service),
          matchers: [{ uri: { prefix: "/" } }],
          forwardTo: { destinations },
        },
      ],
    },
  };
}
