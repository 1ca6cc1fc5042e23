import { join } from "node:path";
import { stringify } from "yaml";
import { paths } from "../../kit/paths.ts";
import { inside, node } from "./layout.ts";

/** Facts that the settings of the node's programs depend on. */
export interface NodeFacts {
  /** The cluster's own authority. */
  readonly caFile: string;
  /** The identity with which the kubelet serves. */
  readonly kubelet: { readonly certFile: string; readonly keyFile: string };
  readonly kubeProxyKubeconfig: string;
  readonly dnsAddress: string;
  /** The second byte of the load balancers' network 127.X.0.0/16. */
  readonly network: number;
  /** Path of the folder that holds all cgroups of the node, e.g. `/mesh-lab-1234`; undefined: it has none. */
  readonly cgroup: string | undefined;
}

/** Files of the node's programs by their path below `inside.home`. */
export const nodeSettings = (facts: NodeFacts): Readonly<Record<string, string>> => ({
  "containerd.toml": containerd(),
  "registry/_default/hosts.toml": registryHosts(),
  "cni/10-node.conflist": JSON.stringify(cni(facts), undefined, 1),
  "kubelet.yaml": stringify(kubelet(facts)),
  "kube-proxy.yaml": stringify(kubeProxy(facts)),
  // No name outside of the cluster can be resolved.
  "resolv.conf": "nameserver 127.0.0.1\n",
});

const containerd = (): string => `version = 3
root = "${inside.containerdRoot}"
state = "/run/containerd"
[grpc]
  address = "${inside.containerdSocket}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "registry.k8s.io/pause:3.10.1"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "${inside.home}/registry"
[plugins.'io.containerd.cri.v1.runtime']
  # Who lacks CAP_SYS_RESOURCE may not lower it.
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["${join(paths.bin, "cni")}"]
    conf_dir = "${inside.home}/cni"
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = "${join(paths.bin, "runc-in-sandbox")}"
`;

/** Every image comes from the rehearsal's own registry. */
const registryHosts = (): string => {
  const url = `http://${node.address}:${node.registryPort}`;
  return `server = "${url}"\n[host."${url}"]\n  capabilities = ["pull", "resolve"]\n`;
};

/**
 * Load balancers have addresses of 127.0.0.0/8, the only ones that a user's shell can reach without any right. Pods shall
 * reach them, too: so they send packets for these to the node, where kube-proxy knows them, instead of to themselves.
 */
const cni = ({ network }: NodeFacts): object => ({
  cniVersion: "1.0.0",
  name: "node",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: node.podCidr, gateway: node.podGateway }]],
        routes: [
          { dst: "0.0.0.0/0" },
          // Table 255 has the routes of the machine's own addresses, among which 127.0.0.0/8 is a less narrow one.
          { dst: `127.${network}.0.0/24`, gw: node.podGateway, table: 255 },
        ],
        dataDir: "/run/cni-addresses",
      },
    },
    { type: "tuning", sysctl: { "net.ipv4.conf.eth0.route_localnet": "1" } },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});

/** Without cgroups, a kubelet neither measures disks nor minds that it may not tune the kernel. */
const withoutCgroups = {
  featureGates: { KubeletInUserNamespace: true },
  localStorageCapacityIsolation: false,
};

const kubelet = ({ caFile, kubelet: own, dnsAddress, cgroup }: NodeFacts): object => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: caFile },
  },
  authorization: { mode: "Webhook" },
  tlsCertFile: own.certFile,
  tlsPrivateKeyFile: own.keyFile,
  address: node.address,
  port: node.kubeletPort,
  readOnlyPort: 0,
  healthzBindAddress: "127.0.0.1",
  containerRuntimeEndpoint: `unix://${inside.containerdSocket}`,
  cgroupDriver: "cgroupfs",
  // Containers have cgroups with their limits, and pods have none: for these it would hand out processors by number,
  // also those that this machine does not have.
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  ...(cgroup === undefined ? withoutCgroups : { cgroupRoot: cgroup }),
  failCgroupV1: false,
  failSwapOn: false,
  clusterDNS: [dnsAddress],
  clusterDomain: "cluster.local",
  resolvConf: `${inside.home}/resolv.conf`,
  volumePluginDir: "/run/volume-plugins",
  podLogsDir: inside.podLogs,
  maxPods: 110,
  // The disk is the user's: it is full when nothing is left, not when most of it is in use.
  evictionHard: {
    "memory.available": "100Mi",
    "nodefs.available": "1%",
    "imagefs.available": "1%",
    "nodefs.inodesFree": "1%",
  },
  imageGCHighThresholdPercent: 100,
  nodeStatusUpdateFrequency: "10s",
  // Changes of ConfigMaps and Secrets, and ends of pods, are seen within seconds.
  syncFrequency: "5s",
  kubeAPIQPS: 200,
  kubeAPIBurst: 400,
  serializeImagePulls: false,
});

const kubeProxy = ({ kubeProxyKubeconfig }: NodeFacts): object => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  mode: "nftables",
  clientConnection: { kubeconfig: kubeProxyKubeconfig },
  clusterCIDR: node.podCidr,
  hostnameOverride: node.name,
  healthzBindAddress: "127.0.0.1:10256",
  metricsBindAddress: "127.0.0.1:10249",
  // Limits of the machine's kernel stay as they are.
  conntrack: { maxPerCore: 0, min: 0, tcpBeLiberal: false },
  nftables: { minSyncPeriod: "100ms" },
});
