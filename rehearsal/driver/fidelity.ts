import { dirname } from "node:path";
import type { ChosenChart } from "../engine/charts.ts";
import { shortest } from "../kit/paths.ts";
import type { ChosenPlugin } from "../engine/plugins.ts";
import type { PodKind } from "../profile/choice.ts";
import type { ReadyTool } from "../toolchain/toolchain.ts";

/** What a run used. */
export interface Used {
  /** How pods ran. */
  readonly pods: PodKind;
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
export function fidelityOf(used: Used): Fidelity {
  const parts = [common(used), ofPods[used.pods](used)];
  const all = (kind: keyof Fidelity): string[] => parts.flatMap((part) => part[kind]);
  return { real: all("real"), simulated: all("simulated"), absent: all("absent") };
}

const versionIn = ({ tools }: Used, name: string): string =>
  tools.find((tool) => tool.name === name)?.version ?? "?";

const listed = (what: string, names: readonly string[]): string[] =>
  names.length === 0 ? [] : [`${what}: ${names.join(", ")}`];

/** The same on every host. */
function common(used: Used): Fidelity {
  const version = (name: string): string => versionIn(used, name);
  const isReal = ({ real }: ChosenPlugin): boolean => real !== undefined;
  const plugin = (real: boolean): string[] =>
    used.plugins.filter((chosen) => isReal(chosen) === real).map(describePlugin);
  const chart = (real: boolean): string[] =>
    used.charts
      .filter((chosen) => (chosen.real !== undefined) === real)
      .map((chosen) => `${chosen.chart} ${chosen.version}`);
  return {
    real: [
      `the Pulumi engine ${version("pulumi")}, the program, its state and diffs`,
      `API servers, controllers and scheduler of Kubernetes ${version("kube-apiserver")}, etcd ${version("etcd")}`,
      `Helm ${version("helm")}`,
      ...listed("plugins", plugin(true)),
      ...listed("charts", chart(true)),
    ],
    simulated: [
      ...listed("plugins (stand-ins)", plugin(false)),
      ...listed("charts (stand-ins)", chart(false)),
    ],
    absent: ["the check of the license"],
  };
}

/** What each kind of pods adds. */
const ofPods: Readonly<Record<PodKind, (used: Used) => Fidelity>> = {
  simulated: (used) => ({
    real: [],
    simulated: [
      `nodes and pods (KWOK ${versionIn(used, "kwok")}): no image is pulled, no container runs`,
      "vcluster's own control plane and syncer, load balancers, Istio's webhooks and sidecars, Gloo Mesh's agents",
    ],
    absent: [
      ...(used.otherSet === undefined
        ? []
        : [`versions of today, which ${used.otherSet} asks for: the simulated host has the article's only`]),
      "traffic, mTLS, what Gloo Mesh makes of its resources",
      "API versions that the article's Kubernetes 1.22 serves and this one refuses, such as autoscaling/v2beta1",
    ],
  }),
  containers: (used) => ({
    real: [
      `a node: kubelet, kube-proxy, containerd ${versionIn(used, "containerd")}, runc ${versionIn(used, "runc")}, CNI, CoreDNS ${versionIn(used, "coredns")}`,
      `vcluster ${versionIn(used, "vcluster")}, Istio ${versionIn(used, "pilot-discovery")}, Envoy ${versionIn(used, "envoy")}: webhooks, sidecars, mTLS, requests and answers`,
    ],
    simulated: [
      "Gloo Mesh, which is closed source: a program of ours runs in its pods, and makes Istio's resources of its own",
      "Bookinfo: a program of ours answers behind the names of its images",
      "load balancers: ours give addresses of this machine",
      "the guests' Kubernetes is the host's under the name of another version, and etcd serves in place of kine",
    ],
    absent: [
      "Istio's own filters in Envoy: no metrics of requests by workload",
      "Solo.io's filters and servers: WAF, transformations, external authentication, rate limits of Gloo Mesh",
      "seccomp profiles; without root, limits of memory and CPU, too",
    ],
  }),
};

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
