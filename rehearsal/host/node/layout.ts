import { join } from "node:path";
import { paths } from "../../kit/paths.ts";

/** The one node: its name, and its network, which nothing outside of the sandbox can reach or be reached from. */
export const node = {
  name: "node-1",
  /** Its address in the sandbox, to which also its bridge and its registry belong. */
  address: "10.250.0.1",
  prefix: 24,
  /** Where packets for elsewhere go: nobody has it. */
  nowhere: "10.250.0.254",
  podCidr: "10.244.0.0/16",
  podGateway: "10.244.0.1",
  registryPort: 5000,
  kubeletPort: 10250,
} as const;

/** Where the sandbox has what it needs, whatever the folder of the rehearsal is called. */
export const inside = {
  /** The folder of the node. */
  home: "/run/node",
  containerdSocket: "/run/containerd/containerd.sock",
  containerdRoot: "/var/lib/containerd",
  kubeletRoot: "/var/lib/kubelet",
  podLogs: "/var/log/pods",
  volumes: "/var/lib/volumes",
} as const;

/** Folders of the node that outlive the sandbox, each where the sandbox mounts it. */
export const mounts = {
  [inside.home]: join(paths.node, "settings"),
  [inside.containerdRoot]: join(paths.node, "containerd"),
  [inside.kubeletRoot]: join(paths.node, "kubelet"),
  [inside.podLogs]: join(paths.node, "pod-logs"),
  [inside.volumes]: join(paths.node, "volumes"),
} as const;

/** Socket files that join the two sides; only their folder protects them. */
export const sockets = {
  /** A proxy inside, for connections to what is in the sandbox. */
  proxy: join(paths.run, "node.sock"),
  /** The API server outside. */
  apiServer: join(paths.run, "api.sock"),
} as const;
