/** A step of `pulumi preview --json`, as far as a plan shows it. */
export interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly newState?: {
    readonly type: string;
    readonly parent?: string;
    readonly provider?: string;
    readonly dependencies?: readonly string[];
    readonly deletedWith?: string;
  };
}

const nameOf = (urn: string): string => urn.split("::").at(-1) ?? "";

/** The cluster that a resource is made in, by the name of its provider; of what is in none, nothing. */
function clusterOf(provider: string | undefined): string {
  const [, , , name = ""] = provider?.split("::") ?? [];
  const [, cluster] = /^lab-(.*?)(-vcluster)?-provider$/.exec(name) ?? [];
  return cluster === undefined ? "" : ` in ${cluster}`;
}

/**
 * A preview as a text to read and compare: what is under what, of which type, in which cluster, after what; what goes
 * with its cluster is marked with an asterisk.
 */
export function planOf(steps: readonly PreviewStep[]): string {
  const states = steps.map(({ urn, newState }) => ({ urn, state: newState }));
  const childrenOf = (parent: string | undefined) =>
    states
      .filter(({ urn, state }) => state?.parent === parent && urn !== parent)
      .sort((a, b) => nameOf(a.urn).localeCompare(nameOf(b.urn)));
  const lines = (parent: string | undefined, indent: string): string[] =>
    childrenOf(parent).flatMap(({ urn, state }) => {
      const after = (state?.dependencies ?? []).map(nameOf).sort();
      const line = [
        `${indent}${nameOf(urn)}${state?.deletedWith === undefined ? "" : "*"}: ${state?.type ?? ""}${clusterOf(state?.provider)}`,
        ...after.map((other) => `${indent}    after ${other}`),
      ];
      return [...line, ...lines(urn, `${indent}  `)];
    });
  return `${lines(undefined, "").join("\n")}\n`;
}
