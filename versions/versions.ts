import { article } from "./article.ts";
import { current } from "./current.ts";
import type { VersionSet } from "./version-set.ts";

/** Every set of versions that the lab knows, the default one first. */
export const versionSets = { current, article } as const satisfies Record<string, VersionSet>;

export type VersionSetName = keyof typeof versionSets;

/** Their names, the default one first. */
export const versionSetNames = Object.keys(versionSets) as [VersionSetName, ...VersionSetName[]];

/** The set of a name. */
export const versionSetOf = (name: VersionSetName): VersionSet => versionSets[name];

/** Images the lab names itself, in every set; every other image is the default of its chart. */
export const images = {
  // The charts' own default hub is switched off together with the old chart host.
  istioHub: "docker.io/istio",
  bookinfoHub: "docker.io/istio",
  keycloak: "quay.io/keycloak/keycloak",
  // Asks for something from outside of the mesh.
  curl: "docker.io/curlimages/curl:8.10.1",
} as const;

/** The minor version in a version or tag, e.g. 22 in `v1.22.5-k3s1`; not a number where there is none. */
export const minorOf = (version: string): number => Number(/^v?\d+\.(\d+)/.exec(version)?.[1]);

/** Whether a version is as new as another; what comes after its three numbers counts for nothing. */
export function isAtLeast(version: string, minimum: string): boolean {
  const numbers = (text: string): number[] => text.replace(/^v/, "").split(/[.+-]/, 3).map(Number);
  const wanted = numbers(minimum);
  const difference = numbers(version)
    .map((number, index) => number - (wanted[index] ?? 0))
    .find((each) => each !== 0);
  return (difference ?? 0) >= 0;
}
