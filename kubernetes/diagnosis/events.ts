import type { CoreV1Event, V1ObjectMeta } from "@kubernetes/client-node";

/** An event as plain data. */
export type SeenEvent = { readonly [Field in keyof CoreV1Event]: CoreV1Event[Field] };

/** An object that events are about. */
export interface Subject {
  readonly kind: string;
  readonly metadata?: V1ObjectMeta | undefined;
}

/** What cluster and controllers complain of about an object, the newest first; nothing where all has been well since. */
export type Complaints = (subject: Subject) => readonly string[];

/** When an event was seen last, in milliseconds; one that comes again is written anew. */
export function timeOf({ series, lastTimestamp, eventTime, metadata }: SeenEvent): number {
  const time = series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
  // The library leaves times with microseconds as the text that they were.
  return time === undefined ? 0 : new Date(time).getTime();
}

/** Kubernetes calls these normal, though nothing goes on from there. */
const quiet = new Set(["FailedBinding"]);

const isComplaint = ({ type, reason = "" }: SeenEvent): boolean => type === "Warning" || quiet.has(reason);

/** How controllers introduce what somebody else refused them. */
const introductions = [
  /^\(combined from similar events\): /,
  /^Error syncing to physical cluster: /,
  /^Error creating: /,
  /^create Pod \S+ in \w+ \S+ failed error: /,
];

/** An event's message without the words around its reason. */
const reasonIn = ({ message = "" }: SeenEvent): string =>
  introductions
    .reduce((text, introduction) => text.replace(introduction, ""), message)
    .replaceAll(/\s+/g, " ")
    .replace(/[. ]+$/, "");

const keyOf = (kind = "", namespace = "", name = ""): string => `${kind} ${namespace}/${name}`;

/**
 * What events say of each object. Those about an object that had the name before count for nothing, nor do those that
 * something normal has come after.
 */
export function complaintsIn(events: readonly SeenEvent[]): Complaints {
  const byObject = Map.groupBy(events, ({ involvedObject: { kind, namespace, name } }) =>
    keyOf(kind, namespace, name),
  );
  return ({ kind, metadata }) => {
    const own = (byObject.get(keyOf(kind, metadata?.namespace, metadata?.name)) ?? [])
      .filter(({ involvedObject: { uid } }) => isSame(uid, metadata?.uid))
      .toSorted((a, b) => timeOf(b) - timeOf(a));
    const firstNormal = own.findIndex((event) => !isComplaint(event));
    const end = firstNormal === -1 ? own.length : firstNormal;
    // Within a second there is no telling which came first.
    const since = own[end] === undefined ? -Infinity : timeOf(own[end]);
    return [...new Set(own.filter((event) => isComplaint(event) && timeOf(event) >= since).map(reasonIn))];
  };
}

const isSame = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined || a === "" || a === b;

/** Where vcluster notes on a copy what it is a copy of. */
const original = { name: "vcluster.loft.sh/object-name", namespace: "vcluster.loft.sh/object-namespace" };

/** Events about the host's copies as events about what they are copies of. */
export function eventsOfCopies(events: readonly SeenEvent[], copies: readonly Subject[]): SeenEvent[] {
  const byKey = new Map(
    copies.map(({ kind, metadata }) => [
      keyOf(kind, metadata?.namespace, metadata?.name),
      metadata?.annotations ?? {},
    ]),
  );
  return events.flatMap((event): SeenEvent[] => {
    const { kind, namespace, name } = event.involvedObject;
    const notes = byKey.get(keyOf(kind, namespace, name));
    if (kind === undefined || notes === undefined) return [];
    const [virtual, home] = [notes[original.name], notes[original.namespace]];
    if (virtual === undefined || home === undefined) return [];
    return [{ ...event, involvedObject: { kind, name: virtual, namespace: home } }];
  });
}
