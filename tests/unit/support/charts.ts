import { mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moduleChart } from "../../../rehearsal/toolchain/module-charts.ts";
import { chartPins } from "../../../versions/charts.ts";
import { type VersionSetName, versionSetOf } from "../../../versions/versions.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** A directory of all charts of a set as a rehearsal has them, for whoever removes it again. */
export function allCharts(versionSet: VersionSetName = "article"): string {
  const directory = mkdtempSync(join(tmpdir(), "all-charts-"));
  for (const pin of Object.values(chartPins(versionSetOf(versionSet))))
    symlinkSync(moduleChart(pin) ?? join(root, "rehearsal", "charts", pin.chart), join(directory, pin.chart));
  return directory;
}
