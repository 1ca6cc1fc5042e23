/** Repairs what a killed run of Pulumi left half done, so that the next one converges. */
import { resourceIn } from "../kit/words.ts";
import type { ReleaseName } from "../../kubernetes/helm/release.ts";

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
interface ResourceState {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** Why it is not complete. */
  readonly initErrors?: readonly string[];
  /** It has been replaced, and only waits for its deletion. */
  readonly delete?: boolean;
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

/** What has to be done about a pending operation before it may be forgotten. */
export type Action =
  /** A creation that may have left an incomplete object, in whose way it would be. */
  | { readonly do: "delete-object"; readonly access: ClusterAccess; readonly object: ObjectName }
  /** An installation that may have left a release, which an upgrade completes. */
  | { readonly do: "adopt-release"; readonly access: ClusterAccess; readonly release: ReleaseName }
  /** An upgrade that may have left Helm's lock on a release. */
  | { readonly do: "unlock-release"; readonly access: ClusterAccess; readonly release: ReleaseName }
  /** A deletion that may have been begun: it cannot be taken back. */
  | { readonly do: "finish-deletion"; readonly access: ClusterAccess; readonly object: ObjectName }
  | { readonly do: "finish-uninstall"; readonly access: ClusterAccess; readonly release: ReleaseName }
  /** Whatever is simply done again. */
  | { readonly do: "nothing" };

/** What the state must learn about the resource of a pending operation. */
export type Effect = "adopt" | "drop" | "none";

/** A cluster, as far as recovery acts on it. */
export interface Cluster {
  /** Deletes an object and waits until it is gone; false: there was none. */
  deleteObject(object: ObjectName): Promise<boolean>;
  /** Status of a release's last revision, e.g. `pending-install`; undefined: there is no such release. */
  releaseStatus(release: ReleaseName): Promise<string | undefined>;
  /** Gives the last revision the status `failed`, as Helm does itself where it is not killed. */
  markFailed(release: ReleaseName): Promise<void>;
  uninstall(release: ReleaseName): Promise<void>;
}

const releaseType = "kubernetes:helm.sh/v3:Release";

/** What has to be done about each pending operation, in their order. */
export function plan({
  deployment: { resources = [], pending_operations = [] },
}: Deployment): readonly Action[] {
  return pending_operations.map(({ type: operation, resource }): Action => {
    const access = accessOf(resource, resources);
    const inputs = plain(resource.inputs ?? {}) as Readonly<Record<string, unknown>>;
    if (resource.type === releaseType) {
      const release = releaseNameOf(inputs);
      const what = releaseActions[operation];
      return release === undefined || what === undefined ? { do: "nothing" } : { do: what, access, release };
    }
    // Steps and random values leave nothing behind, and have no object.
    const object = resource.type.startsWith("kubernetes:") ? objectNameOf(inputs) : undefined;
    const what = objectActions[operation];
    return object === undefined || what === undefined ? { do: "nothing" } : { do: what, access, object };
  });
}

const releaseActions: Readonly<Record<string, "adopt-release" | "unlock-release" | "finish-uninstall">> = {
  creating: "adopt-release",
  updating: "unlock-release",
  deleting: "finish-uninstall",
};

const objectActions: Readonly<Record<string, "delete-object" | "finish-deletion">> = {
  creating: "delete-object",
  deleting: "finish-deletion",
};

/**
 * Carries a plan out, what was begun last first, with a line for each operation; returns the effects in the order
 * of the operations. What is in a cluster that does not answer is left alone.
 */
export async function execute(
  deployment: Deployment,
  connect: (access: ClusterAccess) => Promise<Cluster>,
  say: (line: string) => void,
): Promise<readonly Effect[]> {
  const effects: Effect[] = [];
  const operations = deployment.deployment.pending_operations ?? [];
  for (const [index, action] of [...plan(deployment).entries()].reverse()) {
    const [outcome, effect] = await carryOut(action, connect).catch((error: unknown): [string, Effect] => [
      `could not be repaired: ${error instanceof Error ? error.message : String(error)}`,
      "none",
    ]);
    const operation = operations[index];
    say(`${resourceIn(operation?.resource.urn ?? "")}: ${operation?.type ?? ""} was cut off; ${outcome}`);
    effects[index] = effect;
  }
  return effects;
}

/** Does what an action says, and tells the outcome. */
async function carryOut(
  action: Action,
  connect: (access: ClusterAccess) => Promise<Cluster>,
): Promise<[string, Effect]> {
  if (action.do === "nothing") return ["it is done again", "none"];
  const cluster = await connect(action.access);
  switch (action.do) {
    case "delete-object": {
      const deleted = await cluster.deleteObject(action.object);
      return [deleted ? "what it left is deleted" : "it had left nothing", "none"];
    }
    case "finish-deletion":
      await cluster.deleteObject(action.object);
      return ["it is completed", "drop"];
    case "finish-uninstall":
      if ((await cluster.releaseStatus(action.release)) !== undefined)
        await cluster.uninstall(action.release);
      return ["it is completed", "drop"];
    case "adopt-release":
    case "unlock-release": {
      const status = await cluster.releaseStatus(action.release);
      if (status === undefined) return ["it had left nothing", "none"];
      if (status.startsWith("pending-")) await cluster.markFailed(action.release);
      return [`the release was ${status}, and is upgraded`, action.do === "adopt-release" ? "adopt" : "none"];
    }
  }
}

/** The deployment once the effects of a plan are known: nothing is pending in it. */
export function settle(deployment: Deployment, effects: readonly Effect[]): Deployment {
  const { resources = [], pending_operations = [], ...rest } = deployment.deployment;
  const affected = (effect: Effect): ResourceState[] =>
    pending_operations.flatMap(({ resource }, index) => (effects[index] === effect ? [resource] : []));
  const dropped = new Set(affected("drop").map(keyOf));
  const kept = resources.filter((resource) => !dropped.has(keyOf(resource)));
  const settled = {
    ...rest,
    resources: [...kept, ...affected("adopt").map(incomplete)],
    pending_operations: [],
  };
  return { ...deployment, deployment: settled };
}

/** A release as the engine has it after a failed creation, which it completes by an update. */
function incomplete(resource: ResourceState): ResourceState {
  const { namespace, name } = releaseNameOf(resource.inputs ?? {}) ?? { namespace: "", name: "" };
  const initErrors = ["its creation was cut off"];
  return { ...resource, id: `${namespace}/${name}`, outputs: resource.inputs ?? {}, initErrors };
}

/** A resource that is being replaced is in the state twice. */
const keyOf = ({ urn, id = "", delete: doomed = false }: ResourceState): string => `${urn} ${id} ${doomed}`;

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
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const mapping = value as Readonly<Record<string, unknown>>;
  if (mapping[signature] === secretSignature) {
    const { plaintext } = mapping;
    return typeof plaintext === "string" ? plain(JSON.parse(plaintext)) : undefined;
  }
  return Object.fromEntries(Object.entries(mapping).map(([key, member]) => [key, plain(member)]));
}
