import { z } from "zod";
import { key } from "../schema/describe.ts";
import { object, url } from "../schema/fields.ts";
import { filled, unlessTwice } from "../schema/traffic-fields.ts";
import { bookinfoNamespace } from "../values/bookinfo.ts";
import { capability } from "./common/definition.ts";
import { policy } from "./common/policy.ts";
import { isOn, onRoute, pathOf } from "./common/routes.ts";
import { serverReference } from "./common/servers.ts";

const addOn = "ext-auth-service";

/** Name of the client that the lab's own identity provider knows. */
export const oidcClient = "bookinfo";

/** Path to which the identity provider sends people back. */
export const callbackPath = "/callback";

/** The Secret with the client's secret, of a type that Gloo Mesh looks for. */
export const clientSecret = {
  metadata: { name: "oidc-client", namespace: bookinfoNamespace },
  type: "extauth.solo.io/oauth",
  key: "client-secret",
};

/** A scope's characters are those of RFC 6749, which leaves out blanks. */
const scopes = z
  .array(
    z.string("expected a list of texts").regex(/^[!#-[\]-~]+$/, {
      error: ({ input }) => `${JSON.stringify(input)} is no scope; expected one without blanks, like email`,
    }),
    "expected a list of texts",
  )
  .superRefine(unlessTwice<string>((scope) => scope));

export const oidc = capability({
  title: "OIDC authentication",
  description: "lets in who has logged in; by default with a Keycloak that comes with it",
  addOn,
  options: object({
    issuer: key(
      object({
        url: key(url, "its URL", "must be set"),
        clientId: key(
          filled,
          "the client that it knows the lab as; its secret is `oidcClientSecret`",
          "must be set",
        ),
      }).optional(),
      "an identity provider of yours",
      "a Keycloak on the management cluster",
    ),
    scopes: key(scopes.default(["email"]), "what people are asked to share, beside `openid`"),
  }),
  plan: ({ issuer, scopes }, { ingressCluster, ingressUrl, issuerUrl }) => ({
    routes: ["productpage"],
    policy: "ExtAuthPolicy",
    keycloak: issuer === undefined,
    objects: {
      policy: policy("security", "ExtAuthPolicy", "oidc", {
        ...onRoute("productpage"),
        config: {
          server: serverReference(addOn, ingressCluster),
          glooAuth: {
            configs: [
              {
                oauth2: {
                  oidcAuthorizationCode: {
                    appUrl: ingressUrl,
                    callbackPath,
                    issuerUrl: issuer?.url ?? issuerUrl,
                    clientId: issuer?.clientId ?? oidcClient,
                    clientSecretRef: clientSecret.metadata,
                    scopes,
                    session: {
                      failOnFetchFailure: true,
                      redis: { cookieName: "mesh-lab-session", options: { host: "redis:6379" } },
                      // The lab's gateway has no certificate: browsers would keep a secure cookie to themselves.
                      cookieOptions: { notSecure: true },
                    },
                    headers: { idTokenHeader: "jwt" },
                  },
                },
              },
            ],
          },
        },
      }),
    },
    answers: [{ status: 302, isCertain: true, concerns: isOn("productpage") }],
    check: {
      request: { path: pathOf.productpage, times: 1 },
      statuses: [302],
      expected: `302 to the identity provider, as client ${issuer?.clientId ?? oidcClient}`,
      isShown: (answers) =>
        answers.every(({ headers }) =>
          isLogin(headers["location"] ?? "", issuer?.clientId ?? oidcClient, scopes),
        ),
    },
  }),
});

/** Whether a redirection asks people to log in, for this client and these scopes. */
function isLogin(location: string, clientId: string, scopes: readonly string[]): boolean {
  if (!URL.canParse(location)) return false;
  const { searchParams: query } = new URL(location);
  const asked = new Set(query.get("scope")?.split(" "));
  return (
    query.get("response_type") === "code" &&
    query.get("client_id") === clientId &&
    scopes.every((scope) => asked.has(scope))
  );
}
