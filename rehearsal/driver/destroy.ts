import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Display } from "../kit/display.ts";
import { type EngineResult, runEngine } from "../engine/engine.ts";
import { writeFileAtomically } from "../kit/files.ts";
import { paths } from "../kit/paths.ts";
import type { Stack } from "../engine/rehearsed-stack.ts";

const mark = join(paths.stack, "destroying");

/**
 * Whether a destroy was begun and not completed. The state then lacks what goes with its cluster and still exists
 * as long as the cluster does: creating it again would fail, so the destroy must be completed first.
 */
export const isHalfDestroyed = (): boolean => existsSync(mark);

/** Destroys the lab. */
export async function destroy(display: Display, stack: Stack): Promise<EngineResult> {
  writeFileAtomically(mark, "");
  const result = await runEngine(display, stack, "destroy");
  if (result.ok) rmSync(mark);
  return result;
}
