import {
  AppsV1Api,
  type CoreV1Event,
  CoreV1Api,
  type KubeConfig,
  type V1Node,
  type V1Pod,
  type V1Secret,
  VersionApi,
} from "@kubernetes/client-node";
import pMap from "p-map";
import { isWell } from "../../kubernetes/diagnosis/conditions.ts";
import { type Found, problemsOf } from "../../kubernetes/diagnosis/diagnosis.ts";
import { timeOf } from "../../kubernetes/diagnosis/events.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { within } from "../clusters/within.ts";
import { table } from "../terminal/table.ts";
import { type Files, together, yaml } from "./files.ts";
import { helmType, releasesIn } from "./releases.ts";
import { readable, secretsInObject } from "./secrets.ts";

/** What was found in a cluster. */
export interface Collected {
  readonly files: Files;
  /** A line for each thing that is not as it must be, or could not be looked at. */
  readonly problems: readonly string[];
  /** What must be in no file. */
  readonly secrets: readonly string[];
}

const seconds = 20;
const logLines = 500;

/** Looks at most at so many logs, and at so many at a time. */
const logs = { most: 30, concurrency: 6 };

/**
 * Collects what tells why something in a cluster is not ready.
 *
 * @param namespaces only these; default: all
 * @throws where the cluster does not answer
 */
export async function collectCluster(
  name: string,
  config: KubeConfig,
  namespaces?: readonly string[],
): Promise<Collected> {
  const patience = { seconds, from: name };
  const version = await within(config.makeApiClient(VersionApi).getCode(), patience);
  const [core, apps] = [config.makeApiClient(CoreV1Api), config.makeApiClient(AppsV1Api)];
  const gaps: string[] = [];
  /** The objects that are asked for; what cannot be listed is told, and hides nothing of the rest. */
  const listed = async <T extends Placed>(
    what: string,
    list: () => Promise<{ items: T[] }>,
  ): Promise<T[]> => {
    try {
      const { items } = await within(list(), patience);
      return items.filter(({ metadata }) => namespaces?.includes(metadata?.namespace ?? "") ?? true);
    } catch (error) {
      gaps.push(`${what} could not be listed: ${explain(error)}`);
      return [];
    }
  };
  const [pods, services, claims, secrets, events, deployments, sets, nodes] = await Promise.all([
    listed("pods", () => core.listPodForAllNamespaces()),
    listed("services", () => core.listServiceForAllNamespaces()),
    listed("claims", () => core.listPersistentVolumeClaimForAllNamespaces()),
    listed("secrets", () => core.listSecretForAllNamespaces()),
    listed("events", () => core.listEventForAllNamespaces()),
    listed("deployments", () => apps.listDeploymentForAllNamespaces()),
    listed("statefulsets", () => apps.listStatefulSetForAllNamespaces()),
    core.listNode().then(
      ({ items }) => items,
      (error: unknown) => {
        gaps.push(`nodes could not be listed: ${explain(error)}`);
        return [];
      },
    ),
  ]);
  const unready = pods.filter((pod) => !isWell(pod));
  return {
    problems: [...gaps, ...namespacedProblems({ services, claims, pods, events })],
    secrets: secrets.filter(({ type }) => type !== helmType).flatMap(secretsInObject),
    files: together(
      {
        "version.yaml": yaml(version),
        "nodes.yaml": yaml(nodes.map(nodeSummary)),
        "pods.txt": podTable(pods),
        "unready-pods.yaml": unready.length === 0 ? "" : yaml(unready.map(readable)),
        "events.txt": eventTable(events),
        "services.yaml": yaml(services.map(readable)),
        "claims.yaml": claims.length === 0 ? "" : yaml(claims.map(readable)),
        "workloads.yaml": yaml([...deployments, ...sets].map(workloadSummary)),
        "secrets.txt": secretTable(secrets),
        "releases.yaml": yaml(releasesIn(secrets)),
      },
      await logsOf(name, core, unready),
    ),
  };
}

interface Placed {
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
}

const namespaceOf = ({ metadata }: Placed): string => metadata?.namespace ?? "";
const nameOf = ({ metadata }: Placed): string => metadata?.name ?? "";

/** By namespace, and there in the order in which they are found. */
const namespacedProblems = (found: Found): string[] =>
  problemsOf(found)
    .toSorted((a, b) => a.namespace.localeCompare(b.namespace))
    .map(({ namespace, text }) => `${namespace}: ${text}`);

const restartsOf = ({ status }: V1Pod): number =>
  (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);

function podTable(pods: readonly V1Pod[]): string {
  const rows = pods.map((pod) => {
    const containers = pod.status?.containerStatuses ?? [];
    return [
      namespaceOf(pod),
      nameOf(pod),
      `${containers.filter(({ ready }) => ready).length}/${pod.spec?.containers.length ?? 0}`,
      pod.status?.phase ?? "",
      String(restartsOf(pod)),
      pod.spec?.nodeName ?? "",
      pod.metadata?.creationTimestamp?.toISOString() ?? "",
    ];
  });
  return `${table(["namespace", "pod", "ready", "phase", "restarts", "node", "since"], rows)}\n`;
}

function eventTable(events: readonly CoreV1Event[]): string {
  const rows = events
    .map((event) => [
      new Date(timeOf(event)).toISOString(),
      event.type ?? "",
      namespaceOf(event),
      `${event.involvedObject.kind ?? ""}/${event.involvedObject.name ?? ""}`,
      event.reason ?? "",
      String(event.count ?? 1),
      (event.message ?? "").replaceAll(/\s+/g, " "),
    ])
    .sort(([a = ""], [b = ""]) => a.localeCompare(b));
  return `${table(["last", "type", "namespace", "object", "reason", "count", "message"], rows)}\n`;
}

/** Which Secrets there are and what each has; nothing of what that is. */
function secretTable(secrets: readonly V1Secret[]): string {
  const rows = secrets.map((secret) => [
    namespaceOf(secret),
    nameOf(secret),
    secret.type ?? "",
    Object.keys(secret.data ?? {}).join(", "),
  ]);
  return `${table(["namespace", "secret", "type", "keys"], rows)}\n`;
}

const nodeSummary = ({ metadata, spec, status }: V1Node) => ({
  name: metadata?.name,
  labels: metadata?.labels,
  providerID: spec?.providerID,
  unschedulable: spec?.unschedulable ?? false,
  taints: spec?.taints ?? [],
  capacity: status?.capacity,
  allocatable: status?.allocatable,
  conditions: status?.conditions,
  system: {
    kubelet: status?.nodeInfo?.kubeletVersion,
    runtime: status?.nodeInfo?.containerRuntimeVersion,
    os: status?.nodeInfo?.osImage,
    kernel: status?.nodeInfo?.kernelVersion,
    architecture: status?.nodeInfo?.architecture,
  },
});

interface Replicated extends Placed {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number; readonly conditions?: unknown };
}

const workloadSummary = (workload: Replicated) => ({
  namespace: namespaceOf(workload),
  name: nameOf(workload),
  ready: `${workload.status?.readyReplicas ?? 0}/${workload.spec?.replicas ?? 1}`,
  conditions: workload.status?.conditions ?? [],
});

/** The ends of the logs of pods that are not ready, and of what ran in them before. */
async function logsOf(cluster: string, core: CoreV1Api, pods: readonly V1Pod[]): Promise<Files> {
  const wanted = pods.flatMap((pod) =>
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].flatMap(
      ({ name: container, restartCount }) =>
        [false, ...(restartCount > 0 ? [true] : [])].map((previous) => ({ pod, container, previous })),
    ),
  );
  const entries = await pMap(
    wanted.slice(0, logs.most),
    async ({ pod, container, previous }) => {
      const [namespace, name] = [namespaceOf(pod), nameOf(pod)];
      const request = { namespace, name, container, previous, tailLines: logLines };
      const text = await within(core.readNamespacedPodLog(request), { seconds, from: cluster }).catch(
        (error: unknown) => `there is no log: ${explain(error)}\n`,
      );
      return [`logs/${namespace}/${name}/${container}${previous ? ".previous" : ""}.log`, text] as const;
    },
    { concurrency: logs.concurrency },
  );
  return Object.fromEntries(entries);
}
