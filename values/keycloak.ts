import { images } from "../versions/versions.ts";
import { mirrored } from "./images.ts";

/** Namespace of Keycloak on the management cluster, and name of all that it is made of. */
export const keycloak = "keycloak";

/** Secret with the names and passwords that people log in with. */
export const keycloakLogins = "keycloak-logins";

/** The realm that people of the lab are in. */
const realm = "lab";

/** Port that Keycloak listens on, without TLS. */
export const keycloakPort = 8080;

/** Path by which one sees that the realm is there. */
export const realmPath = `/realms/${realm}`;

/** Name of the one who may come in, and of the one who may change all. */
export const keycloakUsers = { reader: "reader", administrator: "admin" } as const;

/** Keycloak's container, as far as it does not depend on the lab it is for. */
export const keycloakContainer = (tag: string, imageRegistry?: string) => ({
  name: keycloak,
  image: `${mirrored(images.keycloak, imageRegistry)}:${tag}`,
  resources: { requests: { cpu: "100m", memory: "768Mi" } },
});

export interface RealmArgs {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where people may be sent back to. */
  readonly redirectUri: string;
  /** Password of the reader. */
  readonly password: string;
}

/** The realm as Keycloak imports it when it starts: one client, and one user. */
export const keycloakRealm = ({ clientId, clientSecret, redirectUri, password }: RealmArgs) => ({
  realm,
  enabled: true,
  // The lab has no certificates for people's browsers.
  sslRequired: "none",
  clients: [
    {
      clientId,
      secret: clientSecret,
      enabled: true,
      protocol: "openid-connect",
      publicClient: false,
      standardFlowEnabled: true,
      directAccessGrantsEnabled: false,
      redirectUris: [redirectUri],
    },
  ],
  users: [
    {
      username: keycloakUsers.reader,
      enabled: true,
      // Without all of these it asks for them at the first login.
      firstName: "Mesh",
      lastName: "Lab",
      email: "reader@mesh-lab.example",
      emailVerified: true,
      credentials: [{ type: "password", value: password, temporary: false }],
    },
  ],
});
