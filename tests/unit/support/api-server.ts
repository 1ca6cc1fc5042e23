import { execFile } from "node:child_process";
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { stringify } from "yaml";

/** An answer: an object, a text as it is, a refusal with its code, or what decides between them anew at each request. */
export type Answer =
  object | string | { readonly refusal: number; readonly message: string } | (() => object | undefined);

/** An API server that answers from a table, `METHOD path` to answer. */
export interface FakeApiServer {
  readonly port: number;
  /** Kubeconfig for it. */
  readonly kubeconfig: string;
  /** What it was asked, in order. */
  readonly requests: readonly string[];
  /** What it was given last with each request. */
  readonly bodies: ReadonlyMap<string, unknown>;
}

const servers: Server[] = [];

/** Starts an API server; with a certificate it speaks TLS. */
export async function apiServer(
  answers: Readonly<Record<string, Answer>>,
  tls?: { readonly cert: string; readonly key: string },
): Promise<FakeApiServer> {
  const requests: string[] = [];
  const bodies = new Map<string, unknown>();
  const listener: RequestListener = (request, response) => {
    const key = `${request.method ?? ""} ${request.url ?? ""}`;
    requests.push(key);
    const parts: string[] = [];
    request.setEncoding("utf8").on("data", (part: string) => parts.push(part));
    request.on("end", () => {
      if (parts.length > 0) bodies.set(key, JSON.parse(parts.join("")));
      answer(key, response);
    });
  };
  const answer = (key: string, response: ServerResponse): void => {
    const given = answers[key];
    if (typeof given === "string") {
      response.writeHead(200, { "content-type": "text/plain" }).end(given);
      return;
    }
    const found = typeof given === "function" ? (given as () => object | undefined)() : given;
    const refusal = found === undefined ? 404 : "refusal" in found ? Number(found.refusal) : undefined;
    response.writeHead(refusal ?? 200, { "content-type": "application/json" });
    response.end(
      JSON.stringify(
        refusal === undefined
          ? found
          : { kind: "Status", code: refusal, ...(refusal === 404 && { reason: "NotFound" }), ...found },
      ),
    );
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const protocol = tls === undefined ? "http" : "https";
  const kubeconfig = stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "c", cluster: { server: `${protocol}://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
    ],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
  return { port, kubeconfig, requests, bodies };
}

/** Stops all of them. */
export function stopApiServers(): void {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
}

/** Runs a step as the program does. */
export function step(script: string, spec: object, environment: Readonly<Record<string, string>>) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      "node",
      [`dist/steps/${script}.js`, JSON.stringify(spec)],
      { env: { ...process.env, ...environment } },
      (_, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, stdout, stderr: stderr.trim() });
      },
    );
  });
}
