import {
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  type V1ConfigMap,
  type V1Pod,
} from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import type { Stop } from "../../host/base/env.ts";
import type { VirtualCluster } from "../kit/cluster.ts";
import { containersOf } from "../kit/objects.ts";
import { at } from "../kit/paths.ts";
import { createWorkQueue } from "../kit/work-queue.ts";

/** What the syncer fills into the manifest (for a guest of Kubernetes 1.22), with its registry before the image. */
const variablesFor = (registry: string): Readonly<Record<string, string>> => ({
  IMAGE: `${registry}coredns/coredns:1.8.4`,
  RUN_AS_USER: "1001",
  RUN_AS_NON_ROOT: "true",
  LOG_IN_DEBUG: "",
});

/** The registry that a vcluster's syncer is told to put before images; none if it is told nothing. */
export function registryOf(pod: V1Pod | undefined): string {
  const args = pod === undefined ? [] : containersOf(pod).flatMap((container) => container.args ?? []);
  return args.flatMap((argument) => /^--default-image-registry=(.*)$/.exec(argument)?.[1] ?? [])[0] ?? "";
}

/** The objects of a manifest whose `{{.NAME}}` are filled in. */
export function corednsObjects(manifest: string, registry = ""): KubernetesObject[] {
  const variables = variablesFor(registry);
  const text = manifest.replaceAll(
    /\{\{\s*\.(\w+)\s*\}\}/g,
    (whole, name: string) => variables[name] ?? whole,
  );
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

/** Applies the manifest in the host's ConfigMap NAME-coredns inside the vcluster, once. */
export function startCoredns(cluster: VirtualCluster): Stop {
  const inside = KubernetesObjectApi.makeApiClient(cluster.kubeConfig);
  const queue = createWorkQueue(
    `${cluster.name} coredns`,
    async () => {
      const path = at.configMap(cluster.namespace, `${cluster.name}-coredns`);
      const manifest = (await cluster.host.get<V1ConfigMap>(path))?.data?.["coredns.yaml"] ?? "";
      const pod = await cluster.host.get<V1Pod>(at.pod(cluster.namespace, `${cluster.name}-0`));
      for (const object of corednsObjects(manifest, registryOf(pod))) {
        await inside.patch(object, undefined, undefined, "vcluster", true, PatchStrategy.ServerSideApply);
      }
      return undefined;
    },
    cluster.log,
  );
  queue.add("manifest");
  return queue.stop;
}
