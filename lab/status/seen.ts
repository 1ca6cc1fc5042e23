import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1DaemonSet,
  type V1Deployment,
  type V1PersistentVolumeClaim,
  type V1Pod,
  type V1Service,
  type V1StatefulSet,
  VersionApi,
} from "@kubernetes/client-node";
import type { CheckedSettings } from "../../config/check.ts";
import { diagnose } from "../../steps/diagnose.ts";
import { statusOf } from "../../steps/helm-release.ts";
import { explain } from "../../steps/poll.ts";
import { glooMeshNamespace } from "../../values/gloo-resources.ts";
import { labReleases } from "../../values/releases.ts";
import { type Certificate, clientCertificate, type Metrics, metricsOf } from "../agents.ts";
import { askHost, patienceSeconds } from "../ask-host.ts";
import { controlPlaneOf, isStopped } from "../control-plane.ts";
import { clusterOf, hostOf, type Outputs } from "../lab.ts";
import { glooKinds, glooObjects } from "../look.ts";
import { within } from "../within.ts";
import { recordedPauses } from "../recorded-pause.ts";
import { isSimulated } from "../simulated.ts";

/** A Helm release that the lab is to have. */
export interface SeenRelease {
  readonly name: string;
  readonly namespace: string;
  /** Helm's word, e.g. `deployed`; undefined: there is no such release. */
  readonly status: string | undefined;
}

/** What there is in a virtual cluster. */
export interface Contents {
  /** Version of its Kubernetes, e.g. `v1.22.5+k3s1`. */
  readonly version: string;
  readonly releases: readonly SeenRelease[];
  readonly deployments: readonly V1Deployment[];
  readonly statefulSets: readonly V1StatefulSet[];
  readonly daemonSets: readonly V1DaemonSet[];
  readonly pods: readonly V1Pod[];
  readonly services: readonly V1Service[];
  readonly claims: readonly V1PersistentVolumeClaim[];
  /** The certificate of its agent; undefined: it has none. */
  readonly certificate: Certificate | undefined;
  /** Names of the clusters that are registered here. */
  readonly registered: readonly string[];
  /** What its management server counts; undefined where there is none, or no container runs. */
  readonly metrics: Metrics | undefined;
}

/** A cluster of the lab as it was found. */
export interface SeenCluster {
  readonly name: string;
  readonly role: "management" | "workload";
  /** Whether the stack's configuration has it paused. */
  readonly isToBePaused: boolean;
  /** Its StatefulSet on the host; undefined: there is none. */
  readonly controlPlane: V1StatefulSet | undefined;
  /** Its own release, on the host. */
  readonly release: SeenRelease;
  /** Undefined where it is stopped or does not answer. */
  readonly contents?: Contents;
  /** Why it did not answer. */
  readonly silence?: string;
  /** What stands in its way on the host, where it is not ready or does not answer. */
  readonly onHost: readonly string[];
}

/**
 * Looks at the host and into each cluster that runs, all at once and for a bounded time.
 *
 * @throws Failure where the host does not answer
 */
export async function look(settings: CheckedSettings, outputs: Outputs | undefined): Promise<SeenCluster[]> {
  const host = hostOf(settings);
  const simulated = await askHost(host, () => isSimulated(host));
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
      const seen = { name: cluster, role, isToBePaused: paused, controlPlane, release, onHost: [] } as const;
      if (controlPlane === undefined || isStopped(controlPlane)) return seen;

      const inside = wanted.filter(({ kind }) => kind !== "vcluster");
      const found = await lookInto(outputs, cluster, inside, role === "management" && !simulated);
      if ("contents" in found && isReady(controlPlane)) return { ...seen, ...found };
      const problems = await askHost(host, () => diagnose({ context: settings.hostContext }, cluster));
      return { ...seen, ...found, onHost: problems };
    }),
  );
}

/** Names of releases depend on none of it. */
const nothingKnown = { serviceCidr: "", licenseKey: "", relayAddress: "" };

/** Whether a control plane has the pods that it wants. */
export const isReady = ({ spec, status }: V1StatefulSet): boolean =>
  (status?.readyReplicas ?? 0) >= (spec?.replicas ?? 1);

async function lookInto(
  outputs: Outputs | undefined,
  cluster: string,
  releases: readonly Named[],
  hasMetrics: boolean,
): Promise<{ contents: Contents } | { silence: string }> {
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
): Promise<Contents> {
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
    clientCertificate(cluster),
    registeredIn(cluster),
    hasMetrics ? metricsOf(cluster) : undefined,
  ]);
  return {
    version: version.gitVersion,
    releases: found,
    deployments: deployments.items,
    statefulSets: statefulSets.items,
    daemonSets: daemonSets.items,
    pods: pods.items,
    services: services.items,
    claims: claims.items,
    certificate,
    registered,
    metrics,
  };
}

function releasesOf(cluster: KubeConfig, releases: readonly Named[]): Promise<SeenRelease[]> {
  const core = cluster.makeApiClient(CoreV1Api);
  return Promise.all(
    releases.map(async ({ release: name, namespace }) => {
      const status = await statusOf(core, { name, namespace });
      return { name, namespace, status };
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
