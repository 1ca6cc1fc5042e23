import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import { Failure } from "../../messages/failure.ts";
import { chosenClusters, hostOf, readSettings } from "../stack/lab.ts";
import { table } from "../terminal/table.ts";
import { present, type Report, verb } from "../terminal/verb.ts";

/** A pod of a virtual cluster, and what it is on the host. */
export interface TranslatedPod {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  readonly hostNamespace: string;
  readonly hostPod: string;
  /** Empty as long as the pod is on none. */
  readonly node: string;
}

/** Where vcluster notes on a pod of the host what it is a copy of. */
const origin = {
  managedBy: "vcluster.loft.sh/managed-by",
  name: "vcluster.loft.sh/object-name",
  namespace: "vcluster.loft.sh/object-namespace",
} as const;

export const pods = verb(
  "pods",
  "What each pod is called on the host, where log collectors and node tools see it",
  "pods --host productpage-v1-6b746f74dc-9l7tz-x-bookinfo-x-devcluster1",
)
  .argument("[cluster...]", "only the pods of these")
  .option("--host <pod>", "only the pod that has this name on the host")
  .action((clusters, options) => present(options, translated(clusters, options.host)));

async function translated(clusters: readonly string[], hostPod: string | undefined): Promise<Report> {
  const settings = await readSettings();
  const core = hostOf(settings).makeApiClient(CoreV1Api);
  const lists = await Promise.all(
    chosenClusters(settings, clusters).map((cluster) =>
      core.listNamespacedPod({ namespace: cluster, labelSelector: `${origin.managedBy}=${cluster}` }),
    ),
  );
  const all = lists.flatMap(({ items }) => items.map(translate));
  const facts = hostPod === undefined ? all : all.filter((pod) => pod.hostPod === hostPod);
  if (hostPod !== undefined && facts.length === 0)
    throw new Failure(`No pod of the lab is called ${hostPod} on the host.`);
  return {
    facts,
    text: table(
      ["cluster", "namespace", "pod", "host namespace", "host pod", "node"],
      facts.map((pod) => [pod.cluster, pod.namespace, pod.pod, pod.hostNamespace, pod.hostPod, pod.node]),
    ),
  };
}

function translate({ metadata, spec }: V1Pod): TranslatedPod {
  const { name = "", namespace = "", annotations = {}, labels = {} } = metadata ?? {};
  return {
    cluster: labels[origin.managedBy] ?? "",
    namespace: annotations[origin.namespace] ?? "",
    pod: annotations[origin.name] ?? "",
    hostNamespace: namespace,
    hostPod: name,
    node: spec?.nodeName ?? "",
  };
}
