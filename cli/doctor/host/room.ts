import { CoreV1Api } from "@kubernetes/client-node";
import { requestsOf, wantsStorage } from "../../../kubernetes/diagnosis/amounts.ts";
import { isOpenTo, type Place, placesOf } from "../../../kubernetes/diagnosis/placement.ts";
import { type PodsAlike, roomAdvice, roomFor } from "../../../kubernetes/diagnosis/room.ts";
import { reckonedPods } from "../../../plan/pods.ts";
import { clustersIn } from "../../stack/lab.ts";
import { NoHelm } from "../../rendered/helm.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "../check.ts";
import type { Facts } from "../facts.ts";

export const roomCheck: Check<Facts> = {
  name: "room",
  look: async ({ settings, host, nodes, pods }) => {
    const [lab, { config }, list] = await Promise.all([settings.needed(), host.needed(), nodes.needed()]);
    const existing = await config.makeApiClient(CoreV1Api).listPodForAllNamespaces();
    const places = placesOf(list, existing.items, clustersIn(lab));
    try {
      const all = await pods.get();
      return [judgedRoom(places, all), ...judgedUntold(places, all)];
    } catch (error) {
      if (!(error instanceof NoHelm)) throw error;
      // Without helm, which renders charts, they are taken for what the lab's own versions come to.
      const reckoned = reckonedPods(lab);
      const finding = judgedRoom(places, reckoned);
      return [
        { ...finding, found: `${finding.found}; reckoned without helm` },
        ...judgedUntold(places, reckoned),
      ];
    }
  },
};

/**
 * What to make of nodes that tell no ephemeral storage, as with rootless kind. Room is reckoned as if they had enough,
 * and a scheduler takes them to have none.
 * Source: `localStorageCapacityIsolation` of a kubelet's configuration, `fitsRequest` of the scheduler's NodeResourcesFit.
 */
export function judgedUntold(places: readonly Place[], pods: readonly PodsAlike[]): Finding[] {
  const asking = pods.filter(({ count, spec }) => count > 0 && wantsStorage(requestsOf(spec)));
  const untold = places.filter(
    (place) => place.free.ephemeralStorage === undefined && asking.some(({ spec }) => isOpenTo(place, spec)),
  );
  if (untold.length === 0) return [];
  const names = untold.map(({ name }) => name).join(", ");
  const workloads = asking.map(({ workload }) => workload).join(", ");
  return [
    doubtful(
      `${names} ${untold.length === 1 ? "tells" : "tell"} of no ephemeral storage, and pods that ask for some are not put there: ${workloads}`,
      "See that other nodes tell of it (kubectl describe nodes), or have control planes ask for none: null for ephemeral-storage in requests and limits of values.vcluster.controlPlane.statefulSet.resources.",
    ),
  ];
}

const judgements = { enough: fine, perhaps: doubtful, "too little": wrong };

/** What to make of the room that there is for pods. */
export function judgedRoom(places: readonly Place[], pods: readonly PodsAlike[]): Finding {
  const { verdict, found, details } = roomFor(pods, places);
  return verdict === "enough" ? fine(found, details) : { ...judgements[verdict](found, roomAdvice), details };
}
