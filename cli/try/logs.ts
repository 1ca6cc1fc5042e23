import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { bookinfoNamespace as namespace } from "../../values/bookinfo.ts";

/** What the proxies of an application, or of one version of it, have written in the last so many seconds. */
export async function proxyLogs(
  cluster: KubeConfig,
  { app, version }: { readonly app: string; readonly version?: string | undefined },
  sinceSeconds: number,
): Promise<string> {
  const core = cluster.makeApiClient(CoreV1Api);
  const labelSelector = [`app=${app}`, ...(version === undefined ? [] : [`version=${version}`])].join(",");
  const { items } = await core.listNamespacedPod({ namespace, labelSelector });
  const logs = items.map(({ metadata }) =>
    core.readNamespacedPodLog({
      namespace,
      name: metadata?.name ?? "",
      container: "istio-proxy",
      sinceSeconds,
    }),
  );
  return (await Promise.all(logs)).join("\n");
}
