/** When an object of each kind counts as ready, judged on what the API shows of it and of what belongs to it. */
import type { Props } from "../provider.ts";
import { annotation, at, condition, nameOf, namespaceOf, number, record, records, text } from "./object.ts";

export interface Snapshot {
  readonly object: Props;
  /** The objects of the kinds the awaiter names in `related`, from the object's namespace. */
  readonly related: readonly Props[];
  readonly endpoints?: Props | undefined;
  /** Whether the endpoints have been left alone for ten seconds. */
  readonly settled: boolean;
}

export interface Verdict {
  readonly ready: boolean;
  /** It will not become ready any more. */
  readonly failed?: boolean;
  /** What is waited for, for the display. */
  readonly status: string;
  /** Why it is not ready, for the error. */
  readonly problems: readonly string[];
}

export interface Awaiter {
  readonly judge: (s: Snapshot) => Verdict;
  /** The kinds to look at beside the object, with their apiVersions. */
  readonly related?: Readonly<Record<string, string>>;
  /** Whether the endpoints of that name are followed. */
  readonly endpoints?: true;
  /** Whether a refresh judges the object too. */
  readonly onRead?: true;
  /** Seconds, where the kind has a limit of its own instead of the resource's timeout. */
  readonly limit?: number;
}

const owned = (related: readonly Props[], kind: string, owner: Props | undefined): readonly Props[] =>
  related.filter((o) => {
    const owners = records(o, "metadata", "ownerReferences").map((reference) => reference["uid"]);
    return o["kind"] === kind && owners.includes(at(owner, "metadata", "uid"));
  });

const isTrue = (o: Props, type: string): boolean => condition(o, type)?.["status"] === "True";
const display = (o: Props): string =>
  ["", "default"].includes(namespaceOf(o)) ? nameOf(o) : `${namespaceOf(o)}/${nameOf(o)}`;

function containerErrors(status: Props): string[] {
  if (status["ready"] === true) return [];
  const waiting = record(status, "state", "waiting");
  const ended = record(status, "state", "terminated");
  const before = record(status, "lastState", "terminated");
  const [reason, message] = [text(waiting, "reason"), text(waiting, "message")];
  const isCreating = reason === "ContainerCreating" && message === "";
  const exit = (state: Props): string => `${text(state, "reason")}: exit code ${number(state, "exitCode")}`;
  const container = `container "${text(status, "name")}"`;
  return [
    reason === "" || isCreating ? "" : `[${reason}] ${message}`,
    "reason" in ended ? `${container} ended (${exit(ended)}) ${text(ended, "message")}` : "",
    "reason" in before ? `${container} ended before (${exit(before)}) ${text(before, "message")}` : "",
  ].filter(Boolean);
}

/** The first of scheduled, initialized, ready that a pod is not, and why. */
function pod({ object }: { object: Props }): Verdict {
  const stages = [
    ["PodScheduled", "be scheduled"],
    ["Initialized", "be initialized"],
    ["Ready", "be ready"],
  ] as const;
  const succeeded = text(object, "status", "phase") === "Succeeded";
  const stage = stages.find(([type]) => !isTrue(object, type) && !(type === "Ready" && succeeded));
  if (stage === undefined) return { ready: true, status: "", problems: [] };
  const [type, what] = stage;
  const message = text(condition(object, type), "message");
  const errors = ["initContainerStatuses", "containerStatuses"].flatMap((statuses) =>
    records(object, "status", statuses).flatMap(containerErrors),
  );
  const detail = type === "PodScheduled" ? message : message + errors.join("\n");
  const problem = type === "PodScheduled" ? detail : `[Pod ${display(object)}]: ${detail}`;
  return {
    ready: false,
    status: `Waiting for Pod "${display(object)}" to ${what}`,
    problems: detail === "" ? [] : [problem],
  };
}

const podProblems = (pods: readonly Props[]): string[] => pods.flatMap((object) => pod({ object }).problems);

const revision = "deployment.kubernetes.io/revision";

function deployment({ object, related }: Snapshot): Verdict {
  const current = annotation(object, revision);
  const set = owned(related, "ReplicaSet", object).find((rs) => annotation(rs, revision) === current);
  const wanted = Number(at(set, "spec", "replicas") ?? 1);
  const live = number(set, "status", "readyReplicas");
  const claims = records(object, "spec", "template", "spec", "volumes")
    .map((volume) => text(volume, "persistentVolumeClaim", "claimName"))
    .flatMap((claim) => related.filter((o) => o["kind"] === "PersistentVolumeClaim" && nameOf(o) === claim));
  const unbound = claims.filter((claim) => text(claim, "status", "phase") !== "Bound").map(nameOf);

  const observed =
    number(object, "status", "observedGeneration") === number(object, "metadata", "generation");
  const available = isTrue(object, "Available");
  const progressing = condition(object, "Progressing");
  const complete = progressing?.["status"] === "True" && progressing["reason"] === "NewReplicaSetAvailable";
  const rolledOut = current === "1" || complete;
  const replaced = set !== undefined && live >= wanted;

  const conditions = ["Progressing", "Available", "ReplicaFailure"].flatMap((type) => {
    const c = condition(object, type);
    // A ReplicaFailure that is true is the trouble; of the others, one that is not.
    const bad = c !== undefined && (c["status"] === "True") === (type === "ReplicaFailure");
    return bad ? [`[${text(c, "reason")}] ${text(c, "message")}`] : [];
  });
  const missing = !available
    ? ["Minimum number of live Pods was not attained"]
    : !rolledOut || (!replaced && current === "1")
      ? ["Minimum number of Pods to consider the application live was not attained"]
      : !replaced
        ? ["Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"]
        : [];
  return {
    ready: observed && current !== "" && available && rolledOut && replaced && unbound.length === 0,
    status: `Waiting for app ReplicaSet to be available (${live}/${wanted} Pods available)`,
    problems: [
      ...conditions,
      ...(unbound.length > 0 ? [`Failed to bind PersistentVolumeClaim(s): "${unbound.join(",")}"`] : []),
      ...missing,
      ...podProblems(set === undefined ? [] : owned(related, "Pod", set)),
    ],
  };
}

function statefulSet({ object, related }: Snapshot): Verdict {
  const status = (field: string): number => number(object, "status", field);
  const generation = number(object, "metadata", "generation");
  const observed = generation > 0 && status("observedGeneration") >= generation;
  const wanted = number(object, "spec", "replicas");
  const [from, to] = [text(object, "status", "currentRevision"), text(object, "status", "updateRevision")];
  const byHand = generation > 1 && text(object, "spec", "updateStrategy", "type") === "OnDelete";
  const revised = observed && (byHand || (from !== "" && from === to));
  const counts = ["replicas", "readyReplicas", ...(byHand ? [] : ["currentReplicas"])];
  const replicated = observed && counts.every((field) => status(field) === wanted);
  // While it rolls out, pods of the old revision are ready too; they do not count.
  const live = revised
    ? status("readyReplicas")
    : Math.min(status("readyReplicas"), status("updatedReplicas"));
  return {
    ready: revised && replicated,
    status:
      generation > 1 && replicated
        ? "[2/3] Waiting for StatefulSet to update .status.currentRevision"
        : `[1/${generation > 1 ? 3 : 2}] Waiting for StatefulSet to create Pods (${live}/${wanted} Pods ready)`,
    problems: [
      ...(replicated ? [] : [`${live} out of ${wanted} replicas succeeded readiness checks`]),
      ...(revised
        ? []
        : [`StatefulSet controller failed to advance from revision "${from}" to revision "${to}"`]),
      ...podProblems(owned(related, "Pod", object)),
    ],
  };
}

function daemonSet({ object, related }: Snapshot): Verdict {
  const status = (field: string): number => number(object, "status", field);
  const wanted = status("desiredNumberScheduled");
  const observed = status("observedGeneration") === number(object, "metadata", "generation");
  const counts = ["updatedNumberScheduled", "numberAvailable", "numberReady"].map(status);
  const message = `Ready: ${status("numberReady")}/${wanted}`;
  return {
    ready: observed && counts.every((n) => n >= wanted),
    status: message,
    problems: [message, ...podProblems(owned(related, "Pod", object))],
  };
}

function job({ object, related }: Snapshot): Verdict {
  const counts = (["Active", "Succeeded", "Failed"] as const)
    .map((field) => `${field}: ${number(object, "status", field.toLowerCase())}`)
    .join(" | ");
  const failure = condition(object, "Failed");
  const reason = text(failure, "reason");
  const failed =
    failure?.["status"] === "True" && ["BackoffLimitExceeded", "DeadlineExceeded"].includes(reason);
  const started = text(object, "status", "startTime") !== "";
  return {
    ready: started && isTrue(object, "Complete"),
    failed,
    status: `Waiting for Job "${display(object)}" to ${started ? `succeed (${counts})` : "start"}`,
    problems: [
      ...(failed ? [`[${reason}] ${text(failure, "message")}`] : []),
      ...podProblems(owned(related, "Pod", object)),
    ],
  };
}

/** Ready when no pod behind it is on its way, which takes ten quiet seconds to know even if all are there. */
function service({ object, endpoints, settled }: Snapshot): Verdict {
  const type = text(object, "spec", "type");
  const balanced = type !== "LoadBalancer" || records(object, "status", "loadBalancer", "ingress").length > 0;
  const hasPods =
    type !== "ExternalName" &&
    at(object, "spec", "clusterIP") !== "None" &&
    Object.keys(record(object, "spec", "selector")).length > 0;
  const addresses = (field: string): boolean =>
    records(endpoints, "subsets").some((subset) => records(subset, field).length > 0);
  return {
    ready: balanced && (!hasPods || (settled && !addresses("notReadyAddresses"))),
    status:
      settled && addresses("addresses")
        ? "[2/3] Attempting to allocate IP address to Service"
        : "[1/3] Finding Pods to direct traffic to",
    problems: [
      ...(hasPods && !addresses("addresses")
        ? [
            "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods",
          ]
        : []),
      ...(balanced
        ? []
        : ["Service was not allocated an IP address; does your cloud provider support this?"]),
    ],
  };
}

const when =
  (status: string, ready: (s: Snapshot) => boolean): Awaiter["judge"] =>
  (s) => ({ ready: ready(s), status, problems: [] });

const phase = (o: Props): string => text(o, "status", "phase");

/** A claim that is bound when its first pod comes is ready while it is pending. */
const claim = when("Waiting for PersistentVolumeClaim to be bound", ({ object, related }) => {
  const storage = related.find((o) => nameOf(o) === text(object, "spec", "storageClassName"));
  const waits = at(storage, "volumeBindingMode") === "WaitForFirstConsumer";
  return phase(object) === "Bound" || (waits && phase(object) === "Pending");
});

/** Kinds not listed are ready as soon as they exist. */
export const awaiters: Readonly<Record<string, Awaiter>> = {
  "apps/v1/Deployment": {
    judge: deployment,
    related: { ReplicaSet: "apps/v1", Pod: "v1", PersistentVolumeClaim: "v1" },
    onRead: true,
  },
  "apps/v1/StatefulSet": { judge: statefulSet, related: { Pod: "v1" }, onRead: true },
  "apps/v1/DaemonSet": { judge: daemonSet, related: { Pod: "v1" }, onRead: true },
  "batch/v1/Job": { judge: job, related: { Pod: "v1" }, onRead: true },
  "v1/Pod": { judge: pod, onRead: true },
  "v1/Service": { judge: service, endpoints: true, onRead: true },
  "v1/PersistentVolumeClaim": { judge: claim, related: { StorageClass: "storage.k8s.io/v1" }, limit: 300 },
  "v1/PersistentVolume": {
    judge: when("Waiting for PersistentVolume to be available", ({ object }) =>
      ["Available", "Bound"].includes(phase(object)),
    ),
    limit: 300,
  },
  "v1/Secret": {
    judge: when(
      "Waiting for the token to be filled in",
      ({ object }) =>
        object["type"] !== "kubernetes.io/service-account-token" ||
        Object.keys(record(object, "data")).length > 0,
    ),
    limit: 5,
  },
};
