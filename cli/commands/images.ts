import type { ChartSource } from "../../versions/charts.ts";
import type { CheckedSettings } from "../../config/settings.ts";
import type { ChartName } from "../../versions/version-set.ts";
import { readSettings } from "../stack/lab.ts";
import { withoutCredentials } from "../../messages/redact.ts";
import { isLocal } from "../rendered/render.ts";
import { imagesOf, type UsedImage } from "../rendered/images.ts";
import { shortened } from "../terminal/shortened.ts";
import { table } from "../terminal/table.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

/** A chart that the lab installs. */
interface UsedChart {
  readonly chart: string;
  readonly version: string;
  /** Repository, registry or path. */
  readonly from: string;
}

export const images = verb(
  "images",
  "Every chart and image that the lab uses, for mirrors and places without internet; needs helm, and no cluster",
  "images --plain",
)
  .option("--plain", "one image a line, and nothing else; with imageRegistry, the mirror's name after it")
  .action((options) => present(options, used(options.plain === true)));

async function used(plain: boolean): Promise<Report> {
  const settings = await readSettings();
  const facts = { charts: chartsOf(settings), images: await imagesOf(settings) };
  return { facts, text: plain ? lines(facts.images) : tables(facts.charts, facts.images) };
}

function chartsOf({ set, charts }: CheckedSettings): UsedChart[] {
  return (Object.entries(charts) as [ChartName, ChartSource][]).map(([name, source]) => ({
    chart: set.charts[name]?.chart ?? name,
    version: source.version,
    from: isLocal(source) ? source.chart : withoutCredentials(source.repositoryOpts?.repo ?? source.chart),
  }));
}

const lines = (all: readonly UsedImage[]): string =>
  all.map(({ image, mirror }) => [image, ...(mirror === undefined ? [] : [mirror])].join(" ")).join("\n");

/** How many of what uses an image a table names. */
const named = 2;

function tables(charts: readonly UsedChart[], all: readonly UsedImage[]): string {
  const isMirrored = all.some(({ mirror }) => mirror !== undefined);
  const usersOf = ({ usedBy }: UsedImage): string =>
    shortened([...new Set(usedBy.map(({ workload }) => workload))], named).join(", ");
  return [
    table(
      ["chart", "version", "from"],
      charts.map(({ chart, version, from }) => [chart, version, from]),
    ),
    table(
      ["image", ...(isMirrored ? ["mirror"] : []), "used by"],
      all.map((entry) => [entry.image, ...(isMirrored ? [entry.mirror ?? ""] : []), usersOf(entry)]),
    ),
  ].join("\n\n");
}
