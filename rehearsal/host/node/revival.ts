import type { CoreV1Api, V1Pod } from "@kubernetes/client-node";
import { isReady } from "../../../kubernetes/diagnosis/conditions.ts";
import { until } from "../../kit/until.ts";

const patienceSeconds = 120;

/** Pods that were ready when the node was last stopped: their statuses are still those of then. */
export async function podsOfBefore(core: CoreV1Api): Promise<ReadonlySet<string>> {
  const { items } = await core.listPodForAllNamespaces();
  return new Set(items.filter(isReady).map(uidOf));
}

/**
 * Resolves when these pods run again; those deleted meanwhile are forgotten.
 *
 * @param since when the node started
 * @throws Error that names those that did not come back
 */
export async function podsAreBack(core: CoreV1Api, before: ReadonlySet<string>, since: Date): Promise<void> {
  let missing: readonly V1Pod[] = [];
  await until(
    async () => {
      const { items } = await core.listPodForAllNamespaces();
      missing = items.filter((pod) => before.has(uidOf(pod)) && !isBack(pod, since));
      return missing.length === 0;
    },
    patienceSeconds,
    () =>
      `${missing.map(({ metadata }) => `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`).join(", ")} did not come back within ${patienceSeconds} s`,
  );
}

/** Whether a pod is ready, and its containers were started since then. */
const isBack = (pod: V1Pod, since: Date): boolean =>
  isReady(pod) &&
  (pod.status?.containerStatuses ?? []).every(
    ({ state }) =>
      state?.running?.startedAt !== undefined &&
      // Kubernetes tells whole seconds.
      state.running.startedAt.getTime() + 1000 > since.getTime(),
  );

const uidOf = ({ metadata }: V1Pod): string => metadata?.uid ?? "";
