import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Display } from "../kit/display.ts";
import { writeFileAtomically } from "../kit/files.ts";
import { paths } from "../kit/paths.ts";
import { CommandFailure } from "./command.ts";
import { runGo } from "./go.ts";

/** A chart in a version. */
export interface ChartName {
  readonly chart: string;
  readonly version: string;
}

/** A chart that lies in a Go module, as its makers package it. */
export interface ModuleChart extends ChartName {
  /** The module with its version. */
  readonly module: string;
  /** Checksum of the module, as in a go.sum. */
  readonly sum: string;
  /** The chart's folder in it. */
  readonly folder: string;
  /** What the chart really is, where no module has exactly this version. */
  readonly from?: string;
  /** What the release build writes into the chart; in the module are placeholders. */
  readonly release: Release;
}

interface Release {
  /** Whether the chart is told the version of the application, too. */
  readonly appVersion: boolean;
  /** Where the chart takes its images from by default, in the version that it has; absent: it says so itself. */
  readonly hub?: string;
}

/** What the three charts of Istio that the lab installs have in common. */
type IstioSource = Pick<ModuleChart, "version" | "module" | "sum" | "from"> & { readonly hub: string };

const istioFolders = { base: "base", istiod: "istio-control/istio-discovery", gateway: "gateway" };

const istioCharts = ({ hub, ...source }: IstioSource): readonly ModuleChart[] =>
  Object.entries(istioFolders).map(([chart, folder]) => ({
    ...source,
    chart,
    folder: `manifests/charts/${folder}`,
    release: { appVersion: true, hub },
  }));

/** Every chart that can be had from a module. */
export const allModuleCharts: readonly ModuleChart[] = [
  {
    chart: "vcluster",
    version: "0.10.2",
    module: "github.com/loft-sh/vcluster@v0.10.2",
    sum: "h1:YKa3fyCdoUijlfxSy+/J0g+ws5lSRhnVbFDtQU5mop8=",
    folder: "charts/k3s",
    release: { appVersion: false },
  },
  {
    chart: "vcluster",
    version: "0.36.1",
    module: "github.com/loft-sh/vcluster@v0.36.1",
    sum: "h1:D9ReyGQVGa566GEsMm3hKIpXDSI49KXEsVH8fCkXr9o=",
    folder: "chart",
    release: { appVersion: true },
  },
  ...istioCharts({
    version: "1.12.6",
    // The commit that has this tag.
    module: "istio.io/istio@v0.0.0-20220328194112-a0c7a3355331",
    sum: "h1:W8RxxpWy3fz5OCiUG23kpCgwfStdWsFO0zE0iq6u+jc=",
    hub: "docker.io/istio",
  }),
  ...istioCharts({
    version: "1.30.3",
    // No release of Istio is a version of its module.
    module: "istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad",
    sum: "h1:ui9TJjRMAV/hb5ehQaZDq7IUGxuQP6dra9lapT/VjHI=",
    from: "main of 2026-08-27",
    hub: "registry.istio.io/release",
  }),
];

/** What is known of a chart that a module has; undefined: no module has it. */
export const ofModule = (wanted: ChartName): ModuleChart | undefined =>
  allModuleCharts.find(({ chart, version }) => chart === wanted.chart && version === wanted.version);

/** One that stands for a version has the module's in its name: another commit is another folder. */
function placeOf({ chart, version, from, module }: ModuleChart): string {
  const name = from === undefined ? version : `${version}-of-${module.split("@")[1] ?? ""}`;
  return join(paths.downloads, "charts", `${chart}-${name}`);
}

/** Where a chart of a module is, once it was fetched; undefined: no module has it. */
export function moduleChart(wanted: ChartName): string | undefined {
  const found = ofModule(wanted);
  return found && placeOf(found);
}

/** Fetches what is missing of these charts and lies in a module, once for all rehearsals of this checkout. */
export async function fetchCharts(display: Display, wanted: readonly ChartName[]): Promise<void> {
  const missing = wanted.flatMap((one) => ofModule(one) ?? []).filter((one) => !existsSync(placeOf(one)));
  await Promise.all(missing.map((one) => fetchChart(display, one)));
}

async function fetchChart(display: Display, wanted: ModuleChart): Promise<void> {
  const { chart, version, from } = wanted;
  display.line(`fetching chart ${chart} ${version}${from === undefined ? "" : ` (${from})`}`);
  try {
    await fetch(wanted);
  } catch (error) {
    const { output, hint } = error instanceof CommandFailure ? error : { output: "", hint: undefined };
    const reason = errorIn(output) ?? (error instanceof Error ? error.message : String(error));
    const advice = [hint, "Or give it with CHARTS."].filter(Boolean).join(" ");
    throw new Error(`chart ${chart} ${version} could not be fetched (${reason}). ${advice}`, {
      cause: error,
    });
  }
}

/** The reason that Go gives as JSON, by its first line. */
function errorIn(output: string): string | undefined {
  const text = /^\s*"Error": (".*")/m.exec(output)?.[1];
  return text === undefined ? undefined : (JSON.parse(text) as string).split("\n")[0];
}

async function fetch(wanted: ModuleChart): Promise<void> {
  mkdirSync(join(paths.downloads, "charts"), { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(paths.downloads, "charts", "draft-"));
  try {
    cpSync(join(await download(wanted, draft), wanted.folder), draft, { recursive: true, mode: 0 });
    stamp(draft, wanted);
    if (!existsSync(placeOf(wanted))) renameSync(draft, placeOf(wanted));
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The folder of a chart's module, which Go keeps for all who need it. */
async function download({ module, sum }: ModuleChart, cwd: string): Promise<string> {
  const env = {
    // Outside of any module: nothing here depends on it.
    GOFLAGS: "-mod=mod",
    // As with what is in a go.sum, the checksum here decides; Go's database need not know the module, too.
    GONOSUMDB: module.split("@")[0] ?? "",
  };
  const printed = await runGo(["mod", "download", "-json", module], { cwd, env });
  const { Dir, Sum } = JSON.parse(printed) as { readonly Dir: string; readonly Sum: string };
  if (Sum !== sum) throw new Error(`module ${module} has checksum ${Sum}; expected ${sum}`);
  return Dir;
}

/** Does what the makers' release build does. */
function stamp(folder: string, { version, release: { appVersion, hub } }: ModuleChart): void {
  rewrite(join(folder, "Chart.yaml"), (text) =>
    stringify({ ...(parse(text) as object), version, ...(appVersion ? { appVersion: version } : {}) }),
  );
  if (hub === undefined) return;
  rewrite(join(folder, "values.yaml"), (text) =>
    text
      .replaceAll(/\bhub: (registry\.istio\.io\/testing|gcr\.io\/istio-testing)$/gm, `hub: ${hub}`)
      .replaceAll(/\btag: latest$/gm, `tag: ${version}`),
  );
}

function rewrite(file: string, change: (text: string) => string): void {
  const text = readFileSync(file, "utf8");
  writeFileAtomically(file, change(text));
}
