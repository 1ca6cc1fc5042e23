import { z } from "zod";
import { key, listed } from "../schema/describe.ts";
import { membersOf, object, oneOf } from "../schema/fields.ts";
import { unlessTwice } from "../schema/traffic-fields.ts";
import { bookinfoNamespace, bookinfoServiceNames } from "../values/bookinfo.ts";
import { gatewayNamespace, gateways } from "../values/istio.ts";
import type { Check, OwnAnswer } from "./common/check.ts";
import { capability } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { pathOf } from "./common/routes.ts";

/** Who may be a client: Bookinfo's services, and the ingress gateway. */
const clients = [...bookinfoServiceNames, "ingress"] as const;

type Service = (typeof bookinfoServiceNames)[number];
type Client = (typeof clients)[number];
type Allowed = Readonly<Partial<Record<Service, readonly Client[] | undefined>>>;

const accountOf = (client: Client) =>
  client === "ingress"
    ? { name: gateways.ingress.name, namespace: gatewayNamespace }
    : { name: `bookinfo-${client}`, namespace: bookinfoNamespace };

const allowed = z
  .array(oneOf(clients), "expected a list of clients")
  .min(1, `expected one client or more of ${clients.join(", ")}; without any, Gloo Mesh allows all of them`)
  .superRefine(unlessTwice<string>((client) => client));

export const accessControl = capability({
  title: "access control",
  description: "lets only some clients reach a service; by default only reviews may ask for ratings",
  options: object({
    allow: key(
      membersOf(bookinfoServiceNames, () => allowed)
        .prefault({ ratings: ["reviews"] })
        .refine(
          (services) => Object.values(services).some((some) => some !== undefined),
          `expected one service or more of ${bookinfoServiceNames.join(", ")}`,
        ),
      `services, each with those who may: ${listed(clients)}`,
      "`ratings: [reviews]`",
    ),
    tlsMode: key(
      oneOf(["STRICT", "PERMISSIVE"]).default("STRICT"),
      "whether clients must use mutual TLS: `STRICT`, or `PERMISSIVE`",
    ),
  }),
  plan: ({ allow, tlsMode }) => ({
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
    answers: refusals(allow),
    check: checkOf(allow, tlsMode),
  }),
});

/** Requests that show whether one may ask another: the status is that of the one who was asked. */
const askers: readonly { readonly path: string; readonly client: Client; readonly service: Service }[] = [
  { path: pathOf.productpage, client: "ingress", service: "productpage" },
  { path: pathOf.ratings, client: "productpage", service: "ratings" },
  { path: pathOf.reviews, client: "productpage", service: "reviews" },
  { path: "/api/v1/products/0", client: "productpage", service: "details" },
];

const refused = (allow: Allowed) =>
  askers.filter(({ client, service }) => allow[service]?.includes(client) === false);

function refusals(allow: Allowed): OwnAnswer[] {
  return refused(allow).map(({ path, client }) => ({
    status: 403,
    isCertain: true,
    // Who may not come in gets no answer to anything.
    concerns: (request) => client === "ingress" || request.path === path,
  }));
}

function checkOf(allow: Allowed, tlsMode: "STRICT" | "PERMISSIVE"): Check {
  const [first] = refused(allow);
  if (first !== undefined)
    return {
      request: { path: first.path, times: 5 },
      statuses: [403],
      expected: `403: ${nameOf(first.client)} may not ask ${nameOf(first.service)}`,
      isShown: (answers) => answers.every(({ status }) => status === 403),
    };
  // All who can be seen asking may do so; a client without an identity may not.
  const [service = "productpage"] = Object.keys(allow) as Service[];
  const status = tlsMode === "STRICT" ? 0 : 403;
  return {
    request: { path: outsidePaths[service], times: 1 },
    outsideOf: service,
    control: { path: pathOf.productpage, times: 1 },
    statuses: [status],
    expected: `${status === 0 ? "no answer" : status} of ${service} for a pod without a sidecar, which has no identity`,
    isShown: (answers) => answers.every((answer) => answer.status === status),
  };
}

const nameOf = (who: Client): string =>
  who === "ingress" ? "the ingress gateway" : who === "productpage" ? "the product page" : who;

/** What each service answers with 200 where everybody may ask. */
const outsidePaths: Readonly<Record<Service, string>> = {
  details: "/details/0",
  ratings: "/ratings/0",
  reviews: "/reviews/0",
  productpage: pathOf.productpage,
};
