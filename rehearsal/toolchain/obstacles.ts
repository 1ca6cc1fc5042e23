import { type Need, type Obstacle, type Tool, verbs } from "./tool.ts";

/** What keeps this machine from making tools, with the tools that are concerned: each thing once. */
export function obstaclesFor(missing: readonly Tool[]): readonly Obstacle[] {
  const needs = new Map<Need, readonly Tool[]>();
  for (const tool of missing)
    for (const need of tool.origin.needs) needs.set(need, [...(needs.get(need) ?? []), tool]);
  return [...needs].flatMap(([need, concerned]) => {
    const obstacle = need(concerned);
    return obstacle === undefined ? [] : [of(concerned, obstacle)];
  });
}

function of(concerned: readonly Tool[], { reason, remedy }: Obstacle): Obstacle {
  const verb = verbs[concerned[0]?.origin.verb ?? "build"].past;
  return {
    reason: `${namesOf(concerned)} must be ${verb}, and ${reason}`,
    remedy: [remedy, ...insteadOf(concerned)].join(", or "),
  };
}

/** What the user does who can do nothing about an obstacle. */
function insteadOf(concerned: readonly Tool[]): readonly string[] {
  const findable = concerned.filter(({ accepted }) => accepted !== undefined);
  const onPath =
    findable.length === 0
      ? []
      : [
          `put accepted versions of ${findable.length === concerned.length ? "these programs" : namesOf(findable)} on PATH (rehearsal/toolchain/tools.ts says which)`,
        ];
  return [...onPath, ...concerned.flatMap(({ instead }) => instead ?? [])];
}

const namesOf = (concerned: readonly Tool[]): string => concerned.map(({ name }) => name).join(", ");

/** An obstacle as one says it. */
export const describeObstacle = ({ reason, remedy }: Obstacle): string => `${reason}. ${remedy}.`;
