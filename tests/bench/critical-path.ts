/** What the engine did to one resource; times are seconds since the start of the operation. */
export interface Operation {
  readonly urn: string;
  readonly start: number;
  readonly end: number;
}

/** A resource as the state has it, as far as it says what had to be there before it. */
export interface Resource {
  readonly urn: string;
  readonly parent?: string | undefined;
  /** URN and ID of the provider, `URN::ID`. */
  readonly provider?: string | undefined;
  readonly dependencies?: readonly string[] | undefined;
  readonly deletedWith?: string | undefined;
}

/** Operations of which each had to wait for the one before. */
export interface Chain {
  /** How long they took together. */
  readonly seconds: number;
  readonly operations: readonly Operation[];
}

const nothing: Chain = { seconds: 0, operations: [] };

/**
 * The longest chain of operations: no engine, however many it runs side by side, comes to the end sooner.
 *
 * A resource without an operation takes no time, and hands on what it waited for itself. So does a component, whose
 * end is that of its children, for which nobody waits.
 */
export function criticalPath(operations: readonly Operation[], resources: readonly Resource[]): Chain {
  const operationOf = new Map(operations.map((operation) => [operation.urn, operation]));
  const resourceOf = new Map(resources.map((resource) => [resource.urn, resource]));
  const found = new Map<string, Chain>();

  function chainTo(urn: string): Chain {
    const known = found.get(urn);
    if (known !== undefined) return known;
    // Whoever leads back here while it is looked at would be its own reason.
    found.set(urn, nothing);
    const before = longest(reasons(resourceOf.get(urn)).map(chainTo));
    const operation = operationOf.get(urn);
    const chain = operation === undefined ? before : append(before, operation);
    found.set(urn, chain);
    return chain;
  }

  return longest(resources.map(({ urn }) => chainTo(urn)));
}

const append = ({ seconds, operations }: Chain, operation: Operation): Chain => ({
  seconds: seconds + operation.end - operation.start,
  operations: [...operations, operation],
});

const longest = (chains: readonly Chain[]): Chain =>
  chains.reduce((best, chain) => (chain.seconds > best.seconds ? chain : best), nothing);

/** What had to be there first. */
function reasons(resource: Resource | undefined): string[] {
  if (resource === undefined) return [];
  const { parent, provider, dependencies = [], deletedWith } = resource;
  const providerUrn = provider?.split("::").slice(0, 4).join("::");
  return [parent, providerUrn, deletedWith, ...dependencies].filter((urn) => urn !== undefined);
}
