import { type CoreV1Api, PatchStrategy, setHeaderOptions, type V1Pod } from "@kubernetes/client-node";
import { isReady } from "../../../kubernetes/diagnosis/conditions.ts";
import { isNotFound } from "../../kit/api-errors.ts";
import type { ServiceName } from "../network/load-balancer.ts";
import { until } from "../../kit/until.ts";

const started = "rehearsal.mesh-lab.dev/started";
const patienceSeconds = 120;

/** The vclusters that ran when the host was last stopped, each by the name of its Service. */
export type Suspended = readonly ServiceName[];

/** Says of every vcluster's pod what is true after a restart: that its containers do not run yet. */
export async function suspendVclusters(core: CoreV1Api): Promise<Suspended> {
  const running = (await vclusterPods(core)).filter(hasStarted);
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  const body = { metadata: { annotations: { [started]: null } } };
  await Promise.all(
    running.map(async ({ metadata }) => {
      const { name = "", namespace = "" } = metadata ?? {};
      try {
        await core.patchNamespacedPod({ name, namespace, body }, merge);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
  return running.map(serviceOf);
}

/** Resolves when all vclusters that ran before do so again, and can be reached; those deleted meanwhile are forgotten. */
export async function revived(
  core: CoreV1Api,
  suspended: Suspended,
  isReachable: (service: ServiceName) => boolean,
): Promise<void> {
  let missing: Suspended = suspended;
  await until(
    async () => {
      const pods = await vclusterPods(core);
      const isBack = (service: ServiceName): boolean =>
        pods
          .filter((pod) => idOf(serviceOf(pod)) === idOf(service))
          .every((pod) => hasStarted(pod) && isReady(pod) && isReachable(service));
      missing = suspended.filter((service) => !isBack(service));
      return missing.length === 0;
    },
    patienceSeconds,
    () => `${missing.map(({ name }) => name).join(", ")} did not come back within ${patienceSeconds} s`,
  );
}

async function vclusterPods(core: CoreV1Api): Promise<V1Pod[]> {
  return (await core.listPodForAllNamespaces({ labelSelector: "app=vcluster,release" })).items;
}

const hasStarted = ({ metadata }: V1Pod): boolean => metadata?.annotations?.[started] === "true";

const serviceOf = ({ metadata }: V1Pod): ServiceName => ({
  namespace: metadata?.namespace ?? "",
  name: metadata?.labels?.["release"] ?? "",
});

const idOf = ({ namespace, name }: ServiceName): string => `${namespace}/${name}`;
