import { key } from "../../config/about.ts";
import { object, text, texts, url } from "../../config/formats.ts";
import { bookinfoNamespace } from "../bookinfo.ts";
import { capability } from "./definition.ts";
import { policy } from "./policy.ts";
import { onRoute, pathOf } from "./routes.ts";
import { serverReference } from "./servers.ts";

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

export const oidc = capability({
  title: "OIDC authentication",
  description: "lets in who has logged in; by default with a Keycloak that comes with it",
  addOn,
  knobs: object({
    issuer: key(
      object({
        url: key(url, "its URL", "must be set"),
        clientId: key(
          text,
          "the client that it knows the lab as; its secret is `oidcClientSecret`",
          "must be set",
        ),
      }).optional(),
      "an identity provider of yours",
      "a Keycloak on the management cluster",
    ),
    scopes: key(texts.default(["email"]), "what people are asked to share, beside `openid`"),
  }),
  plan: ({ issuer, scopes }, { home, ingressUrl, issuerUrl }) => ({
    routes: ["productpage"],
    policy: "ExtAuthPolicy",
    keycloak: issuer === undefined,
    objects: {
      policy: policy("security", "ExtAuthPolicy", "oidc", {
        ...onRoute("productpage"),
        config: {
          server: serverReference(addOn, home),
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
    check: {
      request: { path: pathOf.productpage, times: 1 },
      expected: "302 to the identity provider",
      isShown: (answers) =>
        answers.every(
          ({ status, headers }) =>
            status === 302 && headers["location"]?.includes("response_type=code") === true,
        ),
    },
  }),
});
