import { isDeepStrictEqual } from "node:util";
import type {
  V1ConfigMap,
  V1Container,
  V1EnvVar,
  V1Pod,
  V1ResourceRequirements,
} from "@kubernetes/client-node";
import { parse } from "yaml";
import type { PatchStep } from "../kit/api.ts";
import { meta, plain } from "../kit/objects.ts";

/** What istiod's configuration says about the proxies it injects. */
export interface InjectionConfig {
  readonly image: string;
  readonly initImage: string;
  readonly resources: V1ResourceRequirements;
  /** The application's containers start after the proxy. */
  readonly hold: boolean;
  readonly env: readonly V1EnvVar[];
}

/** Namespaces that istiod leaves alone. */
export const ignoredNamespaces = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

const defaultResources: V1ResourceRequirements = {
  requests: { cpu: "100m", memory: "128Mi" },
  limits: { cpu: "2000m", memory: "1024Mi" },
};

interface Values {
  readonly hub?: string;
  readonly tag?: string;
  readonly network?: string;
  readonly meshID?: string;
  readonly multiCluster?: { readonly clusterName?: string };
  readonly proxy?: {
    readonly image?: string;
    readonly resources?: V1ResourceRequirements;
    readonly holdApplicationUntilProxyStarts?: boolean;
  };
  readonly proxy_init?: { readonly image?: string };
}

interface ProxyConfig {
  readonly holdApplicationUntilProxyStarts?: boolean;
  readonly proxyMetadata?: Readonly<Record<string, unknown>>;
}

/** Reads the ConfigMaps `istio-sidecar-injector` (key values) and `istio` (key mesh), as istiod does. */
export function injectionConfig(
  injector: V1ConfigMap | undefined,
  istio: V1ConfigMap | undefined,
): InjectionConfig {
  const { global = {} } = (parse(injector?.data?.["values"] ?? "{}") ?? {}) as { global?: Values };
  const mesh = (parse(istio?.data?.["mesh"] ?? "{}") ?? {}) as {
    trustDomain?: string;
    defaultConfig?: ProxyConfig;
  };
  const { hub = "docker.io/istio", tag = "1.12.6", proxy = {}, proxy_init: init = {} } = global;
  const image = (name = "proxyv2"): string => (name.includes("/") ? name : `${hub}/${name}:${tag}`);
  const env: Record<string, string | undefined> = {
    CA_ADDR: "istiod.istio-system.svc:15012",
    ISTIO_META_CLUSTER_ID: global.multiCluster?.clusterName || "Kubernetes",
    ISTIO_META_NETWORK: global.network,
    ISTIO_META_MESH_ID: global.meshID || mesh.trustDomain,
    TRUST_DOMAIN: mesh.trustDomain,
    ...Object.fromEntries(
      Object.entries(mesh.defaultConfig?.proxyMetadata ?? {}).map(([name, value]) => [name, String(value)]),
    ),
  };
  return {
    image: image(proxy.image),
    initImage: image(init.image),
    resources: proxy.resources ?? defaultResources,
    hold:
      proxy.holdApplicationUntilProxyStarts === true ||
      mesh.defaultConfig?.holdApplicationUntilProxyStarts === true,
    env: Object.entries(env).flatMap(([name, value]) =>
      value === undefined || value === "" ? [] : [{ name, value }],
    ),
  };
}

interface Template {
  readonly initContainers: readonly V1Container[];
  readonly proxy: V1Container;
  readonly labels: Readonly<Record<string, string>>;
}

const proxyName = "istio-proxy";
const metricsPort = { containerPort: 15090, protocol: "TCP", name: "http-envoy-prom" };

const templates: Readonly<Record<string, (config: InjectionConfig) => Template>> = {
  sidecar: (config) => ({
    initContainers: [
      {
        name: "istio-init",
        image: config.initImage,
        args: [
          "istio-iptables",
          "-p",
          "15001",
          "-z",
          "15006",
          "-u",
          "1337",
          "-m",
          "REDIRECT",
          "-i",
          "*",
          "-b",
          "*",
        ],
        resources: config.resources,
        securityContext: {
          runAsUser: 0,
          runAsGroup: 0,
          runAsNonRoot: false,
          capabilities: { add: ["NET_ADMIN", "NET_RAW"], drop: ["ALL"] },
        },
      },
    ],
    proxy: {
      name: proxyName,
      image: config.image,
      args: ["proxy", "sidecar"],
      ports: [metricsPort],
      resources: config.resources,
      securityContext: {
        runAsUser: 1337,
        runAsGroup: 1337,
        runAsNonRoot: true,
        capabilities: { drop: ["ALL"] },
      },
    },
    labels: { "security.istio.io/tlsMode": "istio" },
  }),
  gateway: (config) => ({
    initContainers: [],
    proxy: { name: proxyName, image: config.image, args: ["proxy", "router"], ports: [metricsPort] },
    labels: { "istio.io/rev": "default" },
  }),
};

/** Whether istiod injects into this pod at all; which pods it is asked about is the webhooks' business. */
export function wantsInjection(pod: V1Pod, namespace: string): boolean {
  const { labels, annotations } = meta(pod);
  const wish = labels["sidecar.istio.io/inject"] ?? annotations["sidecar.istio.io/inject"] ?? "";
  return (
    pod.spec?.hostNetwork !== true &&
    !ignoredNamespaces.includes(namespace) &&
    ["", "y", "yes", "true", "on"].includes(wish.toLowerCase())
  );
}

/** The pod with its proxy; an error if it asks for a template that is not there. */
export function inject(pod: V1Pod, config: InjectionConfig): V1Pod {
  const { labels, annotations } = meta(pod);
  const [name = "sidecar"] = (annotations["inject.istio.io/templates"] ?? "sidecar").split(",");
  const make = templates[name];
  if (make === undefined) {
    throw new Error(`requested template "${name}" not found; have ${Object.keys(templates).join(", ")}`);
  }
  const template = make(config);
  const workload = workloadName(pod);
  const own = pod.spec?.containers ?? [];
  const apps = own.filter((container) => container.name !== proxyName);
  const proxyEnv = [
    ...config.env,
    { name: "ISTIO_META_APP_CONTAINERS", value: apps.map((container) => container.name).join(",") },
    { name: "ISTIO_META_WORKLOAD_NAME", value: workload },
  ];
  const proxy = overlay(
    { ...plain(template.proxy), env: proxyEnv },
    own.find((container) => container.name === proxyName),
  );
  const injected = template.initContainers.map((container) => container.name);
  const status = {
    initContainers: injected.length === 0 ? null : injected,
    containers: [proxyName],
    volumes: null,
    imagePullSecrets: null,
    revision: "default",
  };
  return {
    ...plain(pod),
    metadata: {
      ...plain(pod.metadata ?? {}),
      labels: {
        ...template.labels,
        "service.istio.io/canonical-name": labels["app.kubernetes.io/name"] ?? labels["app"] ?? workload,
        "service.istio.io/canonical-revision":
          labels["app.kubernetes.io/version"] ?? labels["version"] ?? "latest",
        ...labels,
      },
      annotations: { ...annotations, "sidecar.istio.io/status": JSON.stringify(status) },
    },
    spec: {
      ...plain(pod.spec ?? {}),
      initContainers: [
        ...(pod.spec?.initContainers ?? []).filter((container) => !injected.includes(container.name)),
        ...template.initContainers,
      ],
      containers: holds(pod, config) ? [proxy, ...apps] : [...apps, proxy],
    },
  };
}

/** The JSON patch that makes one pod of the other, in the parts that injection touches. */
export function injectionPatch(before: V1Pod, after: V1Pod): PatchStep[] {
  const parts: readonly [string, unknown, unknown][] = [
    ["/metadata/labels", before.metadata?.labels, after.metadata?.labels],
    ["/metadata/annotations", before.metadata?.annotations, after.metadata?.annotations],
    ["/spec/initContainers", before.spec?.initContainers ?? [], after.spec?.initContainers ?? []],
    ["/spec/containers", before.spec?.containers, after.spec?.containers],
  ];
  return parts
    .filter(([, old, value]) => !isDeepStrictEqual(old, value))
    .map(([path, , value]) => ({ op: "add", path, value }));
}

// What the pod itself says about the proxy wins, except the image "auto", which only says that there is to be one.
function overlay(template: V1Container, own: V1Container | undefined): V1Container {
  if (own === undefined) return template;
  const { image: ownImage, ...rest } = plain(own);
  const image = ownImage === "auto" ? template.image : (ownImage ?? template.image);
  return {
    ...plain(template),
    ...rest,
    ...(image === undefined ? {} : { image }),
    env: union(template.env, own.env, (variable) => variable.name),
    ports: union(template.ports, own.ports, (port) => `${port.containerPort}/${port.protocol ?? "TCP"}`),
  };
}

function union<T>(below: readonly T[] = [], above: readonly T[] = [], key: (item: T) => string): T[] {
  return [...new Map([...below, ...above].map((item) => [key(item), item])).values()];
}

function holds(pod: V1Pod, config: InjectionConfig): boolean {
  const own = (parse(meta(pod).annotations["proxy.istio.io/config"] ?? "{}") ?? {}) as ProxyConfig;
  return own.holdApplicationUntilProxyStarts ?? config.hold;
}

/** The Deployment or whatever else a pod belongs to. */
function workloadName(pod: V1Pod): string {
  const { name, labels } = meta(pod);
  const owner = pod.metadata?.ownerReferences?.find(({ controller }) => controller === true);
  const hash = labels["pod-template-hash"];
  if (owner === undefined) return name === "" ? (pod.metadata?.generateName ?? "").replace(/-$/, "") : name;
  return hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}
