import type { IncomingMessage } from "node:http";
import { get, type RequestOptions } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig, KubernetesListObject, KubernetesObject } from "@kubernetes/client-node";
import type { Stop } from "./env.ts";
import { createKeyedQueue } from "./keyed-queue.ts";

/** What to do when an object is new or changed, and when it is gone. */
export interface Handlers<T extends KubernetesObject> {
  changed(object: T): void | Promise<void>;
  deleted?(object: T): void | Promise<void>;
}

/** The server ends a watch after this time; one that is silent for longer has lost its connection. */
const watchSeconds = 240;

/**
 * Follows all objects of a list path, e.g. "/api/v1/pods?labelSelector=app%3Dvcluster", until stopped, across restarts
 * of the server and while the kind is not known yet. Handlers are called for one state of an object after the other,
 * for the latest if several came meanwhile; one that fails is called again after a while, unless it has been overtaken.
 */
export function watch<T extends KubernetesObject>(
  kubeConfig: KubeConfig,
  path: string,
  on: Handlers<T>,
  log: (line: string) => void,
  retrySeconds = 1,
): Stop {
  const abort = new AbortController();
  const { signal } = abort;
  const seen = new Map<string, T>();
  let complaint: string | undefined;

  const complain = (text: string): void => {
    if (text !== complaint && !signal.aborted) log(text);
    complaint = text;
  };
  const pause = async (): Promise<void> => {
    await sleep(retrySeconds * 1000, undefined, { signal }).catch(() => undefined);
  };

  const queues = createKeyedQueue<T>({
    handle: ({ kind, object }) => (kind === "changed" ? on.changed(object) : on.deleted?.(object)),
    failed: async ({ object }, error) => {
      complain(`${path} ${keyOf(object)}: ${messageOf(error)}; trying again`);
      await pause();
    },
    stopped: () => signal.aborted,
  });

  function changed(object: T): void {
    const key = keyOf(object);
    const before = seen.get(key);
    if (before?.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    if (before !== undefined && before.metadata?.uid !== object.metadata?.uid) deleted(before);
    seen.set(key, object);
    queues.push(key, { kind: "changed", object });
  }

  function deleted(object: T): void {
    seen.delete(keyOf(object));
    queues.push(keyOf(object), { kind: "deleted", object });
  }

  async function list(): Promise<string | undefined> {
    const response = await open(kubeConfig, path, signal);
    const { items, metadata } = JSON.parse(await textOf(response)) as KubernetesListObject<T>;
    const present = new Set(items.map(keyOf));
    for (const [key, object] of seen) if (!present.has(key)) deleted(object);
    for (const item of items) changed(item);
    return metadata?.resourceVersion;
  }

  async function follow(): Promise<void> {
    let version: string | undefined;
    while (!signal.aborted) {
      try {
        version ??= await list();
        const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${watchSeconds}&resourceVersion=${version ?? ""}`;
        const response = await open(kubeConfig, `${path}${path.includes("?") ? "&" : "?"}${query}`, signal);
        for await (const line of linesOf(response)) {
          const { type, object } = JSON.parse(line) as { type: string; object: T };
          if (type === "ERROR") throw new Refusal((object as { code?: number }).code);
          version = object.metadata?.resourceVersion;
          if (type === "DELETED") deleted(object);
          else if (type !== "BOOKMARK") changed(object);
        }
        complaint = undefined;
      } catch (error) {
        if (error instanceof Refusal) {
          version = undefined;
          // The version is too old to go on from, or the kind is not there yet: both are part of life.
          if (error.code !== 410 && error.code !== 404) complain(`watch of ${path}: ${error.message}`);
          if (error.code === 410) continue;
        }
        await pause();
      }
    }
  }

  const following = follow();
  return async () => {
    abort.abort();
    await following;
    await queues.idle();
  };
}

class Refusal extends Error {
  readonly code: number | undefined;
  constructor(code: number | undefined) {
    super(`the server answered ${code ?? "with an error"}`);
    this.code = code;
  }
}

const keyOf = ({ metadata }: KubernetesObject): string =>
  `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function open(kubeConfig: KubeConfig, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const options: RequestOptions = { signal, timeout: (watchSeconds + 30) * 1000 };
  await kubeConfig.applyToHTTPSOptions(options);
  const server = kubeConfig.getCurrentCluster()?.server ?? "";
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(`${server}${path}`, options, resolve);
    request.on("timeout", () => request.destroy(new Error("silence")));
    request.on("error", reject);
  });
  if (response.statusCode === 200) return response.setEncoding("utf8");
  response.destroy();
  throw new Refusal(response.statusCode);
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk as string);
  return chunks.join("");
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of response) {
    const lines = `${rest}${chunk as string}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
