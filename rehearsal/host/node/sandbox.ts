import { shellWord } from "../../kit/words.ts";
import { mounts, node } from "./layout.ts";

/** Who runs the sandbox: root needs no user namespace. */
export type SandboxUser = "root" | "ordinary";

export const sandboxUser = (): SandboxUser => (process.getuid?.() === 0 ? "root" : "ordinary");

const namespaces = ["--net", "--mount", "--pid", "--uts", "--ipc"];

/** With these an ordinary user is root, and has the 65,536 ids that images expect. */
export const userNamespace: Readonly<Record<SandboxUser, readonly string[]>> = {
  root: [],
  ordinary: ["--user", "--map-root-user", "--map-auto"],
};

/** What runs in the sandbox. */
export interface Sandboxed {
  /** The one program; its end is the sandbox's. */
  readonly command: readonly string[];
  /** How many processors it is told that the machine has. */
  readonly processors: number;
}

/** Arguments with which `unshare` becomes the sandbox. */
export const sandboxArguments = (user: SandboxUser, sandboxed: Sandboxed): string[] => [
  ...userNamespace[user],
  ...namespaces,
  "--fork",
  "--mount-proc",
  // Whoever ends unshare ends all that is in the sandbox.
  "--kill-child",
  "bash",
  "-c",
  firstProcess(sandboxed),
];

/** A program that needs the same rights and does nothing: where it fails, so does the sandbox. */
export const trialArguments = (user: SandboxUser): string[] => [
  ...userNamespace[user],
  ...namespaces,
  "--fork",
  "--mount-proc",
  "--kill-child",
  "bash",
  "-ec",
  trial.join("\n"),
];

/** One of each thing that the node and its containers need of the kernel. */
const trial = [
  "mount -t tmpfs tmpfs /run",
  "cd /run && mkdir lower upper work all",
  "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work all",
  "ip link add node0 type bridge",
  "ip link add up0 type veth peer name up1",
  "ip link set lo up",
];

/** What process 1 does: it makes the node's network and folders, runs the command, and buries what others leave. */
function firstProcess({ command, processors }: Sandboxed): string {
  const folders = Object.entries(mounts);
  return [
    "set -e",
    // The driver keeps its files to itself; users in containers must read theirs.
    "umask 022",
    // Child processes in the background have no standard input, unless it comes by another number.
    "exec 3<&0",
    `hostname ${node.name}`,
    // Mounts of the kubelet must reach containers, and nothing shall come from outside.
    "mount --make-rprivate / && mount --make-rshared /",
    ...folders.map(([, from], index) => `exec {from${index}}<${shellWord(from)}`),
    "for folder in /run /var/lib /var/log; do mount -t tmpfs tmpfs $folder; done",
    ...folders.map(([to], index) => `mkdir -p ${to} && mount --bind "/proc/self/fd/$from${index}" ${to}`),
    ...folders.map((_, index) => `exec {from${index}}<&-`),
    "mkdir -p /run/netns /run/containerd",
    // Where the kubelet counts processors: what pods ask for is room on the host that is rehearsed, not on this machine.
    "mount -t tmpfs tmpfs /sys/devices/system",
    `for cpu in {0..${processors - 1}}; do`,
    "  topology=/sys/devices/system/cpu/cpu$cpu/topology; mkdir -p $topology",
    "  echo $cpu > $topology/core_id; echo 0 > $topology/physical_package_id",
    "done",
    `echo 0-${processors - 1} > /sys/devices/system/cpu/online`,
    "ip link set lo up",
    `ip link add node0 type bridge && ip addr add ${node.address}/${node.prefix} dev node0 && ip link set node0 up`,
    // A bridge without a link has no carrier, and the kubelet wants a default route.
    "ip link add up0 type veth peer name up1 && ip link set up0 master node0 up && ip link set up1 up",
    `ip route add default via ${node.nowhere} dev node0`,
    "echo 1 > /proc/sys/net/ipv4/ip_forward",
    "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet",
    "set +e",
    `${command.map(shellWord).join(" ")} <&3 & wait $!`,
  ].join("\n");
}
