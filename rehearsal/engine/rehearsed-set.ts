import { join } from "node:path";
import type { VersionSetName } from "../../versions/versions.ts";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import { paths } from "../kit/paths.ts";
import type { PodKind } from "../profile/choice.ts";
import { describeStack, stateOf } from "./stack.ts";
import { ownSet } from "./stack-files.ts";

/** The one set whose programs the simulated host stands in for. */
const simulated: VersionSetName = "article";

/** What the user's file named when the lab of a stack was made. */
const file = (name: string): string => join(paths.stack, `${name}.set.json`);

const hasLab = (name: string): boolean => stateOf(describeStack(name)).resources > 0;

/** Remembers what the user's file names, where the lab of a stack is about to be made. */
export function keepSet(name: string): void {
  if (!hasLab(name)) writeFileAtomically(file(name), JSON.stringify(ownSet(name)));
}

/**
 * The set of versions for the lab of a stack: the one that can be rehearsed, whatever its file names. Where the file has
 * come to name another one than the lab was made with, the program is told, and refuses it. Undefined: there is no lab.
 */
function setOfLab(name: string): VersionSetName | undefined {
  if (!hasLab(name)) return undefined;
  const own = ownSet(name);
  const made = JSON.parse(readFileIfAny(file(name)) ?? "null") as VersionSetName | null;
  return made === own ? simulated : own;
}

/** The set of versions that a stack is rehearsed with: where containers run, its own. */
export const rehearsedSet = (name: string, pods: PodKind | undefined): VersionSetName =>
  pods === "containers" ? ownSet(name) : (setOfLab(name) ?? simulated);

/** The set of versions of a preview, which needs no host: the stack's own as long as no lab of it is there. */
export const previewedSet = (name: string, pods: PodKind | undefined): VersionSetName =>
  pods === "containers" ? ownSet(name) : (setOfLab(name) ?? ownSet(name));
