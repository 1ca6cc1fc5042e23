import type { Etcd } from "../base/etcd.ts";
import type { Flags } from "../base/flags.ts";
import type { Identity } from "../base/pki.ts";

/** A host has nodes and volumes; a vcluster has neither, its pods and claims live on the host. */
export type Role = "host" | "virtual";

export interface ApiServerFacts {
  readonly role: Role;
  readonly port: number;
  readonly etcd: Pick<Etcd, "endpoint" | "caFile" | "client">;
  readonly etcdPrefix: string;
  readonly serviceCidr: string;
  readonly server: Identity;
  readonly clientCaFile: string;
  readonly signingKeyFile: string;
  readonly egressFile?: string;
  /** Absent where no kubelet runs. */
  readonly kubelets?: Kubelets;
}

/** What an API server needs for real nodes. */
interface Kubelets {
  /** The address under which they and their pods reach the API server, at its own port. */
  readonly address: string;
  /** The identity with which it asks them for logs and the like. */
  readonly client: Identity;
}

/** The flags of a kube-apiserver that listens on 127.0.0.1 and knows its clients by certificate only. */
export function apiServerFlags(facts: ApiServerFacts): Flags {
  const { etcd, server, kubelets } = facts;
  return {
    "bind-address": "127.0.0.1",
    "secure-port": facts.port,
    ...(kubelets === undefined ? withoutKubelets : withKubelets(kubelets, facts)),
    "etcd-servers": etcd.endpoint,
    "etcd-cafile": etcd.caFile,
    "etcd-certfile": etcd.client.certFile,
    "etcd-keyfile": etcd.client.keyFile,
    "etcd-prefix": facts.etcdPrefix,
    "service-cluster-ip-range": facts.serviceCidr,
    "tls-cert-file": server.certFile,
    "tls-private-key-file": server.keyFile,
    "client-ca-file": facts.clientCaFile,
    "anonymous-auth": false,
    "kubelet-preferred-address-types": "InternalIP",
    "allow-privileged": true,
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": facts.signingKeyFile,
    "service-account-signing-key-file": facts.signingKeyFile,
    // Nobody removes the taint: the node lifecycle controller does not run, see below.
    ...(facts.role === "host" ? { "disable-admission-plugins": "TaintNodesByCondition" } : {}),
    ...(facts.egressFile === undefined ? {} : { "egress-selector-config-file": facts.egressFile }),
    ...frugality,
  };
}

const withoutKubelets: Flags = {
  "advertise-address": "127.0.0.1",
  // An address of 127.0.0.0/8 is no valid endpoint, and nothing in the clusters connects to one.
  "endpoint-reconciler-type": "none",
  "authorization-mode": "RBAC",
};

const withKubelets = (
  { address, client }: Kubelets,
  { clientCaFile }: Pick<ApiServerFacts, "clientCaFile">,
): Flags => ({
  "advertise-address": address,
  "authorization-mode": "Node,RBAC",
  "enable-admission-plugins": "NodeRestriction",
  "kubelet-client-certificate": client.certFile,
  "kubelet-client-key": client.keyFile,
  "kubelet-certificate-authority": clientCaFile,
});

const frugality: Flags = {
  // For each of a hundred kinds it follows etcd and keeps timers, whether anybody asks for the kind or not: that is a
  // quarter of all that a server computes while a lab comes up, and half of it afterwards.
  "watch-cache": false,
  // A few clients that trust each other: no queues, and nothing to set up for them at the start.
  "enable-priority-and-fairness": false,
  profiling: false,
  "etcd-count-metric-poll-period": "0",
  "etcd-db-metric-poll-interval": "0",
  "event-ttl": "30m",
  // A stop must free the port at once; all state is in etcd.
  "shutdown-delay-duration": "0s",
  "shutdown-send-retry-after": false,
  "shutdown-watch-termination-grace-period": "0s",
};

/** What no rehearsal needs, or what needs something no rehearsal has. */
const absentControllers = [
  // They would evict everything after the machine has slept, and their heartbeats cost.
  "node-lifecycle-controller",
  "taint-eviction-controller",
  "device-taint-eviction-controller",
  "node-ipam-controller",
  "node-route-controller",
  "service-lb-controller",
  "cloud-node-lifecycle-controller",
  "persistentvolume-attach-detach-controller",
  "persistentvolume-expander-controller",
  // There are no metrics, hence no decisions to take.
  "horizontal-pod-autoscaler-controller",
  "certificatesigningrequest-approving-controller",
  "certificatesigningrequest-cleaner-controller",
  "certificatesigningrequest-signing-controller",
  "legacy-serviceaccount-token-cleaner-controller",
  "resourceclaim-controller",
  "storageversion-garbage-collector-controller",
  "storage-version-migrator-controller",
  "ttl-controller",
  "volumeattributesclass-protection-controller",
];

/** The host binds and protects the claims of a vcluster's pods. */
const hostControllers = [
  "persistentvolume-binder-controller",
  "persistentvolume-protection-controller",
  "persistentvolumeclaim-protection-controller",
  "ephemeral-volume-controller",
];

export interface ControllerManagerFacts {
  readonly role: Role;
  readonly kubeconfig: string;
  readonly caFile: string;
  readonly signingKeyFile: string;
  /** A folder that may be made, and stays empty. */
  readonly volumePluginDir: string;
}

/** The flags of a kube-controller-manager that runs alone and may work as fast as it can. */
export function controllerManagerFlags(facts: ControllerManagerFacts): Flags {
  const absent = facts.role === "host" ? absentControllers : [...absentControllers, ...hostControllers];
  return {
    kubeconfig: facts.kubeconfig,
    controllers: ["*", ...absent.map((name) => `-${name}`)],
    "root-ca-file": facts.caFile,
    "service-account-private-key-file": facts.signingKeyFile,
    // It makes this folder, by default in /usr/libexec.
    "flex-volume-plugin-dir": facts.volumePluginDir,
    "leader-elect": false,
    "secure-port": 0,
    profiling: false,
    "kube-api-qps": 500,
    "kube-api-burst": 1000,
    "concurrent-namespace-syncs": 20,
  };
}

/** The flags of a kube-scheduler. */
export function schedulerFlags(configFile: string): Flags {
  return { config: configFile, "secure-port": 0 };
}

/** The scheduler's configuration: alone, and quick to try again. */
export const schedulerConfiguration = (kubeconfig: string): object => ({
  apiVersion: "kubescheduler.config.k8s.io/v1",
  kind: "KubeSchedulerConfiguration",
  clientConnection: { kubeconfig, qps: 500, burst: 1000 },
  leaderElection: { leaderElect: false },
  enableProfiling: false,
  podInitialBackoffSeconds: 1,
  podMaxBackoffSeconds: 2,
});

/** Sends what the API server has to say to Services inside the cluster, e.g. webhooks, through a CONNECT proxy. */
export const egressConfiguration = (socket: string): object => ({
  apiVersion: "apiserver.k8s.io/v1beta1",
  kind: "EgressSelectorConfiguration",
  egressSelections: [
    {
      name: "cluster",
      connection: { proxyProtocol: "HTTPConnect", transport: { uds: { udsName: socket } } },
    },
  ],
});
