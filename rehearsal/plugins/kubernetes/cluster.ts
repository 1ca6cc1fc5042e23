/** One cluster's API over plain JSON, with the credentials of a kubeconfig. */
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { isObject, type Props } from "../provider.ts";
import { at, groupOf, records, text } from "./object.ts";

/** Which object, or with no name which list of them. */
export interface Ref {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name?: string;
}

export interface Call {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export interface Cluster {
  /** Fails unless the server answers. */
  ping(signal: AbortSignal): Promise<void>;
  /** Whether the server has this kind, and if its objects live in namespaces; undefined if there is no such kind. */
  scope(apiVersion: string, kind: string): Promise<"namespaced" | "cluster" | undefined>;
  send(method: string, ref: Ref, call?: Call): Promise<Props>;
  /** The objects of a list, each with its apiVersion and kind. */
  list(ref: Ref, call?: Call): Promise<readonly Props[]>;
  /** Calls back with the named object now and after every change, undefined when it is not there, until stopped. */
  follow(ref: Ref, changed: (object: Props | undefined) => void, signal: AbortSignal): Promise<void>;
}

/** The server's answer to a request that it refused. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: unknown;

  constructor(code: number, status: unknown) {
    super(text(status, "message") || `the server answered ${code}`);
    this.code = code;
    this.reason = text(status, "reason");
    this.details = at(status, "details");
  }
}

/** The server knows no such kind (yet). */
export class NoMatchError extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind "${kind}" in version "${apiVersion}"`);
  }
}

const isNotFound = (error: unknown): boolean => error instanceof ApiError && error.code === 404;

/** Neither the object nor, maybe, its kind or its namespace is there. */
export const isAbsent = (error: unknown): boolean => isNotFound(error) || error instanceof NoMatchError;

async function textOf(response: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += String(chunk);
  return body;
}

/** The lines of a response that does not end, such as a watch. */
async function* lines(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of response.setEncoding("utf8")) {
    const parts = (rest + String(chunk)).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

/** A client for the kubeconfig's current cluster; nothing is sent before it is asked for something. */
export function connect(kubeConfig: KubeConfig): Cluster {
  const { server = "" } = kubeConfig.getCurrentCluster() ?? {};
  const resources = new Map<string, { plural: string; namespaced: boolean }>();
  let agent: Agent | undefined;

  async function open(method: string, path: string, call: Call = {}): Promise<IncomingMessage> {
    const options: RequestOptions = { method };
    await kubeConfig.applyToHTTPSOptions(options);
    const { ca, cert, key, servername, rejectUnauthorized } = options;
    // The library's agent opens a connection per request.
    agent ??= new Agent({ ca, cert, key, servername, rejectUnauthorized, keepAlive: true, timeout: 30_000 });
    const url = new URL(`${server}${path}?${new URLSearchParams(call.query).toString()}`);
    const body = call.body === undefined ? "" : JSON.stringify(call.body);
    const headers = {
      ...(options.headers as OutgoingHttpHeaders),
      accept: "application/json",
      "content-type": call.contentType ?? "application/json",
      // Node sends the body of a DELETE without saying how long it is.
      "content-length": Buffer.byteLength(body),
    };
    const { signal } = call;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(url, { ...options, agent, headers, signal } as RequestOptions, resolve);
      sent.on("error", reject).end(body);
    });
    const code = response.statusCode ?? 0;
    if (code < 300) return response;
    const answer = await textOf(response);
    throw new ApiError(code, answer.startsWith("{") ? JSON.parse(answer) : { message: answer.trim() });
  }

  const json = async (response: IncomingMessage): Promise<Props> =>
    JSON.parse(await textOf(response)) as Props;

  async function discover(apiVersion: string, kind: string) {
    const key = `${apiVersion}/${kind}`;
    if (!resources.has(key)) {
      const root = groupOf(apiVersion) === "" ? "/api" : "/apis";
      const found = await open("GET", `${root}/${apiVersion}`).then(json, (error: unknown) => {
        if (isNotFound(error)) return {};
        throw error;
      });
      for (const r of records(found, "resources")) {
        const plural = text(r, "name");
        if (plural.includes("/")) continue;
        resources.set(`${apiVersion}/${text(r, "kind")}`, { plural, namespaced: r["namespaced"] === true });
      }
    }
    return resources.get(key);
  }

  async function pathOf({ apiVersion, kind, namespace, name }: Ref): Promise<string> {
    const resource = await discover(apiVersion, kind);
    if (resource === undefined) throw new NoMatchError(apiVersion, kind);
    const root = groupOf(apiVersion) === "" ? "api" : "apis";
    const place = resource.namespaced ? `namespaces/${namespace || "default"}/` : "";
    const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
    return `/${root}/${apiVersion}/${place}${resource.plural}${object}`;
  }

  const send = async (method: string, ref: Ref, call?: Call): Promise<Props> =>
    json(await open(method, await pathOf(ref), call));

  async function followOnce({ name, ...ref }: Ref, changed: (o?: Props) => void, signal: AbortSignal) {
    const path = await pathOf(ref);
    const fieldSelector = `metadata.name=${name ?? ""}`;
    const found = await json(await open("GET", path, { query: { fieldSelector }, signal }));
    const [object] = records(found, "items");
    changed(object && { apiVersion: ref.apiVersion, kind: ref.kind, ...object });
    const resourceVersion = text(found, "metadata", "resourceVersion");
    const query = { fieldSelector, resourceVersion, watch: "true" };
    for await (const line of lines(await open("GET", path, { query, signal }))) {
      const event: unknown = JSON.parse(line);
      const next = at(event, "object");
      if (text(event, "type") === "ERROR" || !isObject(next)) return;
      changed(text(event, "type") === "DELETED" ? undefined : next);
    }
  }

  return {
    ping: async (signal) => {
      await textOf(await open("GET", "/version", { signal }));
    },
    scope: async (apiVersion, kind) => {
      const resource = await discover(apiVersion, kind);
      return resource && (resource.namespaced ? "namespaced" : "cluster");
    },
    send,
    list: async (ref, call) => {
      const { apiVersion, kind } = ref;
      return records(await send("GET", ref, call), "items").map((o) => ({ apiVersion, kind, ...o }));
    },
    follow: async (ref, changed, signal) => {
      while (!signal.aborted) {
        await followOnce(ref, changed, signal).catch((error: unknown) => {
          // Without its kind there is no object. A server that restarts is asked again, as long as the caller likes.
          if (isAbsent(error)) changed(undefined);
        });
        await sleep(1000, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
