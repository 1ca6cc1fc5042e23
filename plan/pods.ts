import type { V1Toleration } from "@kubernetes/client-node";
import type { CheckedSettings } from "../config/settings.ts";
import { isMapping } from "../schema/mapping.ts";
import type { ReleaseKind } from "../schema/releases.ts";
import { bookinfoNamespace, bookinfoServices } from "../values/bookinfo.ts";
import { needKeycloak, neededAddOns } from "../capabilities/all.ts";
import { keycloak, keycloakContainer } from "../values/keycloak.ts";
import { type VersionSetName, versionSetOf } from "../versions/versions.ts";
import { valuesOf } from "../values/sets.ts";
import { labReleases, type Release } from "./releases.ts";

/** Pods of a lab that are alike, as far as this is known without its charts. */
export interface ReckonedPods {
  readonly cluster: string;
  /** As `NAMESPACE/NAME`. */
  readonly workload: string;
  readonly count: number;
  readonly spec: {
    readonly initContainers?: readonly { readonly resources: Requests }[];
    readonly containers: readonly { readonly image?: string; readonly resources: Requests }[];
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly V1Toleration[];
  };
  /** Whether a new pod takes the place of an old one only when that is gone. */
  readonly isStateful?: true;
}

interface Requests {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** Where values have the resources of a container, and what its chart has where they have none. */
type Sized = readonly [path: string, otherwise: Requests];

const asking = (cpu: string, memory: string): Requests => ({ requests: { cpu, memory } });
const gloo = asking("125m", "256Mi");
const nothing: Requests = {};

type Deployments = Readonly<Partial<Record<ReleaseKind, Readonly<Record<string, readonly Sized[]>>>>>;

/** Deployments of charts that every set has, each with its containers. */
const inEverySet: Deployments = {
  istiod: { istiod: [["pilot.resources", asking("500m", "2048Mi")]] },
  ingress: { "istio-ingressgateway": [["resources", asking("100m", "128Mi")]] },
  eastWest: { "istio-eastwestgateway": [["resources", asking("100m", "128Mi")]] },
};

/** Those of Gloo Mesh's. Source: values.yaml of the charts in `versions/`. */
const deployments: Readonly<Record<VersionSetName, Deployments>> = {
  current: {
    ...inEverySet,
    glooMeshEnterprise: {
      "gloo-mesh-mgmt-server": [["glooMgmtServer.resources", asking("125m", "1Gi")]],
      "gloo-mesh-ui": [
        ["glooUi.resources", gloo],
        ["glooUi.sidecars.console.resources", gloo],
        ["glooUi.sidecars.envoy.resources", asking("500m", "256Mi")],
      ],
      "gloo-mesh-redis": [["redis.deployment.resources", gloo]],
      "prometheus-server": [["prometheus.server.resources", nothing]],
    },
    glooMeshAgent: { "gloo-mesh-agent": [["glooAgent.resources", asking("50m", "128Mi")]] },
  },
  article: {
    ...inEverySet,
    glooMeshEnterprise: {
      "gloo-mesh-mgmt-server": [["glooMeshMgmtServer.resources", gloo]],
      "gloo-mesh-ui": [
        ["glooMeshUi.resources", gloo],
        ["glooMeshUi.sidecars.console.resources", gloo],
        ["glooMeshUi.sidecars.envoy.resources", asking("500m", "256Mi")],
      ],
      "gloo-mesh-redis": [["glooMeshRedis.resources", gloo]],
      "prometheus-server": [["prometheus.server.resources", nothing]],
    },
    glooMeshAgent: { "gloo-mesh-agent": [["glooMeshAgent.resources", asking("50m", "128Mi")]] },
  },
};

/** What the chart of a control plane has its containers ask for, in their order. Source: as above. */
const controlPlanes: Readonly<
  Record<
    VersionSetName,
    { readonly containers: readonly Requests[]; readonly initContainers: readonly Sized[] }
  >
> = {
  current: {
    containers: [
      {
        // Values name CPU and memory, and Helm leaves the rest as it is.
        requests: { cpu: "200m", memory: "256Mi", "ephemeral-storage": "1Gi" },
        limits: { memory: "4Gi", "ephemeral-storage": "10Gi" },
      },
    ],
    // Brings the API server's program.
    initContainers: [["controlPlane.distro.k8s.resources", asking("40m", "64Mi")]],
  },
  article: { containers: [], initContainers: [] },
};

/** What capabilities' servers ask for, beside their sidecars. Source: as above. */
const addOnContainers: Readonly<Record<VersionSetName, Readonly<Record<string, readonly Sized[]>>>> = {
  current: {
    "ext-auth-service": [["extAuthService.extAuth.resources", gloo]],
    "rate-limiter": [["rateLimiter.rateLimiter.resources", gloo]],
    redis: [["rateLimiter.redis.resources", nothing]],
  },
  article: {},
};

/** Where values have the number of pods. */
const replicas: Readonly<Partial<Record<ReleaseKind, string>>> = {
  istiod: "pilot.replicaCount",
  ingress: "replicaCount",
  eastWest: "replicaCount",
};

const proxy: Sized = ["global.proxy.resources", asking("100m", "128Mi")];

const at = (values: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((inside, key) => (isMapping(inside) ? inside[key] : undefined), values);

/** What a container is given: the chart's own, with what values have over it. */
function sized(values: unknown, [path, otherwise]: Sized) {
  const chosen = at(values, path) as Requests | undefined;
  const merged = (kind: keyof Requests) =>
    Object.fromEntries(
      // To Helm, null takes a chart's own away.
      Object.entries<unknown>({ ...otherwise[kind], ...chosen?.[kind] }).filter(
        ([, amount]) => amount !== null,
      ),
    ) as Record<string, string>;
  return { resources: { requests: merged("requests"), limits: merged("limits") } satisfies Requests };
}

const unknown = { serviceCidr: "", licenseKey: "", relayAddress: "" };

/**
 * The pods of a lab with what they ask for, from the values that its charts are given and the defaults of the charts in
 * the versions that the lab is known with: what a preview can tell at once, and without helm.
 */
export function reckonedPods(settings: CheckedSettings): ReckonedPods[] {
  const { versionSet, set, management, workloads, versions, imageRegistry, enabled } = settings;
  const releases = labReleases(settings, unknown);
  return [management, ...workloads].flatMap((cluster) => {
    const own = releases.filter((release) => release.cluster === cluster.name);
    const sidecar = sized(own.find(({ kind }) => kind === "istiod")?.values, proxy);
    const bookinfo =
      "bookinfo" in cluster && cluster.bookinfo !== undefined
        ? bookinfoServices({ ...cluster.bookinfo, tag: versions.bookinfo, imageRegistry })
        : [];
    const servers = own.find(({ kind }) => kind === "glooMeshAddOns");
    const addOns = servers === undefined ? [] : [...neededAddOns(enabled), "redis"];
    const inside = [
      {
        workload: "kube-system/coredns",
        count: 1,
        spec: { containers: [{ resources: { requests: set.controlPlane.corednsRequests } }] },
      },
      ...own.flatMap((release) => deployed(release, versionSet)),
      ...addOns.map((name) => ({
        workload: `gloo-mesh-addons/${name}`,
        count: 1,
        spec: {
          containers: [
            ...(addOnContainers[versionSet][name] ?? []).map((container) =>
              sized(servers?.values, container),
            ),
            sidecar,
          ],
        },
      })),
      ...bookinfo.flatMap(({ name, versions: each }) =>
        each.map(({ version, image }) => ({
          workload: `${bookinfoNamespace}/${name}-${version}`,
          count: 1,
          spec: { containers: [{ ...sidecar, image }] },
        })),
      ),
      ...(cluster === management && needKeycloak(enabled)
        ? [
            {
              workload: `${keycloak}/${keycloak}`,
              count: 1,
              spec: { containers: [keycloakContainer(versions.keycloak, imageRegistry)] },
            },
          ]
        : []),
    ];
    return [
      ...own.flatMap((release) => controlPlane(release, versionSet)),
      ...inside.map((pods) => ({ ...pods, count: cluster.paused ? 0 : pods.count })),
    ].map((pods) => ({ cluster: cluster.name, ...pods }));
  });
}

type Uncounted = Omit<ReckonedPods, "cluster">;

/** The pod of a virtual cluster's control plane, on the host. */
function controlPlane({ kind, release, values }: Release, versionSet: VersionSetName): Uncounted[] {
  if (kind !== "vcluster") return [];
  const {
    replicas: count,
    volume,
    containers,
    nodeSelector,
    tolerations,
  } = valuesOf(versionSet).controlPlaneIn(values);
  const own = controlPlanes[versionSet];
  const isStateful =
    volume.persistence === true || versionSetOf(versionSet).controlPlane.withoutVolume === "StatefulSet";
  return [
    {
      workload: `${release}/${release}`,
      count,
      ...(isStateful ? { isStateful } : {}),
      spec: {
        initContainers: own.initContainers.map((container) => sized(values, container)),
        containers: containers.map(({ resources, image }, index) => ({
          ...sized(values, [resources, own.containers[index] ?? nothing]),
          ...(image === undefined ? {} : { image }),
        })),
        ...(nodeSelector === undefined ? {} : { nodeSelector }),
        ...(tolerations === undefined ? {} : { tolerations: [...tolerations] as V1Toleration[] }),
      },
    },
  ];
}

function deployed({ kind, namespace, values }: Release, versionSet: VersionSetName): Uncounted[] {
  const count = at(values, replicas[kind] ?? "") ?? 1;
  const pilot =
    kind === "istiod"
      ? `${String(at(values, "global.hub"))}/pilot:${String(at(values, "global.tag"))}`
      : undefined;
  return Object.entries(deployments[versionSet][kind] ?? {}).map(([name, containers]) => ({
    workload: `${namespace}/${name}`,
    count: Number(count),
    spec: {
      containers: containers.map((container) => ({
        ...sized(values, container),
        ...(pilot === undefined ? {} : { image: pilot }),
      })),
    },
  }));
}
