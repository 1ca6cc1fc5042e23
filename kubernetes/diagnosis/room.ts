import type { V1Toleration } from "@kubernetes/client-node";
import { isOpenTo, type Place } from "./placement.ts";
import { type Amounts, inWords, minus, nothing, plus, requestsOf, wantsStorage } from "./amounts.ts";

/** Pods that are alike, as far as it matters where there is room for them. */
export interface PodsAlike {
  /** The virtual cluster that they make, or that they are in. */
  readonly cluster: string;
  readonly workload: string;
  readonly count: number;
  readonly spec: Parameters<typeof requestsOf>[0] & {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly V1Toleration[];
  };
}

/** One pod that is to be placed. */
interface Need {
  readonly name: string;
  readonly amounts: Amounts;
  /** Names of the nodes that would take it, were they empty. */
  readonly places: readonly string[];
}

/** Whether there is room for some pods. */
export interface Room {
  readonly verdict: "enough" | "perhaps" | "too little";
  /** What is asked for, what there is, and which pods find no room. */
  readonly found: string;
  readonly details: {
    readonly asked: Amounts;
    readonly nodes: readonly { readonly name: string; readonly free: Amounts; readonly used: Amounts }[];
    readonly noRoomFor: readonly string[];
  };
}

/**
 * Whether there is room for all pods. Each is given to the node with most room, the largest pod first; what pods want
 * to be near to or far from is not looked at.
 */
export function roomFor(pods: readonly PodsAlike[], places: readonly Place[]): Room {
  const needs = pods.flatMap((pod) => needsOf(pod, places));
  const total = needs.map(({ amounts }) => amounts).reduce(plus, nothing);
  const free = places.map((place) => place.free).reduce(plus, nothing);
  const asked = `${needs.length} pods ask for ${inWords(total)}`;
  const there = `${places.length} ${places.length === 1 ? "node has" : "nodes have"} ${inWords(free, wantsStorage(total))} free, for ${Math.max(0, free.pods)} pods`;
  const largestFirst = needs.toSorted((a, b) => share(b.amounts, free) - share(a.amounts, free));
  const { homeless, left } = placed(largestFirst, places);
  const details = {
    asked: total,
    nodes: places.map(({ name, free: room }) => ({
      name,
      free: room,
      used: minus(room, left.get(name) ?? room),
    })),
    noRoomFor: homeless.map(({ name }) => name),
  };
  if (homeless.length === 0) return { verdict: "enough", found: `${asked}; ${there}`, details };
  const some = homeless.slice(0, 3).map(({ name, amounts }) => `${name} (${inWords(amounts)})`);
  const rest = homeless.length > 3 ? ` and ${homeless.length - 3} more` : "";
  // Pods that are placed in another order may all find room.
  const isCertain =
    !fits(total, free) || homeless.some((need) => !places.some((place) => takes(place, place.free, need)));
  return {
    verdict: isCertain ? "too little" : "perhaps",
    found: `${asked}; ${there}: no room for ${some.join(", ")}${rest}`,
    details,
  };
}

/** What helps where there is too little room. */
export const roomAdvice =
  "Make room on the host, add a node, or ask for less: resources, values, fewer clusters.";

const needsOf = ({ cluster, workload, count, spec }: PodsAlike, places: readonly Place[]): Need[] => {
  const fitting = places.filter((place) => isOpenTo(place, spec)).map(({ name }) => name);
  const need = { name: `${cluster} ${workload}`, amounts: requestsOf(spec), places: fitting };
  return Array.from({ length: count }, () => need);
};

const fits = (need: Amounts, room: Amounts): boolean =>
  // Quantities like 0.1 do not add up exactly.
  need.cpu <= room.cpu + 1e-6 &&
  need.memory <= room.memory &&
  (need.ephemeralStorage ?? 0) <= (room.ephemeralStorage ?? Infinity) &&
  need.pods <= room.pods;

const takes = (place: Place, room: Amounts, { places, amounts }: Need): boolean =>
  places.includes(place.name) && fits(amounts, room);

/** How much of what there is something takes, of that which it takes most of. */
const share = (amounts: Amounts, of: Amounts): number =>
  Math.max(
    amounts.cpu / Math.max(of.cpu, 1e-6),
    amounts.memory / Math.max(of.memory, 1),
    (amounts.ephemeralStorage ?? 0) / Math.max(of.ephemeralStorage ?? Infinity, 1),
  );

function placed(needs: readonly Need[], places: readonly Place[]) {
  const left = new Map(places.map(({ name, free }) => [name, free]));
  const roomOf = ({ name, free }: Place): Amounts => left.get(name) ?? free;
  const homeless = needs.filter((need) => {
    const [best] = places
      .filter((place) => takes(place, roomOf(place), need))
      .sort((a, b) => share(need.amounts, roomOf(a)) - share(need.amounts, roomOf(b)));
    if (best === undefined) return true;
    left.set(best.name, minus(roomOf(best), need.amounts));
    return false;
  });
  return { homeless, left };
}
