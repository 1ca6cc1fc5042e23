import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { paths } from "../../kit/paths.ts";
import { createDisplay } from "../../kit/display.ts";
import { fetchCharts, moduleChart } from "../../toolchain/module-charts.ts";

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
  for (const folder of [bin, join(module, "charts", "k3s", "templates")])
    mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(module, "charts", "k3s", "Chart.yaml"),
    "name: vcluster\nversion: 0.0.1 # by the pipeline\n",
  );
  writeFileSync(join(module, "charts", "k3s", "templates", "a.yaml"), "a: 1\n");
  // A module's files cannot be changed.
  chmodSync(join(module, "charts", "k3s", "Chart.yaml"), 0o444);
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
    await fetchCharts(display, [pin, { chart: "istiod", version: "1.12.6" }]);
    await fetchCharts(display, [pin]);
    expect(readFileSync(join(folder, "Chart.yaml"), "utf8")).toBe("name: vcluster\nversion: 0.10.2\n");
    expect(readFileSync(join(folder, "templates", "a.yaml"), "utf8")).toBe("a: 1\n");
    expect(readFileSync(join(place, "calls"), "utf8")).toBe(
      "mod download -json github.com/loft-sh/vcluster@v0.10.2\n",
    );
    expect(said).toEqual(["fetching chart vcluster 0.10.2"]);
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
