import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { paths } from "../../rehearsal/kit/paths.ts";

/** What controllers make of other objects, under names that are partly random, or keep for themselves. */
const derived = new Set([
  "componentstatuses",
  "controllerrevisions.apps",
  "endpoints",
  "endpointslices.discovery.k8s.io",
  "events",
  "events.events.k8s.io",
  "ipaddresses.networking.k8s.io",
  "leases.coordination.k8s.io",
  "persistentvolumes",
  "pods",
  "replicasets.apps",
]);

interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly type?: string;
    readonly replicas?: number;
    readonly template?: { readonly spec?: { readonly containers?: readonly { readonly image: string }[] } };
  };
  readonly status?: { readonly readyReplicas?: number };
}

/** Each object of a cluster as a line: what and where it is, what it runs, and how much of it is ready. */
export async function objectsIn(kubeconfig: string, context: string): Promise<readonly string[]> {
  const kubectl = async (...args: string[]): Promise<string> => {
    const options = { env: { ...process.env, KUBECONFIG: kubeconfig }, maxBuffer: 256 * 1024 * 1024 };
    const call = ["--context", context, ...args];
    return (await promisify(execFile)(join(paths.bin, "kubectl"), call, options)).stdout;
  };
  const kinds = (await kubectl("api-resources", "--verbs=list", "--output=name")).trim().split("\n");
  const wanted = kinds.filter((kind) => !derived.has(kind)).join(",");
  const list = JSON.parse(await kubectl("get", wanted, "--all-namespaces", "--output=json")) as {
    items: KubernetesObject[];
  };
  return list.items.map(describe).sort();
}

function describe({ kind, metadata, data = {}, spec, status }: KubernetesObject): string {
  const { name, namespace } = metadata;
  const images = spec?.template?.spec?.containers?.map(({ image }) => image) ?? [];
  const details = [
    ...(kind === "Secret" ? Object.keys(data).sort() : []),
    ...(kind === "Service" ? [spec?.type ?? ""] : []),
    ...(images.length > 0 ? [...images, `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0} ready`] : []),
  ];
  const place = namespace === undefined ? name : `${namespace}/${name}`;
  return [kind, place, ...details].join(" ");
}

/** What only one of two lists has, each line with the side that has it. */
export function differences(
  [left, ours]: readonly [side: string, objects: readonly string[]],
  [right, theirs]: readonly [side: string, objects: readonly string[]],
): string[] {
  const only = (side: string, these: readonly string[], those: readonly string[]): string[] => {
    const others = new Set(those);
    return these.filter((line) => !others.has(line)).map((line) => `only ${side}: ${line}`);
  };
  return [...only(left, ours, theirs), ...only(right, theirs, ours)];
}
