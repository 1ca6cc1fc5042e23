/** Objects of any kind, created, compared, updated and deleted one by one. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { log } from "../engine.ts";
import { PartialFailure, type Props, type Provider } from "../provider.ts";
import { apply } from "./apply.ts";
import { ApiError, isAbsent, NoMatchError, type Ref } from "./cluster.ts";
import { diff, project } from "./diff.ts";
import {
  fromServer,
  hideData,
  inputFailures,
  isClusterScoped,
  named,
  normalized,
  toServer,
  withMetadata,
  without,
} from "./inputs.ts";
import {
  annotated,
  annotation,
  at,
  holdsUnknown,
  idOf,
  messageOf,
  nameOf,
  namespaceOf,
  parseId,
  text,
} from "./object.ts";
import { immutablePaths } from "./replace.ts";
import type { Session } from "./session.ts";
import { inspect, NotReady, type Patience, refOf, timeoutOf, untilGone, untilReady } from "./wait.ts";

/** The operations of a provider on resources. */
export type Operations = Required<Pick<Provider, "check" | "diff" | "create" | "read" | "update" | "delete">>;

/** Kinds that `skipAwait` also spares from waiting until they are gone. */
const leftBehind =
  /^(v1\/(Namespace|Pod|ReplicationController)|apps\/v1\/(DaemonSet|Deployment|StatefulSet)|batch\/v1\/Job)$/;

const dropIt =
  'If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"';

const outputsOf = (live: Props): Props => hideData(fromServer(live));

/** The apiVersion and kind in a type token, "kubernetes:apps/v1:Deployment". */
function kindOf(type: string): Pick<Ref, "apiVersion" | "kind"> {
  const [, apiVersion = "", kind = ""] = type.split(":");
  return { apiVersion: apiVersion.replace(/^core\//, ""), kind };
}

/** Each resource owns its fields under a name of its own. */
const fieldManager = (urn: string, inputs: Props): string =>
  annotation(inputs, "pulumi.com/patchFieldManager") ||
  `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;

function creationError(urn: string, inputs: Props, error: unknown): Error {
  if (error instanceof NoMatchError) {
    const kind = `${text(inputs, "apiVersion")}/${text(inputs, "kind")}`;
    return new Error(
      `creation of resource "${urn}" with kind ${kind} failed because the Kubernetes API server reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created: ${error.message}`,
    );
  }
  const advice =
    error instanceof ApiError && error.reason === "AlreadyExists"
      ? "\n\nThe resource already exists in the cluster. If it was renamed in the program, give it an alias; if it is someone else's, choose another name or import it."
      : "";
  return new Error(
    `resource "${urn}" was not successfully created by the Kubernetes API server: ${messageOf(error)}${advice}`,
  );
}

/** Whether the server's refusal of a trial says nothing about the real thing. */
function cannotBeTried(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const noNamespace = error.reason === "NotFound" && text(error.details, "kind") === "namespaces";
  const noTrial = error.message.includes("does not support dry run");
  return noNamespace || noTrial || ["Forbidden", "AlreadyExists"].includes(error.reason);
}

/** The operations on plain objects, in the session's cluster. */
export function rawObjects({ cluster, unreachable, settings, signal }: Session): Operations {
  const nowhere = `configured Kubernetes cluster is unreachable: ${unreachable}`;
  const patience = (urn: string, option: number, inputs: Props): Patience => {
    let said = "";
    const say = (status: string): void => {
      if (status !== "" && status !== said) log("info", status, urn, true);
      said = status;
    };
    return { timeout: timeoutOf(option, inputs), signal, say };
  };

  const scopeOf = async (inputs: Props): Promise<"namespaced" | "cluster" | undefined> =>
    cluster?.scope(text(inputs, "apiVersion"), text(inputs, "kind")).catch(() => undefined);

  /** Of a kind that is not there yet nothing is known: it is taken for a namespaced one. */
  const isNamespaced = async (inputs: Props): Promise<boolean> =>
    !isClusterScoped(inputs) && (await scopeOf(inputs)) !== "cluster";

  /** Whether a preview can ask the server what would come of the inputs. */
  const canBeTried = async (inputs: Props): Promise<boolean> =>
    !holdsUnknown(inputs) && (await scopeOf(inputs)) !== undefined;

  /** Tries again while a namespace or a CRD is not there yet: six attempts within 31 seconds. */
  async function patiently<T>(urn: string, attempt: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (tries === 5 || !isAbsent(error)) throw error;
        log("info", `Retry #${tries}; creation failed: ${messageOf(error)}`, urn, true);
        await sleep(1000 * 2 ** tries, undefined, { signal });
      }
    }
  }

  return {
    async check({ urn, type, olds, news, randomSeed }) {
      if (cluster === undefined && settings.skipUpdateUnreachable) {
        log("warning", `${nowhere}; skipUpdateUnreachable is set: it is left as it is`, urn);
        return { inputs: olds };
      }
      const failures = inputFailures(type, news);
      if (failures.length > 0) return { inputs: news, failures };
      const inputs = named(normalized(news), olds, urn, randomSeed);
      const needsPlace = namespaceOf(inputs) === "" && (await isNamespaced(inputs));
      return {
        inputs: hideData(needsPlace ? withMetadata(inputs, { namespace: settings.namespace }) : inputs),
      };
    },

    async diff({ oldInputs, olds, news }) {
      const live = project(toServer(olds), toServer(normalized(oldInputs))) as Props;
      const now = toServer(normalized(news));
      const namespace = namespaceOf(olds) === "" ? undefined : namespaceOf(now) || "default";
      const wanted = withMetadata(now, { namespace });
      const changes = diff(live, wanted, immutablePaths(wanted, settings.mutable));
      // Two objects of one name cannot exist side by side.
      const inPlace = nameOf(wanted) === nameOf(olds) && namespaceOf(wanted) === namespaceOf(olds);
      const replaced = changes.replaces !== undefined && changes.replaces.length > 0;
      return { ...changes, deleteBeforeReplace: replaced && inPlace && !annotated(wanted, "autonamed") };
    },

    async create({ urn, inputs, preview, timeout }) {
      if (preview && !(await canBeTried(inputs))) return { id: "", outputs: inputs };
      if (cluster === undefined) throw new Error(nowhere);
      const body = toServer(inputs);
      const query = { fieldManager: "pulumi-kubernetes", ...(preview && { dryRun: "All" }) };
      const { apiVersion, kind, namespace } = refOf(body);
      const post = (): Promise<Props> =>
        cluster.send("POST", { apiVersion, kind, namespace }, { query, body });
      const created = await (preview ? post() : patiently(urn, post)).catch((error: unknown) => {
        if (preview && cannotBeTried(error)) return undefined;
        throw creationError(urn, inputs, error);
      });
      if (created === undefined) return { id: "", outputs: inputs };
      if (preview) return { id: "", outputs: without(outputsOf(created), "status") };
      try {
        const live = await untilReady(cluster, created, patience(urn, timeout, inputs));
        return { id: idOf(live), outputs: outputsOf(live) };
      } catch (error) {
        if (!(error instanceof NotReady)) throw error;
        const message = `resource "${urn}" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: ${error.message}`;
        const reasons = [message, ...error.problems];
        throw new PartialFailure(idOf(error.object), outputsOf(error.object), hideData(inputs), reasons);
      }
    },

    async read({ urn, type, id, inputs, state }) {
      const gone = { id: "", inputs: {}, outputs: {} };
      if (cluster === undefined) {
        log("warning", nowhere, urn);
        if (settings.deleteUnreachable) return gone;
        if (settings.skipUpdateUnreachable) return { id, inputs, outputs: state };
        throw new Error(`failed to read resource state due to unreachable cluster. ${dropIt}`);
      }
      // Without inputs it is someone else's object: looked up, never awaited.
      const isOwn = text(inputs, "apiVersion") !== "";
      const { apiVersion, kind } = isOwn ? refOf(inputs) : kindOf(type);
      let live: Props;
      try {
        live = await cluster.send("GET", { apiVersion, kind, ...parseId(id) });
      } catch (error) {
        if (isAbsent(error)) return gone;
        throw error;
      }
      const outputs = outputsOf(live);
      if (!isOwn) return { id, inputs: hideData(normalized(without(fromServer(live), "status"))), outputs };
      const liveInputs = hideData(project(fromServer(live), normalized(inputs)) as Props);
      const verdict = annotated(inputs, "skipAwait") ? undefined : await inspect(cluster, live);
      if (verdict?.ready !== false) return { id, inputs: liveInputs, outputs };
      const message = `Resource '${nameOf(live)}' was created but failed to initialize`;
      throw new PartialFailure(id, outputs, liveInputs, [message, ...verdict.problems]);
    },

    async update({ urn, olds, news, preview, timeout }) {
      if (preview && !(await canBeTried(news))) return { outputs: news };
      if (cluster === undefined) throw new Error(nowhere);
      const body = toServer(news);
      const ref = { ...refOf(body), namespace: namespaceOf(olds), name: nameOf(olds) };
      const options = {
        fieldManager: fieldManager(urn, news),
        force: settings.patchForce || annotated(news, "patchForce"),
        ...(preview && { dryRun: "All" }),
      };
      try {
        const before = await cluster.send("GET", ref);
        const resourceVersion = at(before, "metadata", "resourceVersion");
        // Applied, a CRD would keep what was dropped from its schema.
        const written =
          ref.kind === "CustomResourceDefinition"
            ? await cluster.send("PUT", ref, {
                query: without(options, "force") as Record<string, string>,
                body: withMetadata(body, { resourceVersion }),
              })
            : await apply(cluster, ref, before, body, options);
        if (preview) return { outputs: outputsOf(written) };
        return { outputs: outputsOf(await untilReady(cluster, written, patience(urn, timeout, news))) };
      } catch (error) {
        if (preview && error instanceof ApiError && error.reason === "Forbidden") return { outputs: news };
        const live = await cluster.send("GET", ref).catch((unreadable: unknown) => {
          const why = `${messageOf(error)}\nunable to get cluster state: ${messageOf(unreadable)}`;
          throw new Error(`update of resource "${urn}" failed: ${why}`);
        });
        const problems = error instanceof NotReady ? error.problems : [];
        const message = `the Kubernetes API server reported that "${idOf(live)}" failed to fully initialize or become live: ${messageOf(error)}`;
        throw new PartialFailure(idOf(live), outputsOf(live), hideData(news), [message, ...problems]);
      }
    },

    async delete({ urn, id, inputs, state, timeout }) {
      if (cluster === undefined) {
        if (!settings.deleteUnreachable) throw new Error(`${nowhere}. ${dropIt}`);
        log("warning", `${nowhere}; deleteUnreachable is set: it is dropped from the state`, urn);
        return;
      }
      const ref = { ...refOf(state), ...parseId(id) };
      const policy = annotation(inputs, "pulumi.com/deletionPropagationPolicy").toLowerCase();
      const propagationPolicy = { orphan: "Orphan", background: "Background" }[policy] ?? "Foreground";
      try {
        await cluster.send("DELETE", ref, { body: { propagationPolicy } });
      } catch (error) {
        if (isAbsent(error)) return;
        throw error;
      }
      const isLeft = annotated(inputs, "skipAwait") && leftBehind.test(`${ref.apiVersion}/${ref.kind}`);
      if (!isLeft) await untilGone(cluster, ref, patience(urn, timeout, inputs));
    },
  };
}
