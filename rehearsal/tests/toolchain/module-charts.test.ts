import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { paths } from "../../kit/paths.ts";
import { createDisplay } from "../../kit/display.ts";
import {
  allModuleCharts,
  fetchCharts,
  type ModuleChart,
  moduleChart,
  ofModule,
} from "../../toolchain/module-charts.ts";

// Downloads of its own.
vi.mock("../../kit/paths.ts", async (original) => {
  const module = await original<typeof import("../../kit/paths.ts")>();
  const downloads = `${module.rehearsalDir}/module-charts-test/downloads`;
  return { ...module, paths: { ...module.paths, downloads } };
});

const place = dirname(paths.downloads);
const bin = join(place, "bin");
const module = join(place, "module");
const pin = { chart: "vcluster", version: "0.10.2" };
const sum = "h1:YKa3fyCdoUijlfxSy+/J0g+ws5lSRhnVbFDtQU5mop8=";
const said: string[] = [];
const display = createDisplay({ write: (text: string) => said.push(text.replace(/^\[.*?\] /, "").trim()) });

/** Lays a chart into the module, as its makers have it there. */
function put({ chart, folder }: Pick<ModuleChart, "chart" | "folder">): void {
  mkdirSync(join(module, folder, "templates"), { recursive: true });
  writeFileSync(join(module, folder, "Chart.yaml"), `name: ${chart}\nversion: 0.0.1 # by the pipeline\n`);
  writeFileSync(join(module, folder, "templates", "a.yaml"), "a: 1\n");
  writeFileSync(
    join(module, folder, "values.yaml"),
    "# The hub.\nglobal: { hub: elsewhere }\n  hub: registry.istio.io/testing\n  tag: latest\n",
  );
  // A module's files cannot be changed.
  for (const file of ["Chart.yaml", "values.yaml"]) chmodSync(join(module, folder, file), 0o444);
}

/** What `go mod download` does. */
const go = (does: string): void => {
  writeFileSync(join(bin, "go"), `#!/bin/sh\necho "$@" >> '${place}/calls'\n${does}\n`);
  chmodSync(join(bin, "go"), 0o755);
};
const gives = (checksum: string): void => {
  go(`echo '${JSON.stringify({ Dir: module, Sum: checksum })}'`);
};

beforeEach(() => {
  rmSync(place, { recursive: true, force: true });
  mkdirSync(bin, { recursive: true });
  put({ chart: "vcluster", folder: "charts/k3s" });
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"] ?? ""}`);
  said.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const folder = join(paths.downloads, "charts", "vcluster-0.10.2");

describe("a chart that lies in a Go module", () => {
  it("is fetched once, in the version that the module is", async () => {
    gives(sum);
    expect(moduleChart(pin)).toBe(folder);
    await fetchCharts(display, [pin, { chart: "gloo-mesh-agent", version: "2.0.9" }]);
    await fetchCharts(display, [pin]);
    expect(readFileSync(join(folder, "Chart.yaml"), "utf8")).toBe("name: vcluster\nversion: 0.10.2\n");
    expect(readFileSync(join(folder, "templates", "a.yaml"), "utf8")).toBe("a: 1\n");
    expect(readFileSync(join(place, "calls"), "utf8")).toBe(
      "mod download -json github.com/loft-sh/vcluster@v0.10.2\n",
    );
    expect(said).toEqual(["fetching chart vcluster 0.10.2"]);
  });

  it("is told what its makers' release build tells it", async () => {
    const istiod = { chart: "istiod", version: "1.30.3" };
    const known = ofModule(istiod);
    put({ chart: "istiod", folder: "manifests/charts/istio-control/istio-discovery" });
    gives(known?.sum ?? "");
    await fetchCharts(display, [istiod]);
    const read = (file: string) => readFileSync(join(moduleChart(istiod) ?? "", file), "utf8");
    expect(read("Chart.yaml")).toBe("name: istiod\nversion: 1.30.3\nappVersion: 1.30.3\n");
    expect(read("values.yaml")).toBe(
      "# The hub.\nglobal: { hub: elsewhere }\n  hub: registry.istio.io/release\n  tag: 1.30.3\n",
    );
  });

  it("is checked by what is pinned, whether or not Go's database knows the module", async () => {
    go(`echo "$GONOSUMDB" >> '${place}/calls'; echo '${JSON.stringify({ Dir: module, Sum: sum })}'`);
    await fetchCharts(display, [pin]);
    expect(readFileSync(join(place, "calls"), "utf8")).toContain("\ngithub.com/loft-sh/vcluster\n");
  });

  it("says so where it is not quite the version that it stands for", async () => {
    const base = { chart: "base", version: "1.30.3" };
    put({ chart: "base", folder: "manifests/charts/base" });
    gives(ofModule(base)?.sum ?? "");
    await fetchCharts(display, [base]);
    expect(ofModule(base)?.from).toBe("main of 2026-08-27");
    expect(said).toEqual(["fetching chart base 1.30.3 (main of 2026-08-27)"]);
    // Another commit in its place would be fetched anew.
    expect(moduleChart(base)).toMatch(/base-1\.30\.3-of-v0\.0\.0-20260827124520-eed52ebb66ad$/);
    expect(ofModule(pin)?.from).toBeUndefined();
  });

  it("is none in another version", async () => {
    expect(moduleChart({ ...pin, version: "0.11.0" })).toBeUndefined();
    await fetchCharts(display, [{ ...pin, version: "0.11.0" }]);
    expect(said).toEqual([]);
  });

  it.each([
    [
      "another checksum",
      () => {
        gives("h1:other");
      },
      `(module github.com/loft-sh/vcluster@v0.10.2 has checksum h1:other; expected ${sum}). `,
    ],
    [
      "a module that the proxy does not serve",
      () => {
        go(
          `echo '{\n\t"Error": "module@v1: reading it: 404 Not Found\\\\n\\\\tserver response: none"\n}'; exit 1`,
        );
      },
      "(module@v1: reading it: 404 Not Found). Or give it with CHARTS.",
    ],
    [
      "no network",
      () => {
        go("echo 'dial tcp: lookup proxy: no such host' >&2; exit 1");
      },
      "Go's module proxy could not be reached: check the network, HTTPS_PROXY and GOPROXY (go env GOPROXY).",
    ],
  ])("is not taken with %s, and nothing is left of it", async (_, prepare, reason) => {
    prepare();
    await expect(fetchCharts(display, [pin])).rejects.toThrow(reason);
    await expect(fetchCharts(display, [pin])).rejects.toThrow(
      /^chart vcluster 0\.10\.2 could not be fetched .* Or give it with CHARTS\.$/,
    );
    expect(readdirSync(join(paths.downloads, "charts"))).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });
});

describe.each(allModuleCharts)("chart $chart $version", (known) => {
  it("is pinned by the module's version and checksum", () => {
    expect(known.module).toMatch(/^[\w./-]+@v\d+\.\d+\.\d+[\w.-]*$/);
    expect(known.sum).toMatch(/^h1:[A-Za-z0-9+/]{43}=$/);
    expect(
      allModuleCharts.filter(({ chart, version }) => chart === known.chart && version === known.version),
    ).toEqual([known]);
  });

  it("has its name and version once it is fetched", async () => {
    put(known);
    gives(known.sum);
    await fetchCharts(display, [known]);
    expect(parse(readFileSync(join(moduleChart(known) ?? "", "Chart.yaml"), "utf8"))).toMatchObject({
      name: known.chart,
      version: known.version,
    });
  });

  it("is not taken from a module with another checksum", async () => {
    put(known);
    gives("h1:other");
    await expect(fetchCharts(display, [known])).rejects.toThrow(
      `chart ${known.chart} ${known.version} could not be fetched (module ${known.module} has checksum h1:other; expected ${known.sum})`,
    );
    expect(existsSync(moduleChart(known) ?? "")).toBe(false);
  });
});
