import type { ReleaseKind } from "../schema/releases.ts";
import { list, type Mapping, mapping } from "../schema/mapping.ts";
import type { VersionSetName } from "../versions/versions.ts";
import { clustersIn } from "./clusters.ts";
import { type Mistake, mistakeIf } from "./mistake.ts";
import { versionSetIn } from "./version-rules.ts";

/** A Helm value that other parts of the lab go by, and what to do instead of setting it. */
interface FixedValue {
  readonly release: ReleaseKind;
  /** E.g. `service.type`. */
  readonly at: string;
  readonly instead: string;
}

const fixed = (releases: readonly ReleaseKind[], values: Readonly<Record<string, string>>): FixedValue[] =>
  releases.flatMap((release) => Object.entries(values).map(([at, instead]) => ({ release, at, instead })));

const revision = "namespaces are labelled for Istio's default revision: leave it out";

/** Those of charts that every set has. */
const inEverySet: readonly FixedValue[] = [
  ...fixed(["istiod"], {
    "meshConfig.trustDomain": "Gloo Mesh takes it for the cluster's name: leave it out",
    "global.multiCluster.clusterName": "Gloo Mesh knows the cluster by its name: leave it out",
    "global.hub": "set istioImage, or imageRegistry for a mirror",
    "global.tag": "set versions.istio, or istioImage",
    "global.istioNamespace": "the lab has istiod in istio-system: leave it out",
    "global.imagePullSecrets": "it would reach istiod only: set imagePullSecret",
    "pilot.hub": "set istioImage, or imageRegistry for a mirror",
    "pilot.tag": "set versions.istio, or istioImage",
    "pilot.image": "set istioImage, or imageRegistry for a mirror",
    revision,
  }),
  ...fixed(["ingress", "eastWest"], {
    name: "gateways are known by their names: leave it out",
    "labels.istio": "gateways are known by this label: leave it out",
    "service.type": "set expose",
    replicaCount: "set replicas of the gateway",
    imagePullSecrets: "set imagePullSecret",
    networkGateway: "the chart would then have ports of its own choice: leave it out",
    revision,
  }),
];

const onePod = "set paused of the cluster; a control plane has one pod";
const ownAccount = "pods of the lab run as the account that the chart makes: leave it out";
const seenNodes = "without it no node is seen inside: leave it out";
const labsToken = "the lab makes the token: leave it out";
const ownRelease = "the agent has a release of its own: leave it out";
const byCapabilities = "capabilities turn it on and off: leave it out";
const itsName = "it is the cluster's name: leave it out";
const managementsName = "it is the management cluster's name: leave it out";
const relaysAddress = "it is the address of the management server: leave it out";

/** Those of the charts of each set. */
const bySet: Readonly<Record<VersionSetName, readonly FixedValue[]>> = {
  current: [
    ...fixed(["vcluster"], {
      "controlPlane.service.spec.type": "set expose",
      serviceCIDR: "vcluster finds it out: leave it out",
      "controlPlane.distro": "set versions.kubernetes, or imageRegistry for a mirror",
      "controlPlane.statefulSet.image": "set versions.vcluster, or imageRegistry for a mirror",
      "controlPlane.advanced.defaultImageRegistry": "set imageRegistry",
      "controlPlane.statefulSet.highAvailability": onePod,
      "controlPlane.statefulSet.persistence.volumeClaim.enabled": "set controlPlane.persistence",
      "controlPlane.statefulSet.persistence.volumeClaim.storageClass": "set controlPlane.storageClass",
      "controlPlane.statefulSet.persistence.volumeClaim.size": "set controlPlane.storageSize",
      "controlPlane.advanced.serviceAccount.imagePullSecrets": "set imagePullSecret",
      "controlPlane.advanced.workloadServiceAccount.imagePullSecrets": "set imagePullSecret",
      "controlPlane.advanced.workloadServiceAccount.name": ownAccount,
      "rbac.clusterRole.enabled": seenNodes,
      "sync.fromHost.nodes.enabled": seenNodes,
      "sync.fromHost.nodes.selector": seenNodes,
    }),
    ...fixed(["glooMeshEnterprise"], {
      licensing: "set licenseKey, and licenseKind",
      "common.cluster": managementsName,
      "glooMgmtServer.enabled": "agents connect to it: leave it out",
      "glooMgmtServer.serviceType": "set expose",
      "glooMgmtServer.relay.disableTokenGeneration": labsToken,
      "glooAgent.enabled": ownRelease,
    }),
    ...fixed(["glooMeshAgent"], {
      "common.cluster": itsName,
      "glooAgent.enabled": "the cluster joins by it: leave it out",
      "glooAgent.relay.serverAddress": relaysAddress,
    }),
    ...fixed(["glooMeshAddOns"], {
      "common.cluster": itsName,
      "glooAgent.enabled": ownRelease,
      "extAuthService.enabled": byCapabilities,
      "rateLimiter.enabled": byCapabilities,
    }),
  ],
  article: [
    ...fixed(["vcluster"], {
      "service.type": "set expose",
      serviceCIDR: "set serviceCidr",
      "vcluster.image": "set versions.kubernetes, or imageRegistry for a mirror",
      defaultImageRegistry: "set imageRegistry",
      replicas: onePod,
      "storage.persistence": "set controlPlane.persistence",
      "storage.className": "set controlPlane.storageClass",
      "storage.size": "set controlPlane.storageSize",
      "serviceAccount.imagePullSecrets": "set imagePullSecret",
      "serviceAccount.name": ownAccount,
      "rbac.clusterRole.create": seenNodes,
    }),
    ...fixed(["glooMeshEnterprise"], {
      licenseKey: "set licenseKey",
      mgmtClusterName: managementsName,
      "glooMeshMgmtServer.enabled": "agents connect to it: leave it out",
      "glooMeshMgmtServer.serviceType": "set expose",
      "glooMeshMgmtServer.relay.disableTokenGeneration": labsToken,
    }),
    ...fixed(["glooMeshAgent"], { cluster: itsName, "relay.serverAddress": relaysAddress }),
    ...fixed(["glooMeshAddOns"], {
      "glooMeshAgent.enabled": ownRelease,
      "ext-auth-service.enabled": byCapabilities,
      "rate-limiter.enabled": byCapabilities,
    }),
  ],
};

/** Ports that a gateway must have, by name: what leads there counts on them. */
const neededPorts = {
  ingress: { name: "http2", for: "the VirtualGateway and the product page's URL" },
  eastWest: { name: "tls", for: "requests from other clusters" },
} as const;

/** Arguments of the syncer that the lab counts on: a list in `values` takes the place of the lab's. */
const neededArguments = ["--fake-nodes=false", "--sync-all-nodes"];

/** Values that other parts of the lab go by, and would not follow. */
export const valuesMistakes = (input: Mapping): Mistake[] =>
  valuesIn(input).flatMap(([path, values]) => [
    ...[...bySet[versionSetIn(input)], ...inEverySet].flatMap(({ release, at, instead }) =>
      mistakeIf(valueAt(values[release], at) !== undefined, `${path}.${release}.${at}`, instead),
    ),
    ...(["ingress", "eastWest"] as const).flatMap((gateway) =>
      portMistakes(gateway, `${path}.${gateway}`, valueAt(values[gateway], "service.ports")),
    ),
    ...argumentMistakes(`${path}.vcluster`, valueAt(values["vcluster"], "syncer.extraArgs")),
  ]);

/** All places of values, with their paths. */
const valuesIn = (input: Mapping): [path: string, values: Mapping][] => [
  ["values", mapping(input["values"])],
  ...clustersIn(input).map(([path, { values }]): [string, Mapping] => [`${path}.values`, mapping(values)]),
];

const valueAt = (values: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((at, key) => mapping(at)[key], values);

function portMistakes(gateway: keyof typeof neededPorts, path: string, ports: unknown): Mistake[] {
  if (ports === undefined) return [];
  const { name, for: purpose } = neededPorts[gateway];
  const found = list(ports).find((port) => port["name"] === name);
  return mistakeIf(
    !Number.isInteger(found?.["port"]),
    `${path}.service.ports`,
    `expected a port called ${name} with its number, for ${purpose}`,
  );
}

function argumentMistakes(path: string, chosen: unknown): Mistake[] {
  if (chosen === undefined) return [];
  const missing = neededArguments.filter((one) => !(Array.isArray(chosen) && chosen.includes(one)));
  return mistakeIf(
    missing.length > 0,
    `${path}.syncer.extraArgs`,
    `it takes the place of the lab's arguments, and lacks ${missing.join(", ")}`,
  );
}
