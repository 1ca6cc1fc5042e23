/** Waiting for objects: until they are ready, until they are gone, and what stands in the way. */
import { isDeepStrictEqual } from "node:util";
import type { Props } from "../provider.ts";
import { awaiters, type Snapshot, type Verdict } from "./await.ts";
import type { Cluster, Ref } from "./cluster.ts";
import { annotated, annotation, at, nameOf, namespaceOf, number, records, text } from "./object.ts";

export interface Patience {
  /** Seconds. */
  readonly timeout: number;
  /** Aborted when the user gives up. */
  readonly signal: AbortSignal;
  /** Takes what is being waited for, again and again. */
  readonly say: (status: string) => void;
}

/** The object is there, but not as it should be. */
export class NotReady extends Error {
  readonly object: Props;
  readonly problems: readonly string[];

  constructor(message: string, object: Props, problems: readonly string[]) {
    super(message);
    this.object = object;
    this.problems = problems;
  }
}

/** The timeout of an operation: the resource option, else the annotation, else ten minutes. */
export const timeoutOf = (option: number, inputs: Props): number =>
  option || Number.parseInt(annotation(inputs, "pulumi.com/timeoutSeconds"), 10) || 600;

export const refOf = (o: Props): Required<Ref> => ({
  apiVersion: text(o, "apiVersion"),
  kind: text(o, "kind"),
  namespace: namespaceOf(o),
  name: nameOf(o),
});

const awaiterOf = (object: Props) => awaiters[`${text(object, "apiVersion")}/${text(object, "kind")}`];

async function relatedTo(cluster: Cluster, object: Props): Promise<readonly Props[]> {
  const kinds = Object.entries(awaiterOf(object)?.related ?? {});
  const namespace = namespaceOf(object);
  const lists = kinds.map(([kind, apiVersion]) => cluster.list({ apiVersion, kind, namespace }));
  return (await Promise.all(lists)).flat();
}

/** The verdict on an object as it is now, without waiting; undefined for kinds that are never judged on a read. */
export async function inspect(cluster: Cluster, object: Props): Promise<Verdict | undefined> {
  const awaiter = awaiterOf(object);
  if (awaiter?.onRead === undefined) return undefined;
  const ref = { ...refOf(object), kind: "Endpoints" };
  const endpoints = awaiter.endpoints && (await cluster.send("GET", ref).catch(() => undefined));
  return awaiter.judge({ object, related: await relatedTo(cluster, object), endpoints, settled: true });
}

/** Waits until the object just written is ready and returns it as it is then; throws NotReady. */
export async function untilReady(
  cluster: Cluster,
  written: Props,
  { timeout, signal, say }: Patience,
): Promise<Props> {
  const awaiter = awaiterOf(written);
  if (awaiter === undefined || annotated(written, "skipAwait")) return written;

  const state: { -readonly [K in keyof Snapshot]: Snapshot[K] } = {
    object: written,
    related: [],
    settled: false,
  };
  let news = Promise.withResolvers<undefined>();
  const wake = (): void => {
    news.resolve(undefined);
  };
  const stop = new AbortController();
  const over = AbortSignal.any([signal, AbortSignal.timeout((awaiter.limit ?? timeout) * 1000)]);
  const until = AbortSignal.any([stop.signal, over]);
  const ref = refOf(written);
  over.addEventListener("abort", wake);
  if (over.aborted) wake();

  void cluster.follow(
    ref,
    (object) => {
      const isStale = number(object, "metadata", "generation") < number(written, "metadata", "generation");
      if (object !== undefined && !isStale) state.object = object;
      wake();
    },
    until,
  );
  const timers = new Set<NodeJS.Timeout>();
  if (awaiter.endpoints) {
    void cluster.follow(
      { ...ref, kind: "Endpoints" },
      (endpoints) => {
        if (isDeepStrictEqual(endpoints, state.endpoints)) return;
        Object.assign(state, { endpoints, settled: false });
        timers.add(
          setTimeout(() => {
            state.settled = true;
            wake();
          }, 10_000),
        );
        wake();
      },
      until,
    );
  }
  // Pods change without a word from their owner.
  const ticker = setInterval(wake, 10_000);
  try {
    for (;;) {
      await news.promise;
      news = Promise.withResolvers<undefined>();
      state.related = await relatedTo(cluster, state.object).catch(() => state.related);
      // When the time is up, a service is taken as it is.
      const verdict = awaiter.judge(over.aborted ? { ...state, settled: true } : state);
      if (verdict.ready) return state.object;
      if (over.aborted || verdict.failed) {
        const name = nameOf(written);
        const message = signal.aborted
          ? `Resource operation was cancelled for "${name}"`
          : verdict.failed
            ? `Resource '${name}' was created but failed to initialize`
            : `'${name}' timed out waiting to be Ready`;
        throw new NotReady(message, state.object, verdict.problems);
      }
      say(verdict.status);
    }
  } finally {
    stop.abort();
    clearInterval(ticker);
    for (const timer of timers) clearTimeout(timer);
  }
}

/** What a namespace that is being deleted says is left in it. */
const leftIn = (object: Props | undefined): string[] =>
  records(object, "status", "conditions")
    .filter((c) => text(c, "type").startsWith("Namespace") && c["status"] === "True")
    .map((c) => `${text(c, "type")}: ${text(c, "message")}`);

const finalizersOf = (object: Props | undefined): unknown[] =>
  [at(object, "metadata", "finalizers"), at(object, "spec", "finalizers")].flat().filter(Boolean);

/** Waits until the object is gone, whoever comes after it under the same name. */
export async function untilGone(
  cluster: Cluster,
  ref: Required<Ref>,
  { timeout, signal, say }: Patience,
): Promise<void> {
  const stop = new AbortController();
  const over = AbortSignal.any([signal, AbortSignal.timeout(timeout * 1000)]);
  const { promise: gone, resolve } = Promise.withResolvers<boolean>();
  const giveUp = (): void => {
    resolve(false);
  };
  over.addEventListener("abort", giveUp);
  if (over.aborted) giveUp();
  let last: Props | undefined;
  const changed = (object: Props | undefined): void => {
    const another = last !== undefined && at(object, "metadata", "uid") !== at(last, "metadata", "uid");
    if (object === undefined || another) {
      resolve(true);
      return;
    }
    last = object;
    say(leftIn(object).join("; "));
  };
  void cluster.follow(ref, changed, AbortSignal.any([stop.signal, over]));
  try {
    if (await gone) return;
    if (signal.aborted) throw new Error(`Resource operation was cancelled for "${ref.name}"`);
    const finalizers = finalizersOf(last).join(", ");
    throw new Error(
      [
        `timed out waiting for the condition: ${ref.kind} "${ref.name}" is still there`,
        ...(finalizers === "" ? [] : [`finalizers might be preventing deletion (${finalizers})`]),
        ...leftIn(last),
      ].join("; "),
    );
  } finally {
    stop.abort();
  }
}
