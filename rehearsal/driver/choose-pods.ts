import { exitCodes, Failure } from "../../messages/failure.ts";
import type { VersionSetName } from "../../versions/versions.ts";
import { containersRefusal } from "../host/node/checks.ts";
import type { Display } from "../kit/display.ts";
import type { PodKind } from "../profile/choice.ts";
import { describeObstacle } from "../toolchain/obstacles.ts";
import { nodeObstacles } from "../toolchain/toolchain.ts";

/** A choice that is to be made. */
export interface PodsWanted {
  /** What the user asks for, if anything. */
  readonly asked: PodKind | undefined;
  readonly stack: string;
  /** The set of versions that its file names. */
  readonly versionSet: VersionSetName;
}

/**
 * Chooses how the pods of a new host run: as containers where the stack has versions of today and this machine can run
 * containers, and else simulated. Nothing is built to find out.
 *
 * @throws Failure where containers are asked for, and cannot be had
 */
export async function choosePods(
  display: Display,
  { asked, stack, versionSet }: PodsWanted,
  refusals: () => Promise<readonly string[]> = containerRefusals,
): Promise<PodKind> {
  if (asked === "simulated") return asked;
  if (versionSet === "article") {
    if (asked === undefined) return "simulated";
    throw new Failure(
      `PODS=containers: stack ${stack} has the versions of the article of 2022, whose programs cannot be built today. Leave PODS out, or choose a stack with versions of today.`,
      exitCodes.usage,
    );
  }
  const found = await refusals();
  if (found.length === 0) return "containers";
  if (asked !== undefined)
    throw new Failure(["PODS=containers: this machine cannot run containers.", ...found].join("\n"));
  for (const line of found) display.line(line);
  display.line("Containers cannot run here, so pods are simulated, with the versions of the article.");
  return "simulated";
}

/** Why this machine cannot run containers, each with its remedy; empty: it can. */
export async function containerRefusals(): Promise<readonly string[]> {
  const sandbox = await containersRefusal();
  return [...(sandbox === undefined ? [] : [sandbox]), ...(await nodeObstacles()).map(describeObstacle)];
}
