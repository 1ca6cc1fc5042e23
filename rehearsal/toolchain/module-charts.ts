import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Display } from "../kit/display.ts";
import { paths } from "../kit/paths.ts";
import { GoFailure, hintFor, runGo } from "./go.ts";

/** A chart that lies in a Go module, as its makers package it. */
interface ModuleChart {
  readonly chart: string;
  readonly version: string;
  /** The module with its version. */
  readonly module: string;
  /** Checksum of the module, as in a go.sum. */
  readonly sum: string;
  /** The chart's folder in it. */
  readonly folder: string;
}

const moduleCharts: readonly ModuleChart[] = [
  {
    chart: "vcluster",
    version: "0.10.2",
    module: "github.com/loft-sh/vcluster@v0.10.2",
    sum: "h1:YKa3fyCdoUijlfxSy+/J0g+ws5lSRhnVbFDtQU5mop8=",
    folder: "charts/k3s",
  },
];

/** A chart in a version. */
export interface ChartName {
  readonly chart: string;
  readonly version: string;
}

const placeOf = ({ chart, version }: ChartName): string =>
  join(paths.downloads, "charts", `${chart}-${version}`);

const ofModule = (wanted: ChartName): ModuleChart | undefined =>
  moduleCharts.find(({ chart, version }) => chart === wanted.chart && version === wanted.version);

/** Where a chart of a module is, once it was fetched; undefined: no module has it. */
export const moduleChart = (wanted: ChartName): string | undefined =>
  ofModule(wanted) === undefined ? undefined : placeOf(wanted);

/** Fetches what is missing of these charts and lies in a module, once for all rehearsals of this checkout. */
export async function fetchCharts(display: Display, wanted: readonly ChartName[]): Promise<void> {
  const missing = wanted.flatMap((one) => ofModule(one) ?? []).filter((one) => !existsSync(placeOf(one)));
  await Promise.all(
    missing.map(async (one) => {
      display.line(`fetching chart ${one.chart} ${one.version}`);
      await fetch(one).catch((error: unknown) => {
        const output = error instanceof GoFailure ? error.output : "";
        const reason = errorIn(output) ?? (error instanceof Error ? error.message : String(error));
        const advice = [hintFor(output), "Or give it with CHARTS."].filter(Boolean).join(" ");
        throw new Error(`chart ${one.chart} ${one.version} could not be fetched (${reason}). ${advice}`);
      });
    }),
  );
}

/** The reason that Go gives as JSON, by its first line. */
function errorIn(output: string): string | undefined {
  const text = /^\s*"Error": (".*")/m.exec(output)?.[1];
  return text === undefined ? undefined : (JSON.parse(text) as string).split("\n")[0];
}

async function fetch(wanted: ModuleChart): Promise<void> {
  const { module, sum, folder, version } = wanted;
  mkdirSync(join(paths.downloads, "charts"), { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(paths.downloads, "charts", "draft-"));
  try {
    // Outside of any module: nothing here depends on it.
    const env = { GOFLAGS: "-mod=mod" };
    const printed = await runGo(["mod", "download", "-json", module], { cwd: draft, env });
    const { Dir, Sum } = JSON.parse(printed) as { readonly Dir: string; readonly Sum: string };
    if (Sum !== sum) throw new Error(`module ${module} has checksum ${Sum}; expected ${sum}`);
    cpSync(join(Dir, folder), draft, { recursive: true, mode: 0 });
    const manifest = join(draft, "Chart.yaml");
    // What a release pipeline does: in the module, the chart has no version of its own.
    const text = readFileSync(manifest, "utf8").replace(/^version: .*$/m, `version: ${version}`);
    rmSync(manifest);
    writeFileSync(manifest, text);
    if (!existsSync(placeOf(wanted))) renameSync(draft, placeOf(wanted));
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
