import {
  AppsV1Api,
  CoreV1Api,
  type KubernetesObject,
  type KubeConfig,
  type V1DaemonSet,
  type V1Deployment,
  type V1PersistentVolumeClaim,
  type V1Pod,
  type V1Service,
  type V1StatefulSet,
  VersionApi,
} from "@kubernetes/client-node";
import type { CheckedSettings } from "../../config/settings.ts";
import { copiedEvents, knownOf, problemsAt } from "../../kubernetes/diagnosis/diagnose.ts";
import type { Known } from "../../kubernetes/diagnosis/diagnosis.ts";
import type { SeenEvent } from "../../kubernetes/diagnosis/events.ts";
import { hasNamespace, lastOf } from "../../kubernetes/helm/release.ts";
import { type KeysOf, keysIn } from "../../kubernetes/diagnosis/keys.ts";
import { objectsIn, titleOf, undeletable } from "../../kubernetes/helm/release-objects.ts";
import { strangeness } from "../../kubernetes/vcluster/identity.ts";
import { explain } from "../../kubernetes/connection/unreached.ts";
import { nodeOutside } from "../../kubernetes/vcluster/reach.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { labReleases } from "../../plan/releases.ts";
import { type Certificate, clientCertificate, type Metrics, metricsOf } from "../clusters/agents.ts";
import { askHost, patienceSeconds } from "../clusters/ask-host.ts";
import { type ControlPlane, controlPlaneOf } from "../../kubernetes/vcluster/control-plane.ts";
import { isStopped } from "../clusters/control-plane.ts";
import { clusterOf, hostOf, type Outputs } from "../stack/lab.ts";
import { hostProblems } from "../clusters/host-objects.ts";
import { glooKinds, glooObjects } from "../clusters/look.ts";
import { moved } from "../stack/moved.ts";
import { within } from "../clusters/within.ts";
import { recordedPauses } from "../stack/recorded-pause.ts";
import { isSimulated } from "../clusters/simulated.ts";
import { injectedImage } from "./proxies.ts";

/** A Helm release that the lab is to have. */
export interface SeenRelease {
  readonly name: string;
  readonly namespace: string;
  /** Helm's word, e.g. `deployed`; undefined: there is no such release. */
  readonly status: string | undefined;
  /** What the cluster does not let Helm delete, each with its reason. */
  readonly refused?: readonly string[];
  /** Its namespace is not there either. */
  readonly lacksNamespace?: boolean;
  /** What it consists of and is not there, e.g. `Deployment istiod`. */
  readonly missing?: readonly string[];
}

/** What there is in a virtual cluster. */
export interface SeenContents {
  /** Version of its Kubernetes, e.g. `v1.22.5+k3s1`. */
  readonly version: string;
  readonly releases: readonly SeenRelease[];
  readonly deployments: readonly V1Deployment[];
  readonly statefulSets: readonly V1StatefulSet[];
  readonly daemonSets: readonly V1DaemonSet[];
  readonly pods: readonly V1Pod[];
  readonly services: readonly V1Service[];
  readonly claims: readonly V1PersistentVolumeClaim[];
  /** What happened to any of these, also to their copies on the host. */
  readonly events: readonly SeenEvent[];
  /** What is known of the host, and of the configuration. */
  readonly known: Known;
  /** The image of the proxies that istiod puts into new pods; undefined: there is no istiod. */
  readonly proxyImage: string | undefined;
  /** The certificate of its agent; undefined: it has none. */
  readonly certificate: Certificate | undefined;
  /** Names of the clusters that are registered here. */
  readonly registered: readonly string[];
  /** What its management server counts; undefined where there is none, or no container runs. */
  readonly metrics: Metrics | undefined;
}

/** What a look into a cluster tells by itself. */
type Seen = Omit<SeenContents, "known">;

/** A cluster of the lab as it was found. */
export interface SeenCluster {
  readonly name: string;
  readonly role: "management" | "workload";
  /** Whether the stack's configuration has it paused. */
  readonly isToBePaused: boolean;
  /** What runs its control plane on the host; undefined: there is nothing. */
  readonly controlPlane: ControlPlane | undefined;
  /** Its own release, on the host. */
  readonly release: SeenRelease;
  /** Undefined where it is stopped or does not answer. */
  readonly contents?: SeenContents;
  /** Why it did not answer. */
  readonly silence?: string;
  /** Where the host's nodes are reached; undefined where no Service is of type NodePort, or it is not known. */
  readonly node?: string | undefined;
  /** Why it is not the cluster that the stack knows, nor can be; undefined: it is, or the stack knows none. */
  readonly strangeness?: string;
  /** What is missing on the host, and what stands in its way there where it is not ready or does not answer. */
  readonly onHost: readonly string[];
}

/**
 * Looks at the host and into each cluster that runs, all at once and for a bounded time.
 *
 * @throws Failure where the host does not answer
 */
export async function look(settings: CheckedSettings, outputs: Outputs | undefined): Promise<SeenCluster[]> {
  const host = hostOf(settings);
  const [simulated, node] = await askHost(host, () =>
    Promise.all([isSimulated(host), nodeOutside(host, settings)]),
  );
  const all = labReleases(settings, nothingKnown);
  return Promise.all(
    recordedPauses(settings).map(async ({ cluster, paused }): Promise<SeenCluster> => {
      const wanted = all.filter((release) => release.cluster === cluster);
      const own = wanted.filter(({ kind }) => kind === "vcluster");
      const [controlPlane, [release]] = await askHost(host, () =>
        Promise.all([controlPlaneOf(host, cluster), releasesOf(host, own)]),
      );
      if (release === undefined) throw new Error(`${cluster} is to have no release`);
      const role = cluster === settings.management.name ? "management" : "workload";
      const strange =
        outputs?.contexts.includes(cluster) === true
          ? await askHost(host, () => strangeness(host, { cluster, kubeconfig: outputs.kubeconfig }))
          : undefined;
      const seen = {
        name: cluster,
        role,
        isToBePaused: paused,
        controlPlane,
        release,
        node,
        ...(strange === undefined ? {} : { strangeness: strange }),
        onHost: [],
      } as const;
      if (strange !== undefined) return seen;
      if (controlPlane === undefined)
        return release.status === undefined
          ? seen
          : { ...seen, onHost: await askHost(host, () => hostProblems(host, cluster, false)) };
      if (isStopped(controlPlane)) return seen;

      const inside = wanted.filter(({ kind }) => kind !== "vcluster");
      const keysOf = keysIn({ ...settings, cluster: configOf(settings, cluster) });
      const { contents, ...found } = await contentsIn(
        outputs,
        cluster,
        inside,
        role === "management" && !simulated,
      );
      const runs = hasAllPods(controlPlane);
      const [missing, onHost, complete] = await askHost(host, () =>
        Promise.all([
          hostProblems(host, cluster, runs),
          contents !== undefined && runs
            ? []
            : problemsAt({ context: settings.hostContext, namespace: cluster, keysOf }),
          contents && withHost(contents, host, cluster, keysOf),
        ]),
      );
      const elsewhere =
        contents !== undefined || outputs === undefined
          ? undefined
          : await askHost(host, () => moved(host, settings, outputs, cluster));
      return {
        ...seen,
        ...found,
        ...(complete === undefined ? {} : { contents: complete }),
        onHost: [
          ...missing,
          ...(elsewhere === undefined ? [] : [elsewhere]),
          ...onHost.map(({ text }) => text),
        ],
      };
    }),
  );
}

/** What the configuration says of a cluster. */
function configOf({ management, workloads }: CheckedSettings, name: string) {
  return workloads.find((workload) => workload.name === name) ?? management;
}

/** What is in a cluster, with what the host and the configuration have to do with it. */
async function withHost(
  contents: Seen,
  host: KubeConfig,
  cluster: string,
  keysOf: KeysOf,
): Promise<SeenContents> {
  const [copied, known] = await Promise.all([copiedEvents(host, cluster), knownOf(host, contents)]);
  return {
    ...contents,
    events: [...contents.events, ...copied],
    known: { ...known, keysOf, hostNamespace: cluster },
  };
}

/** Names of releases depend on none of it. */
const nothingKnown = { serviceCidr: "", licenseKey: "", relayAddress: "" };

/** Whether a control plane has the pods that it wants. */
export const hasAllPods = ({ spec, status }: ControlPlane): boolean =>
  (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1);

async function contentsIn(
  outputs: Outputs | undefined,
  cluster: string,
  releases: readonly Named[],
  hasMetrics: boolean,
): Promise<{ contents?: Seen; silence?: string }> {
  if (outputs === undefined) return { silence: "the stack has no kubeconfig for it yet" };
  try {
    const access = clusterOf(outputs, cluster);
    return {
      contents: await within(contentsOf(access, releases, hasMetrics), {
        seconds: patienceSeconds,
        from: "it",
      }),
    };
  } catch (error) {
    return { silence: explain(error) };
  }
}

interface Named {
  readonly release: string;
  readonly namespace: string;
}

async function contentsOf(
  cluster: KubeConfig,
  releases: readonly Named[],
  hasMetrics: boolean,
): Promise<Seen> {
  const [core, apps] = [cluster.makeApiClient(CoreV1Api), cluster.makeApiClient(AppsV1Api)];
  const [
    version,
    found,
    deployments,
    statefulSets,
    daemonSets,
    pods,
    services,
    claims,
    events,
    proxyImage,
    certificate,
    registered,
    metrics,
  ] = await Promise.all([
    cluster.makeApiClient(VersionApi).getCode(),
    releasesOf(cluster, releases),
    apps.listDeploymentForAllNamespaces(),
    apps.listStatefulSetForAllNamespaces(),
    apps.listDaemonSetForAllNamespaces(),
    core.listPodForAllNamespaces(),
    core.listServiceForAllNamespaces(),
    core.listPersistentVolumeClaimForAllNamespaces(),
    core.listEventForAllNamespaces(),
    injectedImage(core),
    clientCertificate(cluster),
    registeredIn(cluster),
    hasMetrics ? metricsOf(cluster) : undefined,
  ]);
  const there = {
    Deployment: deployments.items,
    StatefulSet: statefulSets.items,
    DaemonSet: daemonSets.items,
    Service: services.items,
  };
  return {
    version: version.gitVersion,
    releases: found.map(({ manifest, ...release }) => ({
      ...release,
      missing: missingIn(there, objectsIn(manifest ?? "", release)),
    })),
    deployments: deployments.items,
    statefulSets: statefulSets.items,
    daemonSets: daemonSets.items,
    pods: pods.items,
    services: services.items,
    claims: claims.items,
    events: events.items,
    proxyImage,
    certificate,
    registered,
    metrics,
  };
}

/** What runs or is called of a release and is not there: a look at everything would take hundreds of requests. */
const missingIn = (
  there: Readonly<Record<string, readonly KubernetesObject[]>>,
  objects: ReturnType<typeof objectsIn>,
): string[] =>
  objects
    .filter(
      ({ kind, metadata: { namespace, name } }) =>
        there[kind]?.some(({ metadata }) => metadata?.name === name && metadata.namespace === namespace) ===
        false,
    )
    .map(titleOf);

function releasesOf(
  cluster: KubeConfig,
  releases: readonly Named[],
): Promise<(SeenRelease & { readonly manifest?: string })[]> {
  const core = cluster.makeApiClient(CoreV1Api);
  return Promise.all(
    releases.map(async ({ release: name, namespace }) => {
      const last = await lastOf(core, { name, namespace });
      const found = { name, namespace, status: last?.status };
      if (last?.status === "uninstalling") return { ...found, refused: await undeletable(cluster, found) };
      if (last === undefined) return { ...found, lacksNamespace: !(await hasNamespace(core, found)) };
      return last.status === "deployed" ? { ...found, manifest: last.manifest } : found;
    }),
  );
}

/** Names of the clusters that are registered. */
async function registeredIn(cluster: KubeConfig): Promise<string[]> {
  const found = await glooObjects(cluster, glooKinds.kubernetesClusters);
  return found
    .filter(({ metadata: { namespace } }) => namespace === glooMeshNamespace)
    .map(({ metadata: { name } }) => name);
}
