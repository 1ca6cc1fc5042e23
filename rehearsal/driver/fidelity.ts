import { dirname } from "node:path";
import type { ChosenChart } from "../engine/charts.ts";
import { shortest } from "../kit/paths.ts";
import type { ChosenPlugin } from "../engine/plugins.ts";
import type { ReadyTool } from "../toolchain/toolchain.ts";

/** What a run used. */
export interface Used {
  readonly tools: readonly ReadyTool[];
  readonly plugins: readonly ChosenPlugin[];
  readonly charts: readonly ChosenChart[];
  /** The stack's file, where it asks for versions of today. */
  readonly otherSet?: string | undefined;
}

/** How far a rehearsal can be believed: what was real in it, what was simulated, and what was not there at all. */
export interface Fidelity {
  readonly real: readonly string[];
  readonly simulated: readonly string[];
  readonly absent: readonly string[];
}

/** Derives from what a run used how far it can be believed. */
export function fidelityOf({ tools, plugins, charts, otherSet }: Used): Fidelity {
  const version = (name: string): string => tools.find((tool) => tool.name === name)?.version ?? "?";
  const isReal = ({ real }: ChosenPlugin): boolean => real !== undefined;
  const plugin = (real: boolean): string[] =>
    plugins.filter((chosen) => isReal(chosen) === real).map(describePlugin);
  const chart = (real: boolean): string[] =>
    charts
      .filter((chosen) => (chosen.real !== undefined) === real)
      .map((chosen) => `${chosen.chart} ${chosen.version}`);
  const listed = (what: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${what}: ${names.join(", ")}`];
  return {
    real: [
      `the Pulumi engine ${version("pulumi")}, the program, its state and diffs`,
      `API servers, controllers and scheduler of Kubernetes ${version("kube-apiserver")}, etcd ${version("etcd")}`,
      `Helm ${version("helm")}`,
      ...listed("plugins", plugin(true)),
      ...listed("charts", chart(true)),
    ],
    simulated: [
      `nodes and pods (KWOK ${version("kwok")}): no image is pulled, no container runs`,
      "vcluster's own control plane and syncer, load balancers, Istio's webhooks and sidecars, Gloo Mesh's agents",
      ...listed("plugins (stand-ins)", plugin(false)),
      ...listed("charts (stand-ins)", chart(false)),
    ],
    absent: [
      ...(otherSet === undefined
        ? []
        : [`versions of today, which ${otherSet} asks for: the simulated host has the article's only`]),
      "traffic, mTLS, what Gloo Mesh makes of its resources, the check of the license",
      "API versions that the article's Kubernetes 1.22 serves and this one refuses, such as autoscaling/v2beta1",
    ],
  };
}

/** E.g. `kubernetes 4.25.0 beside the SDK's 4.34.2 (in .rehearsal/bin)`. */
function describePlugin({ name, version, wanted, real }: ChosenPlugin): string {
  const answer = version === "" ? "of no version" : version;
  const beside = version === wanted ? "" : ` beside the SDK's ${wanted}`;
  return `${name} ${answer}${beside}${real === undefined ? "" : ` (in ${shortest(dirname(real))})`}`;
}

/** The box that says it. */
export function fidelityBox({ real, simulated, absent }: Fidelity, width = 100): string {
  const sections = { real, simulated, absent };
  const lines = Object.entries(sections).flatMap(([title, entries]) =>
    entries.flatMap((entry, index) =>
      wrap(entry, width - 15).map(
        (line, row) =>
          `${(index === 0 && row === 0 ? title : "").padEnd(10)} ${row === 0 ? "-" : " "} ${line}`,
      ),
    ),
  );
  const head = "─ What this rehearsal was ";
  const body = lines.map((line) => `│ ${line.padEnd(width - 2)} │`);
  return [`┌${head.padEnd(width, "─")}┐`, ...body, `└${"─".repeat(width)}┘`].join("\n");
}

function wrap(text: string, width: number): string[] {
  return text.split(" ").reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);
}
