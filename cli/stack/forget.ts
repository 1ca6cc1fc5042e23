/** A resource in `pulumi stack export`, as far as forgetting others concerns it. */
interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly custom?: boolean;
  readonly inputs?: { readonly metadata?: { readonly name?: unknown } };
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly parent?: string;
  /** URN and id of its provider, as `URN::ID`. */
  readonly provider?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
  readonly deletedWith?: string;
}

/** What `pulumi stack export` gives, as far as forgetting concerns it. */
export interface ExportedState {
  readonly deployment: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly { readonly resource: { readonly urn: string } }[];
  };
}

/**
 * The state of a stack without a virtual cluster: without what stands for it on the host, and all that is inside. The
 * next run makes all of it.
 *
 * Pulumi's own ways are none: a refresh asks the cluster, and a deletion without its dependents is refused.
 */
export function withoutCluster(state: ExportedState, cluster: string): ExportedState {
  const { deployment } = state;
  const { resources = [], pending_operations: pending = [] } = deployment;
  const namespaces = resources.filter(
    ({ type, parent }) => type === "kubernetes:core/v1:Namespace" && isPartOf(parent, "VCluster"),
  );
  const [namespace] = namespaces.filter(({ inputs }) => inputs?.metadata?.name === cluster);
  if (namespace === undefined) return state;
  // What was found out about the host is of no use for another host, which is what the last cluster goes with.
  const isLast = namespaces.length === 1;
  const own = resources.filter(
    ({ custom, type, parent }) =>
      custom === true &&
      (parent === namespace.parent ||
        (isLast && type === "command:local:Command" && isPartOf(parent, "Host"))),
  );
  const forgotten = new Set(own.map(({ urn }) => urn));
  const isKept = ({ urn, provider = "", deletedWith = "" }: StateResource): boolean =>
    !forgotten.has(urn) &&
    !forgotten.has(provider.slice(0, provider.lastIndexOf("::"))) &&
    !forgotten.has(deletedWith);
  const kept = resources.filter(isKept);
  const urns = new Set(kept.map(({ urn }) => urn));
  return {
    ...state,
    deployment: {
      ...deployment,
      resources: kept.map((resource) => withoutTies(withoutOutputs(resource), urns)),
      ...(pending.length === 0
        ? {}
        : { pending_operations: pending.filter(({ resource }) => urns.has(resource.urn)) }),
    },
  };
}

const isPartOf = (parent: string | undefined, component: "VCluster" | "Host"): boolean =>
  parent?.includes(`meshlab:cluster:${component}::`) === true;

/** The stack's outputs still have the way into the cluster that is forgotten. */
const withoutOutputs = (resource: StateResource): StateResource =>
  resource.type === "pulumi:pulumi:Stack" ? { ...resource, outputs: {} } : resource;

function withoutTies(resource: StateResource, urns: ReadonlySet<string>): StateResource {
  const { dependencies, propertyDependencies } = resource;
  const known = (list: readonly string[]): string[] => list.filter((urn) => urns.has(urn));
  return {
    ...resource,
    ...(dependencies === undefined ? {} : { dependencies: known(dependencies) }),
    ...(propertyDependencies === undefined
      ? {}
      : {
          propertyDependencies: Object.fromEntries(
            Object.entries(propertyDependencies).map(([key, list]) => [key, list && known(list)]),
          ),
        }),
  };
}
