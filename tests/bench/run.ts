import type { Inputs } from "./article.ts";
import { type Compared, compare } from "./compare.ts";
import { type Delay, delays, type Figures, sizes } from "./figures.ts";
import { sized, type Some } from "./life.ts";
import type { Run } from "./report.ts";
import type { Steps } from "./steps.ts";

/** How long things take on two cores, with the start and the end of their hosts, in seconds. */
const expected = {
  article: { none: 70, realistic: 270 },
  up: { none: 35, realistic: 80 },
  life: 80,
  workload: 8,
};

/** How long the one `up` before all runs takes. */
export const warmUpSeconds = expected.up.none;

/** How long a run takes. */
export const expectedSeconds: number =
  delays.reduce((sum, delay) => sum + expected.article[delay] + expected.up[delay], expected.life) +
  sizes.reduce<number>((sum, size) => sum + expected.up.none + size * expected.workload, 0);

/** Measures everything once. */
export async function measure(steps: Steps, inputs: Inputs, articleFirst: boolean): Promise<Run> {
  try {
    const compared: Partial<Record<Delay, Compared>> = {};
    let figures: Some = {};
    for (const delay of delays) {
      const { up, article, path } = await compare(steps, delay, inputs, articleFirst);
      compared[delay] = { up, article, path };
      figures = {
        ...figures,
        [`up ${delay}`]: up,
        [`article ${delay}`]: article,
        [`path ${delay}`]: path.seconds,
      };
    }
    for (const size of sizes) figures = { ...figures, ...(await sized(steps, size)) };
    const { none, realistic } = compared as Record<Delay, Compared>;
    return { figures: figures as Figures, paths: { none: none.path, realistic: realistic.path } };
  } finally {
    steps.end();
  }
}
