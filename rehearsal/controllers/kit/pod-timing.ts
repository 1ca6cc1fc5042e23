import type { V1Pod } from "@kubernetes/client-node";
import { delayOf, type Timing } from "../../profile/delays.ts";
import { containersOf, meta } from "./objects.ts";
import { origin } from "./translate.ts";

/** How many seconds after its start a pod's containers run: from then on it is ready, or crashes, or is done. */
export const runsAfter = "rehearsal.mesh-lab.dev/runs-after";

/** What Kubernetes makes random parts of names of: no vowels, so that no words come out. */
const letters = "[bcdfghjklmnpqrstvwxz2456789]";
const randomEnd = new RegExp(`(-${letters}{1,10})?-${letters}{5}$`);

/** A pod by what is the same in every rehearsal: its namespaces, and its name without what is random in it. */
export function steadyNameOf(pod: V1Pod): string {
  const { namespace, name, annotations } = meta(pod);
  const inside = annotations[origin.name];
  const path = inside === undefined ? [namespace] : [namespace, annotations[origin.namespace]];
  return [...path, (inside ?? name).replace(randomEnd, "")].join("/");
}

/** The images that nodes have or pull; time is in milliseconds. */
export interface Images {
  /** What a pod needs is on its node already. */
  have(pod: V1Pod): void;
  /** In how many seconds all that a pod needs is on its node; what nobody has asked for yet is pulled from now on. */
  missingFor(pod: V1Pod, now: number): number;
}

/** Nodes that have no images yet, and pull each in its own time. */
export function createImages(timing: Timing): Images {
  const there = new Map<string, number>();
  const placesOf = (pod: V1Pod): (readonly [place: string, image: string])[] =>
    containersOf(pod).map(({ image = "" }) => [`${pod.spec?.nodeName ?? ""} ${image}`, image]);
  return {
    have(pod) {
      for (const [place] of placesOf(pod)) there.set(place, there.get(place) ?? 0);
    },
    missingFor(pod, now) {
      const times = placesOf(pod).map(([place, image]) => {
        const time = there.get(place) ?? now + delayOf(timing, "imagePull", image) * 1000;
        there.set(place, time);
        return time;
      });
      return Math.max(0, ...times.map((time) => time - now)) / 1000;
    },
  };
}

/** In how many seconds a pod's containers run; 0: they may now. */
export function runsIn(pod: V1Pod, now: number): number {
  const start = pod.status?.startTime;
  const after = Number(meta(pod).annotations[runsAfter] ?? 0);
  return start === undefined ? after : Math.max(0, (new Date(start).getTime() - now) / 1000 + after);
}
