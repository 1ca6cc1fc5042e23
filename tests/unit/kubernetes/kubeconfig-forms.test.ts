import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { TLSSocket } from "node:tls";
import { CoreV1Api } from "@kubernetes/client-node";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { inOneLine } from "../../../kubernetes/connection/unreached.ts";
import { openPki } from "../../../rehearsal/host/base/pki.ts";
import { paths } from "../../../rehearsal/kit/paths.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";

const folder = mkdtempSync(join(tmpdir(), "forms-"));
const inFolder = (name: string): string => join(folder, name);
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What a server saw of a request. */
interface Seen {
  readonly authorization: string | undefined;
  readonly certificate: string | undefined;
  readonly impersonated: readonly string[];
  readonly sni: string | false | undefined;
}

const seen: Seen[] = [];
const listeners: (Server | TcpServer)[] = [];
const ports = { https: 0, http: 0, ipv6: 0, proxy: 0, authProxy: 0, socks: 0, silent: 0, refusing: 0 };
const through: string[] = [];

function answer(request: IncomingMessage): { readonly status: number; readonly body: object } {
  const socket = request.socket as TLSSocket;
  const raw = request.rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && /^impersonate-/i.test(name)
      ? [`${name.toLowerCase()}: ${request.rawHeaders[index + 1] ?? ""}`]
      : [],
  );
  const subject = (socket as Partial<TLSSocket>).getPeerCertificate?.().subject as
    { CN?: string } | undefined;
  seen.push({
    authorization: request.headers.authorization,
    certificate: subject?.CN,
    impersonated: raw.toSorted(),
    sni: (socket as { servername?: string | false }).servername,
  });
  if (request.headers.authorization === "Bearer stale")
    return { status: 401, body: { kind: "Status", apiVersion: "v1", code: 401, reason: "Unauthorized" } };
  return { status: 200, body: { kind: "Namespace", apiVersion: "v1", metadata: { name: "default" } } };
}

async function listen(server: Server | TcpServer, host = "127.0.0.1"): Promise<number> {
  listeners.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}

/** A proxy for CONNECT that knows api.lab.internal, and may want a password. */
function connectProxy(password?: string): Server {
  const wanted = password === undefined ? undefined : `Basic ${base64(password)}`;
  return createHttpServer((request, response) => {
    through.push(request.url ?? "");
    const { body } = answer(request);
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  }).on("connect", (request: IncomingMessage, client) => {
    if (wanted !== undefined && request.headers["proxy-authorization"] !== wanted) {
      client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    through.push(request.url ?? "");
    const upstream = connect(ports.https, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
}

/** A SOCKS5 proxy that wants user and password, and leads to the API server. */
const socksProxy = (): TcpServer =>
  createTcpServer((client) => {
    client.once("data", () => {
      client.write(Buffer.from([5, 2]));
      client.once("data", (login: Buffer) => {
        const user = login.subarray(2, 2 + (login[1] ?? 0)).toString();
        if (user !== "me") {
          client.end(Buffer.from([1, 1]));
          return;
        }
        client.write(Buffer.from([1, 0]));
        client.once("data", (request: Buffer) => {
          through.push(request.subarray(5, 5 + (request[4] ?? 0)).toString());
          const upstream = connect(ports.https, "127.0.0.1", () => {
            client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
            upstream.pipe(client).pipe(upstream);
          });
          upstream.on("error", () => client.destroy());
        });
      });
    });
    client.on("error", () => undefined);
  });

const pem = { ca: "", cert: "", key: "", otherCa: "" };

beforeAll(async () => {
  const pki = openPki(inFolder("pki"));
  const [authority, other] = await Promise.all([pki.authority("ca"), pki.authority("other")]);
  const hosts = ["127.0.0.1", "::1", "localhost", "api.lab.internal"];
  const server = await authority.issue("server", { commonName: "server", hosts });
  const client = await authority.issue("client", { commonName: "somebody" });
  Object.assign(pem, { ca: authority.cert, cert: client.cert, key: client.key, otherCa: other.cert });
  for (const [name, text] of Object.entries({ "ca.crt": pem.ca, "c.crt": pem.cert, "c.key": pem.key }))
    writeFileSync(inFolder(name), text);

  const respond: Parameters<typeof createHttpServer>[1] = (request, response) => {
    const { status, body } = answer(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  const tls = {
    cert: server.cert,
    key: server.key,
    ca: pem.ca,
    requestCert: true,
    rejectUnauthorized: false,
  };
  ports.https = await listen(createHttpsServer(tls, respond));
  ports.http = await listen(createHttpServer(respond));
  ports.ipv6 = await listen(createHttpsServer(tls, respond), "::1");
  ports.proxy = await listen(connectProxy());
  ports.authProxy = await listen(connectProxy("me:it's secret"));
  ports.socks = await listen(socksProxy());
  ports.silent = await listen(createTcpServer((socket) => socket.destroy()));
  const closed = createTcpServer();
  ports.refusing = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
});

afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => {
  for (const server of listeners) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true });
});

interface Form {
  readonly cluster?: object;
  readonly user?: object;
  readonly env?: Readonly<Record<string, string>>;
}

/** A kubeconfig of one context, in a folder of its own, from where its paths start. */
function written({ cluster = {}, user = {} }: Form): string {
  const own = mkdtempSync(inFolder("form-"));
  const file = join(own, "config");
  const whole = { server: `https://127.0.0.1:${ports.https}`, "certificate-authority-data": base64(pem.ca) };
  writeFileSync(
    file,
    stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { ...whole, ...cluster } }],
      users: [{ name: "u", user }],
      contexts: [{ name: "dev", context: { cluster: "c", user: "u" } }],
      "current-context": "dev",
    }),
  );
  return file;
}

/** What the server saw of the lab's request, or why there was none. */
async function asked(form: Form): Promise<Seen | string> {
  for (const [name, value] of Object.entries({ KUBECONFIG: written(form), ...form.env }))
    vi.stubEnv(name, value);
  seen.length = 0;
  try {
    await kubeConfigOf({}).makeApiClient(CoreV1Api).readNamespace({ name: "default" });
  } catch (error) {
    return inOneLine(error);
  }
  return seen.at(-1) ?? "nothing was asked";
}

/** What the server saw of kubectl's request; undefined if there was none that it answered. */
async function askedByKubectl(form: Form): Promise<Seen | undefined> {
  const file = written(form);
  seen.length = 0;
  const path = [form.env?.["PATH"], paths.bin, process.env["PATH"]].join(delimiter);
  const env = { HOME: folder, KUBECONFIG: file, ...form.env, PATH: path };
  const ok = await new Promise<boolean>((resolve) => {
    const args = ["get", "--raw", "/api/v1/namespaces/default", "--request-timeout=5s"];
    const child = execFile("kubectl", args, { env }, (error) => {
      resolve(error === null);
    });
    child.stdin?.end();
  });
  return ok ? seen.at(-1) : undefined;
}

/** A program that gives credentials, and notes what it was told. */
function plugin(name: string, status: object, more = ""): string {
  const file = inFolder(name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(
    file,
    `#!/bin/sh\nprintf '%s' "$KUBERNETES_EXEC_INFO" > '${inFolder("told")}'\n${more}\ncat <<'END'\n${JSON.stringify(
      {
        apiVersion: "client.authentication.k8s.io/v1",
        kind: "ExecCredential",
        status,
      },
    )}\nEND\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

const exec = (command: string, more: object = {}) => ({
  exec: { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "Never", ...more },
});

const jwt = (seconds: number): string =>
  ["{}", JSON.stringify({ exp: Math.round(Date.now() / 1000) + seconds }), "x"]
    .map((part) => Buffer.from(part).toString("base64url"))
    .join(".");

const internal = { server: "https://api.lab.internal:6443" };
const nothing = { authorization: undefined, certificate: undefined, impersonated: [] };

/** Forms that client-go documents: what is in the kubeconfig and the environment, and what arrives. */
const forms: readonly (readonly [form: string, given: () => Form, arrives: () => Partial<Seen>])[] = [
  ["a token", () => ({ user: { token: "t1" } }), () => ({ authorization: "Bearer t1" })],
  [
    "a tokenFile, from its kubeconfig's folder",
    () => {
      writeFileSync(inFolder("token"), "t2\n");
      return { user: { tokenFile: "../token" } };
    },
    () => ({ authorization: "Bearer t2" }),
  ],
  [
    "a tokenFile beside a token of before",
    () => ({ user: { token: "old", tokenFile: inFolder("token") } }),
    () => ({ authorization: "Bearer t2" }),
  ],
  [
    "a user with a password",
    () => ({ user: { username: "me", password: "pw" } }),
    () => ({ authorization: `Basic ${base64("me:pw")}` }),
  ],
  [
    "a client certificate as data",
    () => ({ user: { "client-certificate-data": base64(pem.cert), "client-key-data": base64(pem.key) } }),
    () => ({ authorization: undefined, certificate: "somebody" }),
  ],
  [
    "certificates in files, from its kubeconfig's folder",
    () => ({
      cluster: { "certificate-authority-data": undefined, "certificate-authority": "../ca.crt" },
      user: { "client-certificate": "../c.crt", "client-key": "../c.key" },
    }),
    () => ({ certificate: "somebody" }),
  ],
  [
    "a client certificate and a token",
    () => ({
      user: { "client-certificate": "../c.crt", "client-key": "../c.key", token: "t3" },
    }),
    () => ({ authorization: "Bearer t3", certificate: "somebody" }),
  ],
  [
    "another user to act for, with groups and more",
    () => ({
      user: {
        token: "t4",
        as: "other",
        "as-uid": "7",
        "as-groups": ["one,two", "three"],
        "as-user-extra": { "example.com/why": ["a", "b"] },
      },
    }),
    () => ({
      authorization: "Bearer t4",
      impersonated: [
        "impersonate-extra-example.com%2fwhy: a",
        "impersonate-extra-example.com%2fwhy: b",
        "impersonate-group: one,two",
        "impersonate-group: three",
        "impersonate-uid: 7",
        "impersonate-user: other",
      ].toSorted(),
    }),
  ],
  [
    "an oidc token that has time left",
    () => ({ user: { "auth-provider": { name: "oidc", config: oidc(3600) } } }),
    () => ({}),
  ],
  [
    "insecure-skip-tls-verify",
    () => ({
      cluster: { "certificate-authority-data": undefined, "insecure-skip-tls-verify": true },
      user: { token: "t5" },
    }),
    () => ({ authorization: "Bearer t5" }),
  ],
  [
    "tls-server-name",
    () => ({ cluster: { "tls-server-name": "api.lab.internal" }, user: { token: "t6" } }),
    () => ({ authorization: "Bearer t6", sni: "api.lab.internal" }),
  ],
  [
    "tls-server-name as an address",
    () => ({
      cluster: { "tls-server-name": "::1" },
      user: { token: "t6" },
    }),
    () => ({ authorization: "Bearer t6" }),
  ],
  [
    "an address of IPv6",
    () => ({ cluster: { server: `https://[::1]:${ports.ipv6}` }, user: { token: "t7" } }),
    () => ({ authorization: "Bearer t7" }),
  ],
  [
    "a server with a path and a slash at its end",
    () => ({ cluster: { server: `https://127.0.0.1:${ports.https}/` }, user: { token: "t8" } }),
    () => ({ authorization: "Bearer t8" }),
  ],
  [
    "http, to which nothing secret is sent",
    () => ({
      cluster: { server: `http://127.0.0.1:${ports.http}`, "certificate-authority-data": undefined },
      user: { token: "t9" },
    }),
    () => nothing,
  ],
  [
    "a server without a scheme, which is http",
    () => ({
      cluster: { server: `127.0.0.1:${ports.http}`, "certificate-authority-data": undefined },
      user: { token: "t9" },
    }),
    () => nothing,
  ],
  [
    "HTTPS_PROXY",
    () => ({
      cluster: internal,
      user: { token: "p1" },
      env: { HTTPS_PROXY: `http://127.0.0.1:${ports.proxy}`, NO_PROXY: "other.internal" },
    }),
    () => ({ authorization: "Bearer p1", sni: "api.lab.internal" }),
  ],
  [
    "https_proxy without a scheme",
    () => ({ cluster: internal, user: { token: "p2" }, env: { https_proxy: `127.0.0.1:${ports.proxy}` } }),
    () => ({ authorization: "Bearer p2" }),
  ],
  [
    "HTTP_PROXY for http",
    () => ({
      cluster: { server: "http://api.lab.internal", "certificate-authority-data": undefined },
      user: { as: "other", "as-groups": ["a", "b"] },
      env: { HTTP_PROXY: `http://127.0.0.1:${ports.proxy}` },
    }),
    () => ({ impersonated: ["impersonate-group: a", "impersonate-group: b", "impersonate-user: other"] }),
  ],
  [
    "proxy-url, which counts before the environment",
    () => ({
      cluster: { ...internal, "proxy-url": `http://127.0.0.1:${ports.proxy}` },
      user: { token: "p3" },
      env: { HTTPS_PROXY: `http://127.0.0.1:${ports.refusing}` },
    }),
    () => ({ authorization: "Bearer p3" }),
  ],
  [
    "proxy-url with a password",
    () => ({
      cluster: { ...internal, "proxy-url": `http://me:it's%20secret@127.0.0.1:${ports.authProxy}` },
      user: { "client-certificate": "../c.crt", "client-key": "../c.key" },
    }),
    () => ({ certificate: "somebody" }),
  ],
  [
    "proxy-url of SOCKS with a password",
    () => ({
      cluster: { ...internal, "proxy-url": `socks5://me:pw@127.0.0.1:${ports.socks}` },
      user: { token: "p4" },
    }),
    () => ({ authorization: "Bearer p4", sni: "api.lab.internal" }),
  ],
  [
    "NO_PROXY for the server",
    () => ({
      user: { token: "p5" },
      env: { HTTPS_PROXY: `http://127.0.0.1:${ports.refusing}`, NO_PROXY: "127.0.0.0/8" },
    }),
    () => ({ authorization: "Bearer p5" }),
  ],
  [
    "exec, from its kubeconfig's folder",
    () => {
      plugin("bin/get-cred", { token: "e1" });
      return { user: exec("../bin/get-cred") };
    },
    () => ({ authorization: "Bearer e1" }),
  ],
  [
    "exec on PATH, with arguments and environment",
    () => {
      plugin("path/lab-get-cred", { token: "e2" }, '[ "$1$WHO" = "--forme" ] || exit 3');
      return {
        user: exec("lab-get-cred", { args: ["--for"], env: [{ name: "WHO", value: "me" }] }),
        env: { PATH: [inFolder("path"), process.env["PATH"]].join(delimiter) },
      };
    },
    () => ({ authorization: "Bearer e2" }),
  ],
  [
    "exec that gives a client certificate",
    () => {
      plugin("certificate", { clientCertificateData: pem.cert, clientKeyData: pem.key });
      return { user: exec("../certificate") };
    },
    () => ({ authorization: undefined, certificate: "somebody" }),
  ],
  [
    "exec beside a token, which needs no asking",
    () => ({ user: { token: "e4", ...exec("/does/not/exist") } }),
    () => ({ authorization: "Bearer e4" }),
  ],
];

function oidc(seconds: number) {
  return { "id-token": jwt(seconds), "client-id": "lab", "idp-issuer-url": "https://127.0.0.1:1" };
}

describe("what kubectl can reach, the lab reaches", () => {
  it.each(forms)("%s", async (_, given, arrives) => {
    const form = given();
    const ours = await asked(form);
    expect(ours).toMatchObject(arrives());
    vi.unstubAllEnvs();
    expect(await askedByKubectl(form)).toEqual(ours);
  });
});

/** What is wrong, and what is said of it in one line after the context and its server. */
const refusals: readonly (readonly [form: string, given: () => Form, said: RegExp])[] = [
  [
    "nobody listens",
    () => ({ cluster: { server: `https://127.0.0.1:${ports.refusing}` } }),
    /nothing listens there: is the cluster running/,
  ],
  [
    "the connection is cut off",
    () => ({ cluster: { server: `https://127.0.0.1:${ports.silent}` } }),
    /the connection was cut off/,
  ],
  [
    "a name that does not resolve",
    () => ({ cluster: { server: "https://nowhere.invalid:6443" } }),
    /its name does not resolve: look at network/,
  ],
  [
    "http where the server speaks TLS",
    () => ({
      cluster: { server: `http://127.0.0.1:${ports.https}`, "certificate-authority-data": undefined },
    }),
    /the connection was cut off|answered 400/,
  ],
  [
    "TLS where the server speaks http",
    () => ({ cluster: { server: `https://127.0.0.1:${ports.http}` } }),
    /it does not speak TLS: is its URL to begin with http\?/,
  ],
  [
    "another authority",
    () => ({ cluster: { "certificate-authority-data": base64(pem.otherCa) } }),
    /its certificate is not of the kubeconfig's authority: fetch its kubeconfig again/,
  ],
  [
    "another name in the certificate",
    () => ({ cluster: { "tls-server-name": "other.internal" } }),
    /its certificate is for another name: look at server and tls-server-name/,
  ],
  [
    "a token that has expired",
    () => ({ user: { token: "stale" } }),
    /it does not take the credentials of user "u" \(401\): log in again, and try kubectl --context dev version/,
  ],
  [
    "a proxy that is not there",
    () => ({ cluster: { ...internal, "proxy-url": `http://127.0.0.1:${ports.refusing}` } }),
    /nothing listens there/,
  ],
  [
    "a proxy that wants a password",
    () => ({ cluster: { ...internal, "proxy-url": `http://127.0.0.1:${ports.authProxy}` } }),
    /the proxy answered 407: look at proxy-url and HTTPS_PROXY/,
  ],
  [
    "a SOCKS proxy that wants another password",
    () => ({ cluster: { ...internal, "proxy-url": `socks5://you:pw@127.0.0.1:${ports.socks}` } }),
    /Socks5 Authentication failed/,
  ],
  [
    "a program that is not there",
    () => ({ user: exec("lab-nowhere", { installHint: "Install it:\n  brew install it" }) }),
    /exec plugin lab-nowhere is not there\. Install it: brew install it$/,
  ],
  [
    "a program that fails",
    () => {
      plugin("failing", {}, "echo 'trace' >&2; echo 'no session: log in' >&2; exit 7");
      return { user: exec("../failing") };
    },
    /exec plugin \.\.\/failing failed with exit code 7: no session: log in$/,
  ],
  [
    "a program that prints something else",
    () => {
      plugin("wordy", {}, "echo secret; exit 0");
      return { user: exec("../wordy") };
    },
    /exec plugin \.\.\/wordy printed no ExecCredential$/,
  ],
  [
    "a program that gives nothing",
    () => {
      plugin("empty", {});
      return { user: exec("../empty") };
    },
    /gave neither a token nor a client certificate$/,
  ],
  [
    "a program's version that is gone",
    () => ({ user: exec("it", { apiVersion: "client.authentication.k8s.io/v1alpha1" }) }),
    /apiVersion "client\.authentication\.k8s\.io\/v1alpha1" is not supported/,
  ],
  [
    "a program that needs a terminal",
    () => ({ user: exec("it", { interactiveMode: "Always" }) }),
    /its interactiveMode is Always, and there is no terminal here/,
  ],
];

/** What is refused before anything is sent. */
const mistakes: readonly (readonly [form: string, given: () => Form, said: string])[] = [
  [
    "an authority and none wanted",
    () => ({ cluster: { "insecure-skip-tls-verify": true } }),
    'context "dev": a certificate authority and insecure-skip-tls-verify are both set, and only one may be',
  ],
  [
    "an authority twice",
    () => ({ cluster: { "certificate-authority": "../ca.crt" } }),
    'context "dev": certificate-authority and certificate-authority-data are both set, and only one may be',
  ],
  [
    "an authority that is none",
    () => ({ cluster: { "certificate-authority-data": base64("nonsense") } }),
    'context "dev": its certificate-authority holds no CERTIFICATE in PEM',
  ],
  [
    "a certificate without a key",
    () => ({ user: { "client-certificate": "../c.crt" } }),
    'context "dev": client-key or client-key-data is missing beside the client\'s certificate',
  ],
  [
    "a token and a password",
    () => ({ user: { token: "t", username: "me", password: "pw" } }),
    'context "dev": token and username are both set, and only one may be',
  ],
  [
    "groups without a user",
    () => ({ user: { token: "t", "as-groups": ["a"] } }),
    'context "dev": as-uid, as-groups and as-user-extra need as, the user to act for',
  ],
  [
    "a provider that client-go took out",
    () => ({ user: { "auth-provider": { name: "gcp" } } }),
    'context "dev": auth-provider gcp is no longer supported by Kubernetes\' clients: use exec with gke-gcloud-auth-plugin',
  ],
  [
    "a proxy that is none",
    () => ({ cluster: { "proxy-url": "ftp://me:pw@proxy" } }),
    'context "dev": its proxy ftp://proxy is no URL of http, https or socks5',
  ],
  [
    "a server that is none",
    () => ({ cluster: { server: "ftp://somewhere" } }),
    'context "dev": its server "ftp://somewhere" is no URL of http or https',
  ],
  ["no server", () => ({ cluster: { server: "" } }), 'context "dev": its cluster has no server'],
];

describe("what kubectl cannot reach, the lab says in one line", () => {
  it.each(refusals)("%s", async (_, given, said) => {
    const form = given();
    const ours = await asked(form);
    expect(ours).toMatch(/^context "dev" \(https?:\/\/\S+\): [^\n]+$/);
    expect(ours).toMatch(said);
    vi.unstubAllEnvs();
    expect(await askedByKubectl(form)).toBeUndefined();
  });

  it.each(mistakes)("%s", async (_, given, said) => {
    const form = given();
    expect(await asked(form)).toBe(said);
    vi.unstubAllEnvs();
    expect(await askedByKubectl(form)).toBeUndefined();
  });

  it("an oidc token that has expired, whose renewal is kubectl's", async () => {
    const form = { user: { "auth-provider": { name: "oidc", config: oidc(-60) } } };
    expect(await asked(form)).toContain("the id-token of its auth-provider oidc has expired");
  });
});

it("tells a program about its cluster, and asks again when what it gave has ended", async () => {
  const until = new Date(Date.now() - 1000).toISOString();
  plugin("told-more", { token: "e9", expirationTimestamp: until }, `echo . >> '${inFolder("calls")}'`);
  const extension = { name: "client.authentication.k8s.io/exec", extension: { audience: "lab" } };
  const form = {
    cluster: { extensions: [extension], "tls-server-name": "localhost" },
    user: exec("../told-more", { provideClusterInfo: true }),
  };
  vi.stubEnv("KUBECONFIG", written(form));
  const api = kubeConfigOf({}).makeApiClient(CoreV1Api);
  await api.readNamespace({ name: "default" });
  await api.readNamespace({ name: "default" });
  vi.unstubAllEnvs();
  const told: unknown = JSON.parse(readFileSync(inFolder("told"), "utf8"));
  expect(readFileSync(inFolder("calls"), "utf8")).toBe(".\n.\n");
  await askedByKubectl(form);
  expect(told).toEqual(JSON.parse(readFileSync(inFolder("told"), "utf8")));
});

it("asks a program once for many requests at a time", async () => {
  plugin("once", { token: "e10" }, `echo . >> '${inFolder("once-calls")}'`);
  vi.stubEnv("KUBECONFIG", written({ user: exec("../once") }));
  const api = kubeConfigOf({}).makeApiClient(CoreV1Api);
  await Promise.all(["a", "b", "c"].map((name) => api.readNamespace({ name })));
  expect(readFileSync(inFolder("once-calls"), "utf8")).toBe(".\n");
});
