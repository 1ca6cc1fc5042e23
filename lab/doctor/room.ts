import { CoreV1Api } from "@kubernetes/client-node";
import { isOpenTo, type Place, placesOf } from "../../steps/placement.ts";
import { clustersIn } from "../lab.ts";
import type { PlannedPods } from "../rendered/pods.ts";
import { NoHelm } from "../rendered/helm.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "./check.ts";
import type { Facts } from "./facts.ts";
import { type Amounts, inWords, minus, nothing, plus, requestsOf } from "../../steps/quantity.ts";

export const roomCheck: Check<Facts> = {
  name: "room",
  look: async ({ settings, host, nodes, pods }) => {
    const [lab, { config }, list] = await Promise.all([settings.needed(), host.needed(), nodes.needed()]);
    const existing = await config.makeApiClient(CoreV1Api).listPodForAllNamespaces();
    try {
      return judgedRoom(placesOf(list, existing.items, clustersIn(lab)), await pods.get());
    } catch (error) {
      if (!(error instanceof NoHelm)) throw error;
      return doubtful(
        "not found out how much the lab asks for: there is no helm, which renders the charts",
        "Install helm, or make sure of some 3 CPUs and 12 GiB.",
      );
    }
  },
};

/** One pod that is to be placed. */
interface Need {
  readonly name: string;
  readonly amounts: Amounts;
  /** Names of the nodes that would take it, were they empty. */
  readonly places: readonly string[];
}

/**
 * Whether there is room for all pods. Each is given to the node with most room, the largest pod first; what pods want
 * to be near to or far from is not looked at.
 */
export function judgedRoom(places: readonly Place[], pods: readonly PlannedPods[]): Finding {
  const needs = pods.flatMap((pod) => needsOf(pod, places));
  const total = needs.map(({ amounts }) => amounts).reduce(plus, nothing);
  const free = places.map((place) => place.free).reduce(plus, nothing);
  const asked = `${needs.length} pods ask for ${inWords(total)}`;
  const there = `${places.length} ${places.length === 1 ? "node has" : "nodes have"} ${inWords(free)} free, for ${Math.max(0, free.pods)} pods`;
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
  if (homeless.length === 0) return fine(`${asked}; ${there}`, details);
  const some = homeless.slice(0, 3).map(({ name, amounts }) => `${name} (${inWords(amounts)})`);
  const rest = homeless.length > 3 ? ` and ${homeless.length - 3} more` : "";
  const found = `${asked}; ${there}: no room for ${some.join(", ")}${rest}`;
  const advice = "Make room on the host, add a node, or ask for less with resources.";
  // Pods that are placed in another order may all find room.
  const isCertain =
    !fits(total, free) || homeless.some((need) => !places.some((place) => takes(place, place.free, need)));
  return { ...(isCertain ? wrong(found, advice) : doubtful(found, advice)), details };
}

const needsOf = ({ cluster, workload, count, spec }: PlannedPods, places: readonly Place[]): Need[] => {
  const fitting = places.filter((place) => isOpenTo(place, spec)).map(({ name }) => name);
  const need = { name: `${cluster} ${workload}`, amounts: requestsOf(spec), places: fitting };
  return Array.from({ length: count }, () => need);
};

const fits = (need: Amounts, room: Amounts): boolean =>
  // Quantities like 0.1 do not add up exactly.
  need.cpu <= room.cpu + 1e-6 && need.memory <= room.memory && need.pods <= room.pods;

const takes = (place: Place, room: Amounts, { places, amounts }: Need): boolean =>
  places.includes(place.name) && fits(amounts, room);

/** How much of what there is something takes, of that which it takes most of. */
const share = (amounts: Amounts, of: Amounts): number =>
  Math.max(amounts.cpu / Math.max(of.cpu, 1e-6), amounts.memory / Math.max(of.memory, 1));

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
