import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mapping } from "../../schema/mapping.ts";
import { readStackFile } from "../../config/stack-file/stack-file.ts";
import { fidelityBox, fidelityOf } from "../../rehearsal/driver/fidelity.ts";
import { paths } from "../../rehearsal/kit/paths.ts";
import { kubernetesPlugin } from "../../rehearsal/toolchain/kubernetes-plugin.ts";
import type { Tool } from "../../rehearsal/toolchain/tool.ts";
import { nodeTools, tools } from "../../rehearsal/toolchain/tools.ts";
import { moduleChart } from "../../rehearsal/toolchain/module-charts.ts";
import { chartPins } from "../../versions/charts.ts";
import { istiodValues } from "../../values/current/istio.ts";
import { mergeValues } from "../../values/merge.ts";
import { versionSets } from "../../versions/versions.ts";

const readme = readFileSync("README.md", "utf8");

/** First cells of the rows of the first table under a heading whose title is this. */
function firstCells(heading: string, title: string): string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const [table = ""] = section.split("\n\n").filter((block) => block.startsWith(`| ${title}`));
  return [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, cell = ""]) => cell);
}

describe("the README", () => {
  it("explains exactly the variables that make passes on", () => {
    const passedOn = [...readFileSync("Makefile", "utf8").matchAll(/^export ([A-Z]+) ## /gm)];
    const explained = firstCells("Two commands", "variable").map((cell) => cell.split("=")[0]);
    expect(explained).toEqual(passedOn.map(([, name]) => name));
  });

  it("names only targets that make has", () => {
    const targets = [...readFileSync("Makefile", "utf8").matchAll(/^([a-z-]+):/gm)].map(([, name]) => name);
    const named = [...readme.matchAll(/\bmake ([a-z-]+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(targets).toContain(name);
  });

  it("and CONTRIBUTING point only to files that are there", () => {
    const contributing = readFileSync("CONTRIBUTING.md", "utf8");
    const links = [...readme.matchAll(/\]\(([\w./-]+)\)/g)].map(([, path = ""]) => path);
    const paths = [...contributing.matchAll(/`([\w.-]+\/[\w./-]*)`/g)].map(([, path = ""]) => path);
    expect(links.length).toBeGreaterThan(5);
    expect(paths.length).toBeGreaterThan(20);
    // Within a folder of which the same line tells.
    const inside = ["common", "reference", "base", "commands", "connection", "waits", "diagnosis", "helm"];
    const isInside = (path: string) =>
      [...inside, "vcluster", "host", "unit", "soak", "bench"].includes(path.replace(/\/$/, ""));
    for (const path of [...links, ...paths.filter((each) => !isInside(each))])
      expect(existsSync(path), path).toBe(true);
  });

  it("has an example of values that changes something", () => {
    const block = [...readme.matchAll(/```yaml\n(.*?)```/gs)].find(([, text = ""]) =>
      text.includes("mesh-lab:values"),
    );
    const { config } = readStackFile("README.md", block?.[1] ?? "", "mesh-lab");
    const { istiod } = mapping(config?.["mesh-lab:values"]);
    const own = istiodValues({ cluster: "east", build: { hub: "hub", tag: "tag" }, multiCluster: true });
    expect(Object.keys(mapping(istiod))).not.toEqual([]);
    expect(mergeValues(own, mapping(istiod))).not.toEqual(own);
  });

  it.each([
    ["containers", "current", [...tools, ...nodeTools]],
    ["simulated", "article", tools],
  ] as const)("has the box with which a run ends on %s, where it finds no plugins", (pods, set, programs) => {
    const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
      dependencies: Record<string, string>;
    };
    const versionOf = ({ origin }: Tool) => origin.version()?.slice(1) ?? "";
    const wanted = (from: string) => dependencies[`@pulumi/${from}`] ?? "";
    const built = {
      name: "kubernetes",
      version: versionOf(kubernetesPlugin),
      wanted: wanted("kubernetes"),
      real: `${paths.bin}/${kubernetesPlugin.name}`,
    };
    const standIns = Object.entries({ random: "random", command: "command", nodejs: "pulumi" });
    const box = fidelityBox(
      fidelityOf({
        pods,
        tools: programs.map((tool) => ({ name: tool.name, version: versionOf(tool) })),
        plugins: [
          built,
          ...standIns.map(([name, from]) => {
            const version = wanted(from);
            return { name, version, wanted: version, real: undefined };
          }),
        ],
        charts: Object.values(chartPins(versionSets[set])).map((pin) => ({
          chart: pin.chart,
          version: pin.version,
          real: moduleChart(pin),
        })),
        otherSet: pods === "simulated" ? "Pulumi.dev.yaml" : undefined,
      }),
    );
    const file = "rehearsal/README.md";
    expect(readFileSync(file, "utf8"), `${file} lacks:\n${box}`).toContain(box);
  });
});
