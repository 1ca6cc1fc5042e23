import { z } from "zod";
import { key } from "../schema/describe.ts";
import { labelValue, object } from "../schema/fields.ts";
import { unlessTwice } from "../schema/traffic-fields.ts";
import { bookinfoNamespace, bookinfoPort } from "../values/bookinfo.ts";
import { northSouthGateway, routeLabels } from "../values/gloo-resources.ts";
import { withoutPods } from "./common/bookinfo-faults.ts";
import { capability } from "./common/definition.ts";
import { outlierKnobs } from "./outlier-detection.ts";
import { policy } from "./common/policy.ts";
import { pathOf } from "./common/routes.ts";
import { nextCluster } from "./common/targets.ts";

const service = "productpage";
const host = `${service}.global`;
const labels = { failover: "true" };
const toVirtualDestination = { applyToDestinations: [{ kind: "VIRTUAL_DESTINATION", selector: { labels } }] };

export const failover = capability({
  title: "failover",
  description: `one host, \`${host}\`, for the product pages of all clusters: the nearest one that works answers`,
  options: object({
    regions: key(
      z
        .array(
          object({ from: labelValue, to: labelValue }).refine(
            ({ from, to }) => from !== to,
            "requests of a region go to itself anyway: expected another one in `to`",
          ),
          "expected a list of regions from which, and to which",
        )
        .superRefine(unlessTwice(({ from, to }) => `from ${from} to ${to}`))
        .default([]),
      "where requests of a region go, as `from` and `to`",
      "to the nearest",
    ),
    ...outlierKnobs,
  }),
  plan: ({ regions, ...outliers }, lab) => {
    const others = lab.bookinfo.filter(({ cluster }) => cluster !== lab.ingressCluster);
    return {
      // Its way in is a route of its own: the lab's stays as it is, and shows what happens without a failover.
      routes: ["productpage"],
      targets:
        others.length === 0
          ? [{ at: "", cluster: nextCluster(lab) }]
          : others.map(({ cluster }) => ({ at: "", cluster })),
      objects: {
        destination: {
          apiVersion: "networking.gloo.solo.io/v2",
          kind: "VirtualDestination",
          metadata: { name: service, namespace: bookinfoNamespace, labels },
          spec: {
            hosts: [host],
            services: [{ namespace: bookinfoNamespace, labels: { app: service } }],
            ports: [{ number: bookinfoPort, protocol: "HTTP" }],
          },
        },
        route: {
          apiVersion: "networking.gloo.solo.io/v2",
          kind: "RouteTable",
          metadata: { name: "failover", namespace: bookinfoNamespace },
          spec: {
            hosts: [host],
            virtualGateways: [northSouthGateway(lab.ingressCluster)],
            workloadSelectors: [],
            http: [
              {
                name: "failover",
                // That of the lab's own way in: who must log in there, or is refused, is so here, too.
                labels: routeLabels("productpage"),
                matchers: [{ uri: { prefix: "/" } }],
                forwardTo: {
                  destinations: [
                    {
                      kind: "VIRTUAL_DESTINATION",
                      ref: { name: service, namespace: bookinfoNamespace },
                      port: { number: bookinfoPort },
                    },
                  ],
                },
              },
            ],
          },
        },
        policy: policy("resilience", "FailoverPolicy", "failover", {
          ...toVirtualDestination,
          config: {
            localityMappings: regions.map(({ from, to }) => ({
              from: { region: from },
              to: [{ region: to }],
            })),
          },
        }),
        // Without it no endpoint ever counts as broken.
        outliers: policy("resilience", "OutlierDetectionPolicy", "failover", {
          ...toVirtualDestination,
          config: outliers,
        }),
      },
      check: {
        request: { path: pathOf.productpage, headers: { host }, times: 10 },
        disturbance: withoutPods(service),
        expected: `200 for ${host} while ${lab.ingressCluster} has no product page of its own`,
        isShown: (answers) => answers.every(({ status }) => status === 200),
      },
    };
  },
});
