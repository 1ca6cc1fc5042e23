import { CoreV1Api } from "@kubernetes/client-node";
import { type Place, placesOf } from "../../../kubernetes/diagnosis/placement.ts";
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
      return judgedRoom(places, await pods.get());
    } catch (error) {
      if (!(error instanceof NoHelm)) throw error;
      // Without helm, which renders charts, they are taken for what the lab's own versions come to.
      const finding = judgedRoom(places, reckonedPods(lab));
      return { ...finding, found: `${finding.found}; reckoned without helm` };
    }
  },
};

const judgements = { enough: fine, perhaps: doubtful, "too little": wrong };

/** What to make of the room that there is for pods. */
export function judgedRoom(places: readonly Place[], pods: readonly PodsAlike[]): Finding {
  const { verdict, found, details } = roomFor(pods, places);
  return verdict === "enough" ? fine(found, details) : { ...judgements[verdict](found, roomAdvice), details };
}
