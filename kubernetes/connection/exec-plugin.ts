import { spawn } from "node:child_process";
import { isAbsolute, join, sep } from "node:path";
import { type Connection, pemOf } from "./connection.ts";
import type { ExecConfig } from "./forms.ts";

/** What a program gave to identify the user with. */
export interface Credentials {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

interface Given {
  readonly credentials: Credentials;
  /** When they end, in milliseconds. */
  readonly until: number;
}

const apiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/** Where a cluster says something of its own to such programs. */
const extensionName = "client.authentication.k8s.io/exec";

/** By what was called: clients of one cluster ask once. */
const given = new Map<string, Promise<Given>>();

/**
 * What the program of a user's `exec` gives; it is called again when that has ended.
 *
 * @throws why there is nothing from it, with its own advice for where it is missing
 */
export async function execCredentials(connection: Connection, exec: ExecConfig): Promise<Credentials> {
  const key = keyOf(connection, exec);
  const before = given.get(key);
  const known = await before?.catch(() => undefined);
  if (known !== undefined && known.until > Date.now()) return known.credentials;
  // Somebody else may have asked meanwhile.
  if (given.get(key) === before) given.set(key, callPlugin(connection, exec));
  return (await given.get(key))?.credentials ?? {};
}

/** Forgets what the program gave, since the server does not take it. */
export function forgetCredentials(connection: Connection, exec: ExecConfig): void {
  given.delete(keyOf(connection, exec));
}

const keyOf = ({ server, user }: Connection, exec: ExecConfig): string =>
  JSON.stringify([server, user.folder, exec]);

async function callPlugin(connection: Connection, exec: ExecConfig): Promise<Given> {
  const { apiVersion = "", command = "", interactiveMode, args = [], env = [] } = exec;
  const name = `exec plugin ${command}`;
  if (command === "") throw new Error("exec: command is missing");
  if (!apiVersions.includes(apiVersion))
    throw new Error(
      `${name}: apiVersion "${apiVersion}" is not supported, expected ${apiVersions.join(" or ")}`,
    );
  const interactive = isInteractive(name, apiVersion, interactiveMode);
  const info = {
    apiVersion,
    kind: "ExecCredential",
    spec: { interactive, ...(exec.provideClusterInfo === true ? { cluster: clusterInfo(connection) } : {}) },
  };
  const output = await outputOf({
    name,
    program: programOf(command, connection.user.folder),
    args,
    env: {
      ...process.env,
      ...Object.fromEntries(env.map((variable) => [variable.name, variable.value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
    },
    interactive,
    installHint: exec.installHint,
  });
  return credentialsIn(name, apiVersion, output);
}

/** A command without a folder is looked for on PATH; another one starts from the folder of its file. */
const programOf = (command: string, folder: string | undefined): string =>
  folder === undefined || isAbsolute(command) || !command.includes(sep) ? command : join(folder, command);

function isInteractive(name: string, apiVersion: string, mode: string | undefined): boolean {
  const isTerminal = process.stdin.isTTY;
  switch (mode ?? (apiVersion.endsWith("/v1") ? "" : "IfAvailable")) {
    case "Never":
      return false;
    case "IfAvailable":
      return isTerminal;
    case "Always":
      if (!isTerminal)
        throw new Error(`${name}: its interactiveMode is Always, and there is no terminal here`);
      return true;
    default:
      throw new Error(`${name}: interactiveMode must be Never, IfAvailable or Always`);
  }
}

const clusterInfo = ({ server, cluster }: Connection): object => {
  const ca = pemOf(cluster, "certificate-authority");
  const config = cluster.extensions?.find(({ name }) => name === extensionName)?.extension;
  return {
    server,
    "tls-server-name": cluster["tls-server-name"],
    "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
    "certificate-authority-data": ca === undefined ? undefined : Buffer.from(ca).toString("base64"),
    "proxy-url": cluster["proxy-url"],
    "disable-compression": cluster["disable-compression"],
    config: config ?? null,
  };
};

interface PluginCall {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly interactive: boolean;
  readonly installHint: string | undefined;
}

function outputOf({ name, program, args, env, interactive, installHint }: PluginCall): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: [interactive ? "inherit" : "ignore", "pipe", "pipe"] });
    const [output, complaints]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (part: Buffer) => output.push(part));
    // Some ask the user there to log in.
    child.stderr.on("data", (part: Buffer) => {
      complaints.push(part);
      process.stderr.write(part);
    });
    child.on("error", ({ code, message }: NodeJS.ErrnoException) => {
      const why =
        { ENOENT: "is not there", EACCES: "may not be run" }[code ?? ""] ?? `cannot be run: ${message}`;
      const hint = installHint === undefined ? "" : `. ${oneLine(installHint)}`;
      reject(new Error(`${name} ${why}${hint}`));
    });
    child.on("close", (code, signal) => {
      if (code === 0) {
        resolve(Buffer.concat(output).toString());
        return;
      }
      const last = Buffer.concat(complaints).toString().trim().split("\n").at(-1) ?? "";
      const how = code === null ? `was ended by ${signal ?? "a signal"}` : `failed with exit code ${code}`;
      reject(new Error(`${name} ${how}${last === "" ? "" : `: ${oneLine(last)}`}`));
    });
  });
}

/** Without what would change the terminal. */
const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();

interface ExecCredential {
  readonly kind?: unknown;
  readonly apiVersion?: unknown;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

function credentialsIn(name: string, apiVersion: string, output: string): Given {
  const credential = parsed(output);
  if (credential?.kind !== "ExecCredential") throw new Error(`${name} printed no ExecCredential`);
  if (credential.apiVersion !== apiVersion)
    throw new Error(`${name} was asked for ${apiVersion}, and printed ${String(credential.apiVersion)}`);
  const {
    token = "",
    clientCertificateData = "",
    clientKeyData = "",
    expirationTimestamp,
  } = credential.status ?? {};
  if (token === "" && clientCertificateData === "" && clientKeyData === "")
    throw new Error(`${name} gave neither a token nor a client certificate`);
  if ((clientCertificateData === "") !== (clientKeyData === ""))
    throw new Error(`${name} gave a certificate or a key, and not both`);
  return {
    credentials: {
      ...(token === "" ? {} : { token }),
      ...(clientKeyData === "" ? {} : { cert: clientCertificateData, key: clientKeyData }),
    },
    until: expirationTimestamp === undefined ? Infinity : Date.parse(expirationTimestamp),
  };
}

/** What a program printed, if it is JSON; its text may be a token, and is not for messages. */
function parsed(output: string): ExecCredential | undefined {
  try {
    return JSON.parse(output) as ExecCredential;
  } catch {
    return undefined;
  }
}
