import { createHash } from "node:crypto";
import type {
  KubernetesObject,
  V1Container,
  V1ObjectMeta,
  V1Pod,
  V1PodSpec,
  V1Service,
} from "@kubernetes/client-node";
import { type Hold, holdAnnotations, holdFor } from "./holds.ts";
import { type NodePorts, portId } from "./node-ports.ts";
import { meta, plain } from "./objects.ts";

/** The vcluster whose objects are copied to the host. */
export interface Tenant {
  /** Name of the vcluster: its Helm release, StatefulSet and Service. */
  readonly name: string;
  /** The host's namespace in which it lives and into which everything is copied. */
  readonly namespace: string;
  /** The host's Service of the vcluster: with it go all copies. */
  readonly owner: { readonly name: string; readonly uid: string };
}

/** Where vcluster 0.10.2 notes on a copy what it is a copy of. */
export const origin = {
  name: "vcluster.loft.sh/object-name",
  namespace: "vcluster.loft.sh/object-namespace",
  uid: "vcluster.loft.sh/uid",
} as const;

export const managedBy = "vcluster.loft.sh/managed-by";
const namespaceLabel = "vcluster.loft.sh/namespace";
const labelPrefix = "vcluster.loft.sh/label-";
/** From there, containers get the labels of their pod. */
const podLabels = "vcluster.loft.sh/labels";

/** Name parts joined by dashes; a name of more than 63 characters is cut and ends in a hash of the whole. */
function joinName(...parts: readonly string[]): string {
  const full = parts.join("-");
  return full.length <= 63 ? full : `${full.slice(0, 52)}-${shortHash(full)}`.replaceAll(".-", "-");
}

/** The host's name for an object in a namespace of a vcluster. */
export const hostName = (name: string, namespace: string, vcluster: string): string =>
  joinName(name, "x", namespace, "x", vcluster);

/** The host's key for a label; `ns-label` is for the labels of a pod's namespace. */
export const hostLabel = (key: string, vcluster: string, kind: "label" | "ns-label" = "label"): string =>
  joinName(`vcluster.loft.sh/${kind}`, vcluster, "x", shortHash(key));

/** The host's copy of a pod: what the scheduler and the simulated kubelet look at, and nothing else. */
export function hostPod(
  tenant: Tenant,
  pod: V1Pod,
  namespaceLabels: Readonly<Record<string, string>>,
  hold: Hold | undefined = holdFor(pod),
): V1Pod {
  const { name, namespace, uid, labels } = meta(pod);
  const set = (pod.metadata?.ownerReferences ?? []).find(({ kind }) => setKinds.includes(kind));
  const { metadata } = copyMeta(tenant, pod);
  const spec: Partial<V1PodSpec> = pod.spec ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...plain(metadata),
      labels: {
        ...metadata.labels,
        ...mapKeys(namespaceLabels, (key) => hostLabel(key, tenant.name, "ns-label")),
      },
      annotations: {
        ...metadata.annotations,
        "vcluster.loft.sh/name": name,
        "vcluster.loft.sh/namespace": namespace,
        [origin.uid]: uid,
        [podLabels]: labelLines(labels),
        "vcluster.loft.sh/service-account-name": spec.serviceAccountName ?? "",
        ...(set === undefined ? {} : { "vcluster.loft.sh/owner-set-kind": set.kind }),
        ...(hold === undefined ? {} : { [holdAnnotations.hold]: hold.reason }),
      },
    },
    spec: {
      serviceAccountName: `vc-workload-${tenant.name}`,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...pick(spec, ["nodeSelector", "tolerations", "restartPolicy", "terminationGracePeriodSeconds"]),
      initContainers: (spec.initContainers ?? []).map(hostContainer),
      containers: (spec.containers ?? []).map(hostContainer),
    },
  };
}

const setKinds = ["StatefulSet", "ReplicaSet", "DaemonSet"];

// Values from Secrets and ConfigMaps would need these on the host; nothing there reads them.
function hostContainer(container: V1Container): V1Container {
  const env = container.env?.filter(({ valueFrom }) => valueFrom === undefined);
  return {
    ...pick(container, ["name", "image", "resources", "ports", "restartPolicy"]),
    ...(env === undefined ? {} : { env }),
  };
}

/** What a copy lacks of its pod's labels, as a merge patch; undefined if it has them. */
export function relabelling(tenant: Tenant, pod: V1Pod, copy: V1Pod): object | undefined {
  const wanted: Readonly<Record<string, string>> = copyMeta(tenant, pod).metadata.labels ?? {};
  const { labels: found, uid } = meta(copy);
  const stale = Object.keys(found).filter((key) => key.startsWith(labelPrefix) && !(key in wanted));
  const isMissing = Object.entries(wanted).some(([key, value]) => found[key] !== value);
  if (stale.length === 0 && !isMissing) return undefined;
  const labels = { ...wanted, ...Object.fromEntries(stale.map((key) => [key, null])) };
  return { metadata: { uid, labels, annotations: { [podLabels]: labelLines(meta(pod).labels) } } };
}

/** The host's copy of a Service with these node ports. The host chooses its cluster IP, and the node ports that are missing. */
export function hostService(tenant: Tenant, service: V1Service, nodePorts: NodePorts): V1Service {
  const { selector, ports = [], ...spec } = service.spec ?? {};
  return {
    apiVersion: "v1",
    kind: "Service",
    ...copyMeta(tenant, service),
    spec: {
      ...pick(spec, [
        "type",
        "allocateLoadBalancerNodePorts",
        "externalTrafficPolicy",
        "loadBalancerClass",
        "loadBalancerIP",
        "loadBalancerSourceRanges",
        "publishNotReadyAddresses",
        "sessionAffinity",
      ]),
      ports: ports.map((port) => {
        const nodePort = nodePorts.get(portId(port));
        return {
          ...pick(port, ["name", "port", "targetPort", "protocol", "appProtocol"]),
          ...(nodePort === undefined ? {} : { nodePort }),
        };
      }),
      ...(selector === undefined
        ? {}
        : {
            selector: {
              ...mapKeys(selector, (key) => hostLabel(key, tenant.name)),
              ...marks(tenant, service),
            },
          }),
    },
  };
}

function copyMeta(tenant: Tenant, object: KubernetesObject): { metadata: V1ObjectMeta } {
  const { name, namespace, labels, annotations } = meta(object);
  const managed = Object.keys(annotations).sort();
  const controlled = (object.metadata?.ownerReferences ?? []).some(({ controller }) => controller === true);
  return {
    metadata: {
      name: hostName(name, namespace, tenant.name),
      namespace: tenant.namespace,
      labels: { ...mapKeys(labels, (key) => hostLabel(key, tenant.name)), ...marks(tenant, object) },
      annotations: {
        ...annotations,
        [origin.name]: name,
        [origin.namespace]: namespace,
        ...(managed.length === 0 ? {} : { "vcluster.loft.sh/managed-annotations": managed.join("\n") }),
      },
      ownerReferences: [{ apiVersion: "v1", kind: "Service", ...tenant.owner, controller: controlled }],
    },
  };
}

const marks = (tenant: Tenant, object: KubernetesObject): Record<string, string> => ({
  [managedBy]: tenant.name,
  [namespaceLabel]: meta(object).namespace,
});

const labelLines = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
    .join("\n");

const shortHash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 10);

const mapKeys = (
  record: Readonly<Record<string, string>>,
  rename: (key: string) => string,
): Record<string, string> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [rename(key), value]));

function pick<T extends object, K extends keyof T>(object: T, keys: readonly K[]): Pick<T, K> {
  const entries = keys.flatMap((key) => (object[key] === undefined ? [] : [[key, object[key]] as const]));
  return Object.fromEntries(entries) as Pick<T, K>;
}
