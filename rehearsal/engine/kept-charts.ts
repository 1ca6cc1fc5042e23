import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import { paths, root } from "../kit/paths.ts";

/** Goes with the lab. */
const file = join(paths.stack, "charts.json");

/** What asks for the rehearsal's own where a lab was made with other charts. */
const none = "none";

/**
 * The directory of charts that a run uses: the one that is asked for, else the one that the lab was made with.
 *
 * @returns undefined for the rehearsal's own
 * @throws if the lab was made with a directory that is gone
 */
export function chartsFor(asked: string | undefined): string | undefined {
  if (asked !== undefined) return asked === none ? undefined : resolve(root, asked);
  const made = (JSON.parse(readFileIfAny(file) ?? "null") as string | null) ?? undefined;
  if (made === undefined || existsSync(made)) return made;
  throw new Error(
    `The lab was made with the charts in ${made}, and there is no such directory any more: ` +
      `put it back, or give CHARTS=DIR for another one, CHARTS=${none} for the rehearsal's own.`,
  );
}

/** Remembers the directory that a lab is made with. */
export function keepCharts(directory: string | undefined): void {
  writeFileAtomically(file, JSON.stringify(directory ?? null));
}
