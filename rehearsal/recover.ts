/** Repairs what a killed run of Pulumi left half done, so that the next one converges. */

/** As much of `pulumi stack export` as recovery needs; secrets may be in plain text, marked as such. */
export interface Deployment {
  readonly version: number;
  readonly deployment: {
    readonly resources?: readonly ResourceState[];
    readonly pending_operations?: readonly PendingOperation[];
    readonly [field: string]: unknown;
  };
}

/** A resource as the state has it. */
export interface ResourceState {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** `URN::ID` of its provider. */
  readonly provider?: string;
}

/** An operation that was under way when the state was written last. */
export interface PendingOperation {
  readonly type: string;
  readonly resource: ResourceState;
}

/** How to reach a cluster; neither field: the ambient kubeconfig and its current context. */
export interface ClusterAccess {
  /** Kubeconfig as text, or as path of a file. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** A Kubernetes object by name. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** A Helm release by name. */
export interface ReleaseName {
  readonly namespace: string;
  readonly name: string;
}

/** What has to be done about one pending operation before it may be forgotten. */
export type Action =
  | { readonly do: "delete-object"; readonly access: ClusterAccess; readonly object: ObjectName }
  | { readonly do: "uninstall-release"; readonly access: ClusterAccess; readonly release: ReleaseName }
  | { readonly do: "roll-back-release"; readonly access: ClusterAccess; readonly release: ReleaseName }
  | { readonly do: "forget"; readonly operation: string; readonly urn: string };

/** A cluster, as far as recovery acts on it. */
export interface Cluster {
  /** Deletes an object and waits until it is gone; false: there was none. */
  deleteObject(object: ObjectName): Promise<boolean>;
  /** Status of a release's last revision, e.g. `pending-install`; undefined: there is no such release. */
  releaseStatus(release: ReleaseName): Promise<string | undefined>;
  uninstall(release: ReleaseName): Promise<void>;
  rollBack(release: ReleaseName): Promise<void>;
}

const releaseType = "kubernetes:helm.sh/v3:Release";

/** What has to be done, in this order: what was begun last goes first. */
export function plan({
  deployment: { resources = [], pending_operations = [] },
}: Deployment): readonly Action[] {
  return pending_operations.toReversed().map(({ type: operation, resource }) => {
    const { urn, type } = resource;
    const access = accessOf(resource, resources);
    const inputs = plain(resource.inputs ?? {}) as Readonly<Record<string, unknown>>;
    const release = type === releaseType ? releaseNameOf(inputs) : undefined;
    if (release !== undefined && operation === "creating")
      return { do: "uninstall-release", access, release };
    if (release !== undefined && operation === "updating")
      return { do: "roll-back-release", access, release };
    const object = type.startsWith("kubernetes:") ? objectNameOf(inputs) : undefined;
    if (object !== undefined && operation === "creating") return { do: "delete-object", access, object };
    // The engine knows the rest from the state and does it again; steps and random values leave nothing behind.
    return { do: "forget", operation, urn };
  });
}

/** Carries a plan out, with a line for each thing done. What is in a cluster that does not answer is left alone. */
export async function execute(
  actions: readonly Action[],
  connect: (access: ClusterAccess) => Promise<Cluster>,
  say: (line: string) => void,
): Promise<void> {
  for (const action of actions) {
    if (action.do === "forget") {
      say(`${nameOf(action.urn)}: ${action.operation} was cut off; it is done again`);
      continue;
    }
    const what =
      "object" in action ? describeObject(action.object) : `release ${describeRelease(action.release)}`;
    try {
      say(`${what}: ${await repair(action, await connect(action.access))}`);
    } catch (error) {
      say(`${what}: could not be repaired: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** Does what an action says, and tells the outcome. */
async function repair(action: Exclude<Action, { do: "forget" }>, cluster: Cluster): Promise<string> {
  if (action.do === "delete-object") {
    const deleted = await cluster.deleteObject(action.object);
    return deleted ? "its creation was cut off; deleted" : "had not been created yet";
  }
  const status = await cluster.releaseStatus(action.release);
  if (status === undefined) return "had not been installed yet";
  if (action.do === "uninstall-release") {
    await cluster.uninstall(action.release);
    return `was ${status}; uninstalled`;
  }
  if (!status.startsWith("pending-")) return `is ${status}; nothing to do`;
  await cluster.rollBack(action.release);
  return `was ${status}; rolled back`;
}

/** The deployment once everything planned has been done. */
export function withoutPending(deployment: Deployment): Deployment {
  return { ...deployment, deployment: { ...deployment.deployment, pending_operations: [] } };
}

const describeRelease = ({ namespace, name }: ReleaseName): string => `${namespace}/${name}`;
const describeObject = ({ kind, namespace, name }: ObjectName): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

function accessOf({ provider }: ResourceState, resources: readonly ResourceState[]): ClusterAccess {
  const urn = provider?.slice(0, provider.lastIndexOf("::"));
  const inputs = resources.find((resource) => resource.urn === urn)?.inputs ?? {};
  return { kubeconfig: text(plain(inputs["kubeconfig"])), context: text(plain(inputs["context"])) };
}

function objectNameOf({
  apiVersion,
  kind,
  metadata,
}: Readonly<Record<string, unknown>>): ObjectName | undefined {
  const { name, namespace } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string")
    return undefined;
  return { apiVersion, kind, name, namespace: text(namespace) };
}

function releaseNameOf({ name, namespace }: Readonly<Record<string, unknown>>): ReleaseName | undefined {
  return typeof name === "string" ? { name, namespace: text(namespace) ?? "default" } : undefined;
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** A value without its secret marks; a secret that is encrypted is no value. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const mapping = value as Readonly<Record<string, unknown>>;
  if (mapping[signature] === secretSignature) {
    const { plaintext } = mapping;
    return typeof plaintext === "string" ? plain(JSON.parse(plaintext)) : undefined;
  }
  return Object.fromEntries(Object.entries(mapping).map(([key, member]) => [key, plain(member)]));
}
