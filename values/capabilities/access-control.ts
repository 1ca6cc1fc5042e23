import { z } from "zod";
import { key, listed } from "../../config/about.ts";
import { membersOf, object, oneOf } from "../../config/formats.ts";
import { bookinfoNamespace, bookinfoServiceNames } from "../bookinfo.ts";
import { gatewayNamespace, gateways } from "../istio.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { pathOf } from "./routes.ts";

/** Who may be a client: Bookinfo's services, and the ingress gateway. */
const clients = [...bookinfoServiceNames, "ingress"] as const;

const accountOf = (client: (typeof clients)[number]) =>
  client === "ingress"
    ? { name: gateways.ingress.name, namespace: gatewayNamespace }
    : { name: `bookinfo-${client}`, namespace: bookinfoNamespace };

export const accessControl = capability({
  title: "access control",
  description: "lets only some clients reach a service; by default only reviews may ask for ratings",
  knobs: object({
    allow: key(
      membersOf(bookinfoServiceNames, () => z.array(oneOf(clients), "expected a list of clients")).prefault({
        ratings: ["reviews"],
      }),
      `services, each with those who may: ${listed(clients)}`,
      "`ratings: [reviews]`",
    ),
    tlsMode: key(
      oneOf(["STRICT", "PERMISSIVE"]).default("STRICT"),
      "whether clients must use mutual TLS: `STRICT`, or `PERMISSIVE`",
    ),
  }),
  plan: ({ allow, tlsMode }) => {
    const mayAskForRatings = allow.ratings === undefined || allow.ratings.includes("productpage");
    return {
      routes: [],
      objects: Object.fromEntries(
        Object.entries(allow).map(([service, allowed = []]) => [
          service,
          policy("security", "AccessPolicy", `${service}-access`, {
            applyToDestinations: [{ selector: { namespace: bookinfoNamespace, labels: { app: service } } }],
            config: {
              authn: { tlsMode },
              authz: {
                allowedClients: allowed.map((client) => ({ serviceAccountSelector: accountOf(client) })),
              },
            },
          }),
        ]),
      ),
      check: {
        request: { path: pathOf.ratings, times: 5 },
        expected: mayAskForRatings
          ? "200: the product page may ask for ratings"
          : "403: the product page may not ask for ratings",
        isShown: (answers) => answers.every(({ status }) => status === (mayAskForRatings ? 200 : 403)),
      },
    };
  },
});
