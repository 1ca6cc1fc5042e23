import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions } from "node:tls";
import { type Connection, pemOf, placed } from "./connection.ts";
import { type Credentials, execCredentials } from "./exec-plugin.ts";
import type { Cluster, User } from "./forms.ts";

export type Header = readonly [name: string, value: string];

/** What TLS needs to know of both sides. */
export type Tls = Pick<
  ConnectionOptions,
  "ca" | "cert" | "key" | "servername" | "rejectUnauthorized" | "checkServerIdentity"
>;

/** With what a request is sent. */
interface Secured {
  readonly tls: Tls;
  readonly headers: readonly Header[];
}

/** With what requests on a connection are sent now: files are read, and programs asked, each time. */
export async function secured(connection: Connection): Promise<Secured> {
  const { server, cluster, user } = connection;
  // Who is not sure of the server tells it no secret.
  if (server.startsWith("http:")) return { tls: {}, headers: impersonation(user) };
  const credentials = await credentialsOf(connection);
  return {
    tls: { ...serverTls(cluster), ...clientTls(credentials) },
    headers: [...authorization(credentials), ...impersonation(user)],
  };
}

interface Known extends Credentials {
  readonly basic?: string;
}

async function credentialsOf(connection: Connection): Promise<Known> {
  const { user } = connection;
  const { username, password = "", exec } = user;
  const [cert, key] = [pemOf(user, "client-certificate"), pemOf(user, "client-key")];
  const token = tokenOf(user);
  const own: Known = {
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(token === undefined ? {} : { token }),
    ...(username === undefined ? {} : { basic: Buffer.from(`${username}:${password}`).toString("base64") }),
  };
  return exec !== undefined && Object.keys(own).length === 0 ? execCredentials(connection, exec) : own;
}

/** A token out of its file is of now, and one beside it of before. */
function tokenOf(user: User): string | undefined {
  const { token, tokenFile } = user;
  if (tokenFile === undefined) return token ?? user["auth-provider"]?.config?.["id-token"];
  const read = readFileSync(placed(user, tokenFile), "utf8").trim();
  if (read !== "") return read;
  if (token !== undefined) return token;
  throw new Error(`its tokenFile ${tokenFile} is empty`);
}

const authorization = ({ token, basic }: Known): Header[] =>
  token !== undefined
    ? [["Authorization", `Bearer ${token}`]]
    : basic !== undefined
      ? [["Authorization", `Basic ${basic}`]]
      : [];

function serverTls(cluster: Cluster): Tls {
  const ca = pemOf(cluster, "certificate-authority");
  const name = cluster["tls-server-name"];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cluster["insecure-skip-tls-verify"] === true ? { rejectUnauthorized: false } : {}),
    ...(name === undefined ? {} : nameTls(name)),
  };
}

/** An address is none to ask for, and to be found in the certificate all the same. */
const nameTls = (name: string): Tls =>
  isIP(name) === 0
    ? { servername: name }
    : { checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate) };

const clientTls = ({ cert, key }: Credentials): Tls =>
  cert === undefined || key === undefined ? {} : { cert, key };

/** As whom the user acts. */
function impersonation(user: User): Header[] {
  const { as } = user;
  if (as === undefined) return [];
  const uid = user["as-uid"];
  return [
    ["Impersonate-User", as],
    ...(uid === undefined ? [] : [["Impersonate-Uid", uid] as const]),
    ...(user["as-groups"] ?? []).map((group): Header => ["Impersonate-Group", group]),
    ...Object.entries(user["as-user-extra"] ?? {}).flatMap(([key, values]) =>
      values.map((value): Header => [`Impersonate-Extra-${escaped(key)}`, value]),
    ),
  ];
}

/** A key as it may stand in the name of a header. */
const escaped = (key: string): string =>
  [...Buffer.from(key)]
    .map((byte) => String.fromCharCode(byte))
    .map((letter) =>
      /[A-Za-z0-9!#$&'*+.^_`|~-]/.test(letter)
        ? letter
        : `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
