import {
  CoreV1Api,
  type KubernetesObject,
  type V1LimitRange,
  type V1LimitRangeItem,
  type V1ResourceQuota,
  type V1ResourceRequirements,
  type V1Service,
  type V1StatefulSet,
} from "@kubernetes/client-node";
import type { CheckedSettings } from "../../../config/settings.ts";
import { requestsOf } from "../../../kubernetes/diagnosis/amounts.ts";
import { numberOf } from "../../../schema/quantity.ts";
import { bookinfoServices } from "../../../values/bookinfo.ts";
import { clustersIn } from "../../stack/lab.ts";
import { NoHelm } from "../../rendered/helm.ts";
import type { PlannedContainer, PlannedPods } from "../../rendered/planned-pods.ts";
import type { RenderedRelease } from "../../rendered/render.ts";
import { type Check, doubtful, fine, type Finding, wrong } from "../check.ts";
import type { Facts } from "../facts.ts";

/** What the namespace of a cluster allows, and what the lab puts there. */
export interface Limited {
  readonly cluster: string;
  readonly quotas: readonly V1ResourceQuota[];
  readonly ranges: readonly V1LimitRange[];
  readonly pods: readonly PlannedPods[];
  /** How many Services of each type. */
  readonly services: Readonly<Record<string, number>>;
  /** Sizes of claims of volumes. */
  readonly claims: readonly string[];
  /** How many workloads of each kind. */
  readonly workloads: Readonly<Record<string, number>>;
}

/** Only namespaces that are there already have any: those of a lab that stands, or that somebody else makes. */
export const limitsCheck: Check<Facts> = {
  name: "limits",
  look: async ({ settings, host, releases, pods }) => {
    const [lab, { config }] = await Promise.all([settings.needed(), host.needed()]);
    const core = config.makeApiClient(CoreV1Api);
    const found = await Promise.all(
      clustersIn(lab).map(async (cluster) => {
        const [quotas, ranges] = await Promise.all([
          core.listNamespacedResourceQuota({ namespace: cluster }),
          core.listNamespacedLimitRange({ namespace: cluster }),
        ]);
        return { cluster, quotas: quotas.items, ranges: ranges.items };
      }),
    );
    if (found.every(({ quotas, ranges }) => quotas.length + ranges.length === 0))
      return fine("the lab's namespaces have no quotas and no limit ranges");
    try {
      const [rendered, planned] = await Promise.all([releases.get(), pods.get()]);
      return judgedLimits(
        found.map((each) => ({ ...each, ...contentsOf(lab, each.cluster, rendered, planned) })),
      );
    } catch (error) {
      if (!(error instanceof NoHelm)) throw error;
      const names = found.flatMap(({ quotas, ranges }) => [...quotas, ...ranges].map(named));
      return doubtful(
        `${names.join(", ")}: what the lab asks of them is not known without helm`,
        "Install helm, and look again.",
      );
    }
  },
};

const named = ({ metadata }: KubernetesObject): string =>
  `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;

/** What a cluster comes to in its namespace: its own objects there, and copies of those inside. */
function contentsOf(
  { workloads, versions }: CheckedSettings,
  cluster: string,
  releases: readonly RenderedRelease[],
  pods: readonly PlannedPods[],
): Pick<Limited, "pods" | "services" | "claims" | "workloads"> {
  const objects = releases
    .filter((release) => release.cluster === cluster)
    .flatMap((release) => release.objects);
  const types = objects.flatMap((object) =>
    object.kind === "Service" ? [(object as V1Service).spec?.type ?? "ClusterIP"] : [],
  );
  const bookinfo = workloads.find(({ name }) => name === cluster)?.bookinfo;
  const others =
    bookinfo === undefined
      ? []
      : bookinfoServices({ ...bookinfo, tag: versions.bookinfo }).map(() => "ClusterIP");
  const claims = objects.flatMap((object) =>
    object.kind === "StatefulSet"
      ? ((object as V1StatefulSet).spec?.volumeClaimTemplates ?? []).map(
          ({ spec }) => spec?.resources?.requests?.["storage"] ?? "0",
        )
      : [],
  );
  return {
    pods: pods.filter((each) => each.cluster === cluster && each.count > 0),
    services: counted([...types, ...others]),
    claims,
    workloads: counted(objects.map(({ kind = "" }) => kind)),
  };
}

const counted = (names: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, list]) => [name, list.length]));

/** What to make of the quotas and limit ranges of the lab's namespaces. */
export function judgedLimits(all: readonly Limited[]): Finding[] {
  const found = all.flatMap((limited) => {
    const pods = limited.pods.map((each) => withDefaults(each, limited.ranges));
    return [
      ...limited.ranges.flatMap((range) => ofRange(range, { ...limited, pods })),
      ...limited.quotas.flatMap((quota) => ofQuota(quota, { ...limited, pods })),
    ];
  });
  return found.length > 0
    ? found
    : [
        fine(
          `${all.flatMap(({ quotas, ranges }) => [...quotas, ...ranges].map(named)).join(", ")}: all fits`,
        ),
      ];
}

/** What Kubernetes gives to containers that ask for nothing; the maximum is the limit where there is no default. */
function withDefaults(pods: PlannedPods, ranges: readonly V1LimitRange[]): PlannedPods {
  const items = ranges.flatMap(({ spec }) => spec?.limits ?? []).filter(({ type }) => type === "Container");
  const given = (container: PlannedContainer): PlannedContainer =>
    items.reduce((before, item) => {
      const limits = { ...item.max, ...item._default, ...before.resources?.limits };
      const requests = {
        ...item._default,
        ...item.defaultRequest,
        ...before.resources?.limits,
        ...before.resources?.requests,
      };
      return { ...before, resources: { limits, requests } };
    }, container);
  const { containers, initContainers = [] } = pods.spec;
  return {
    ...pods,
    spec: { ...pods.spec, containers: containers.map(given), initContainers: initContainers.map(given) },
  };
}

const containersOf = ({ spec }: PlannedPods): PlannedContainer[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
];

/** No more names than these in a finding. */
const mostNames = 3;
const inShort = (names: readonly string[]): string => {
  const all = [...new Set(names)];
  const rest = all.length > mostNames ? ` and ${all.length - mostNames} more` : "";
  return `${all.slice(0, mostNames).join(", ")}${rest}`;
};

/** What containers ask for, as Kubernetes calls it. */
const resources = ["cpu", "memory", "ephemeral-storage"] as const;
type Resource = (typeof resources)[number];

/** What it is called in what is reckoned. */
const amountOf = {
  cpu: "cpu",
  memory: "memory",
  "ephemeral-storage": "ephemeralStorage",
} as const satisfies Record<Resource, string>;

function ofRange(range: V1LimitRange, { cluster, pods, claims }: Limited): Finding[] {
  const advice = `Raise it (kubectl --namespace ${cluster} edit limitrange ${range.metadata?.name ?? ""}), or ask for less: resources, values.`;
  const refused = (what: string, names: readonly string[]): Finding[] =>
    names.length === 0 ? [] : [wrong(`LimitRange ${named(range)} ${what}: no ${inShort(names)}`, advice)];
  return (range.spec?.limits ?? []).flatMap((item) => {
    if (item.type === "PersistentVolumeClaim") {
      const size = (bound: "max" | "min") => item[bound]?.["storage"];
      const [max, min] = [size("max"), size("min")];
      return [
        ...refused(
          `has at most ${max ?? ""} for a claim`,
          claims.filter((claim) => max !== undefined && numberOf(claim) > numberOf(max)),
        ),
        ...refused(
          `has at least ${min ?? ""} for a claim`,
          claims.filter((claim) => min !== undefined && numberOf(claim) < numberOf(min)),
        ),
      ];
    }
    if (item.type !== "Container" && item.type !== "Pod") return [];
    return resources.flatMap((resource) => {
      const over = sizesOf(item, pods).filter(({ sizes }) => isOver(sizes, item, resource));
      const under = sizesOf(item, pods).filter(({ sizes }) => isUnder(sizes, item, resource));
      const kind = item.type.toLowerCase();
      return [
        ...refused(
          `has at most ${item.max?.[resource] ?? ""} of ${resource} for a ${kind}`,
          over.map(({ name }) => name),
        ),
        ...refused(
          `has at least ${item.min?.[resource] ?? ""} of ${resource} for a ${kind}`,
          under.map(({ name }) => name),
        ),
      ];
    });
  });
}

/** What a limit range looks at: each container, or each pod with all of its containers. */
function sizesOf(
  { type }: V1LimitRangeItem,
  pods: readonly PlannedPods[],
): { readonly name: string; readonly sizes: V1ResourceRequirements }[] {
  return pods.flatMap((pod) => {
    if (type === "Container")
      return containersOf(pod).map(({ name, resources: sizes = {} }) => ({
        name: `${pod.workload} ${name}`,
        sizes,
      }));
    const sum = (kind: "limits" | "requests") =>
      Object.fromEntries(
        resources.flatMap((resource) => {
          const each = pod.spec.containers.map((container) => container.resources?.[kind]?.[resource]);
          return each.some((amount) => amount === undefined)
            ? []
            : [[resource, String(each.reduce((all, amount) => all + numberOf(amount), 0))]];
        }),
      );
    return [{ name: pod.workload, sizes: { limits: sum("limits"), requests: sum("requests") } }];
  });
}

const isOver = (
  { limits, requests }: V1ResourceRequirements,
  { max }: V1LimitRangeItem,
  resource: string,
): boolean => {
  const [most, size] = [max?.[resource], limits?.[resource] ?? requests?.[resource]];
  return most !== undefined && (size === undefined || numberOf(size) > numberOf(most));
};

const isUnder = (
  { limits, requests }: V1ResourceRequirements,
  { min }: V1LimitRangeItem,
  resource: string,
): boolean => {
  const [least, size] = [min?.[resource], requests?.[resource] ?? limits?.[resource]];
  return least !== undefined && (size === undefined || numberOf(size) < numberOf(least));
};

function ofQuota(quota: V1ResourceQuota, limited: Limited): Finding[] {
  const name = `ResourceQuota ${named(quota)}`;
  const { hard = {}, scopes = [], scopeSelector } = quota.spec ?? {};
  if (scopes.length > 0 || scopeSelector !== undefined)
    return [
      doubtful(
        `${name} is for some pods only, and is not reckoned with`,
        "Compare it with what the lab asks for.",
      ),
    ];
  const advice = `Raise it (kubectl --namespace ${limited.cluster} edit resourcequota ${quota.metadata?.name ?? ""}), or ask for less.`;
  return Object.entries(hard).flatMap(([key, most]) => {
    const asked = askedOf(key, limited);
    if (asked === undefined) return [];
    const lacking = unsized(key, limited.pods);
    if (lacking.length > 0)
      return [wrong(`${name} has ${key}, and these pods say nothing of it: ${inShort(lacking)}`, advice)];
    return asked > numberOf(most) + 1e-6
      ? [wrong(`${name} has ${key} ${most}, and the lab asks for ${shownAs(key, asked)} there`, advice)]
      : [];
  });
}

/** What a quota names, as part of a pod's containers: a prefix is that of requests where there is none. */
const sizeOf = (key: string): readonly ["limits" | "requests", Resource] | undefined => {
  const [, kind = "requests", name] = /^(?:(requests|limits)\.)?([a-z-]+)$/.exec(key) ?? [];
  const resource = resources.find((each) => each === name);
  return resource && [kind as "limits" | "requests", resource];
};

/**
 * Pods that a quota refuses, as they do not say how much they want. Of ephemeral storage none has to.
 * Source: `validationSet` in pkg/quota/v1/evaluator/core/pods.go of Kubernetes.
 */
function unsized(key: string, pods: readonly PlannedPods[]): string[] {
  const [kind, resource] = sizeOf(key) ?? [];
  if (resource === undefined || resource === "ephemeral-storage") return [];
  const says = ({ resources: { limits, requests } = {} }: PlannedContainer): boolean =>
    (kind === "limits" ? limits : { ...limits, ...requests })?.[resource] !== undefined;
  return pods.filter((pod) => !containersOf(pod).every(says)).map(({ workload }) => workload);
}

/** How much a lab asks of what a quota names; undefined: not known. */
function askedOf(key: string, { pods, services, claims, workloads }: Limited): number | undefined {
  const size = sizeOf(key);
  if (size !== undefined) {
    const [kind, resource] = size;
    return sumOf(pods, ({ spec }) => {
      const asLimits = (container: PlannedContainer): PlannedContainer => ({
        ...container,
        resources: { requests: container.resources?.limits ?? {} },
      });
      const { containers, initContainers = [] } = spec;
      const asked = requestsOf(
        kind === "requests"
          ? spec
          : { containers: containers.map(asLimits), initContainers: initContainers.map(asLimits) },
      );
      return asked[amountOf[resource]] ?? 0;
    });
  }
  const known: Readonly<Record<string, number>> = {
    pods: sumOf(pods, () => 1),
    "count/pods": sumOf(pods, () => 1),
    "services.loadbalancers": services["LoadBalancer"] ?? 0,
    // A load balancer has node ports, too.
    "services.nodeports": (services["NodePort"] ?? 0) + (services["LoadBalancer"] ?? 0),
    services: Object.values(services).reduce((all, each) => all + each, 0),
    "count/services": Object.values(services).reduce((all, each) => all + each, 0),
    persistentvolumeclaims: claims.length,
    "count/persistentvolumeclaims": claims.length,
    "requests.storage": claims.reduce((all, claim) => all + numberOf(claim), 0),
    "count/statefulsets.apps": workloads["StatefulSet"] ?? 0,
    "count/deployments.apps": workloads["Deployment"] ?? 0,
  };
  return known[key];
}

const sumOf = (pods: readonly PlannedPods[], of: (pod: PlannedPods) => number): number =>
  pods.reduce((all, pod) => all + pod.count * of(pod), 0);

const shownAs = (key: string, amount: number): string =>
  /memory|storage/.test(key) ? `${rounded(amount / 2 ** 30)}Gi` : rounded(amount);
const rounded = (amount: number): string => String(Math.round(amount * 100) / 100);
