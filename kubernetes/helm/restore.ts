import { CoreV1Api, type KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { servicesCalledIn } from "../vcluster/called-services.ts";
import { isReady } from "../diagnosis/conditions.ts";
import type { ReleaseName } from "./release.ts";
import { poll } from "../waits/poll.ts";
import { missingOf } from "./release-objects.ts";

/** Kinds that have pods, which may be what answers. */
const running = ["Deployment", "StatefulSet", "DaemonSet"];

/**
 * Makes what somebody deleted of a release again, before Helm upgrades it: the API server may have to call what is
 * missing, such as istiod, about everything else in the release. What cannot be made is left to Helm, which says why.
 *
 * @throws where what the API server calls in the release's namespace does not answer in time
 */
export async function restore(
  cluster: KubeConfig,
  release: ReleaseName,
  timeoutSeconds: number,
): Promise<void> {
  const api = KubernetesObjectApi.makeApiClient(cluster);
  const made: string[] = [];
  for (const object of await missingOf(cluster, release))
    await api.create(object).then(
      () => made.push(object.kind),
      () => undefined,
    );
  if (!made.some((kind) => running.includes(kind))) return;
  const core = cluster.makeApiClient(CoreV1Api);
  await poll({
    what: `what is called in namespace ${release.namespace} to answer again`,
    hint: `Look at kubectl -n ${release.namespace} get pods.`,
    timeoutSeconds,
    look: async () => {
      const [pods, unanswered] = await Promise.all([
        core.listPodForAllNamespaces(),
        servicesCalledIn(cluster),
      ]);
      const ready = new Set(pods.items.filter(isReady).map(({ metadata }) => metadata?.uid));
      const service = unanswered(ready).find((key) => key.startsWith(`${release.namespace}/`));
      return service === undefined ? { value: true } : { state: `Service ${service} has no endpoints` };
    },
  });
}
