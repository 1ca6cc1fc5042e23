import type { EngineResult } from "../engine/engine.ts";
import { paths, shortest } from "../kit/paths.ts";
import { shellWord } from "../kit/words.ts";

/** The stack's outputs that the driver uses. */
export interface Outputs {
  readonly kubeconfig?: string;
  readonly contexts?: readonly string[];
}

/** What there is to say where no run has left anything. */
export const nothingRehearsed = "nothing is rehearsed here: make rehearse";

/** What a failed operation ends with; `ended` says why the host no longer runs, if it does not. */
export function failure(
  { stderr, waitingFor, interrupted }: EngineResult,
  again: string,
  ended: string | undefined,
): string[] {
  const host =
    ended ?? `The host keeps running, its logs are in ${shortest(paths.logs)}/; ${again} goes on from here.`;
  return [
    "",
    ...(stderr === "" ? [] : [stderr, ""]),
    ...(waitingFor.length === 0
      ? []
      : ["It was last waiting for:", ...waitingFor.map((step) => `  ${step}`)]),
    `${interrupted ? "Interrupted" : "Failed"}. ${host}`,
  ];
}

/** E.g. `3 changes: 2 create, 1 update`. */
export function describeChanges({ changes }: Pick<EngineResult, "changes">): string {
  const count = Object.values(changes).reduce((sum, value) => sum + value, 0);
  const kinds = Object.entries(changes).map(([op, value]) => `${value} ${op}`);
  return `${count} ${count === 1 ? "change" : "changes"}${count === 0 ? "" : `: ${kinds.join(", ")}`}`;
}

const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** A line per output; secrets are hidden. */
export function describeOutputs(outputs: Readonly<Record<string, unknown>>): string[] {
  const isSecret = (value: unknown): boolean => JSON.stringify(value).includes(secretSignature);
  const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  return Object.entries(outputs).map(
    ([name, value]) => `${name}: ${isSecret(value) ? "[secret]" : text(value)}`,
  );
}

/** How to reach the clusters. */
export function howToUse({ contexts = [] }: Outputs): string[] {
  return [
    "Its clusters, one context each; host is the cluster they run in:",
    `  export KUBECONFIG=${shellWord(paths.kubeconfig)} PATH=${shellWord(paths.bin)}:"$PATH"`,
    ...["host", ...contexts].map((context) => `  kubectl --context ${context} get pods -A`),
  ];
}
