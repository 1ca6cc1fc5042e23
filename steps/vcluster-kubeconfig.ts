import { vclusterKubeconfig } from "../values/kubeconfig.ts";
import { loadBalancerAddress } from "../values/load-balancer.ts";
import { lookAt } from "./await.ts";
import { clusterOf, clusterOfContext } from "./cluster.ts";
import { poll } from "./poll.ts";
import { run } from "./run.ts";

interface VClusterKubeconfigSpec {
  readonly cluster: string;
  readonly hostContext?: string;
  readonly timeoutSeconds: number;
}

/** What the step prints. */
export interface VClusterAccess {
  /** IP address or host name of the API server. */
  readonly address: string;
  /** Kubeconfig that works from here. */
  readonly kubeconfig: string;
}

if (import.meta.main) {
  await run<VClusterKubeconfigSpec>(
    async ({ cluster, hostContext, timeoutSeconds }): Promise<VClusterAccess> => {
      const host = clusterOfContext(hostContext);
      const object = { namespace: cluster, timeoutSeconds };

      const [config, ingress] = await Promise.all([
        poll({
          ...object,
          what: `Secret vc-${cluster} in namespace ${cluster} of the host`,
          hint: `Its writer is the syncer: kubectl -n ${cluster} logs ${cluster}-0 -c syncer.`,
          look: () =>
            lookAt(host, {
              kind: "Secret",
              namespace: cluster,
              name: `vc-${cluster}`,
              field: ["data", "config"],
            }),
        }),
        poll({
          ...object,
          what: `a load balancer for Service ${cluster} in namespace ${cluster} of the host`,
          hint: "Without a load balancer on the host its address never comes.",
          look: () =>
            lookAt(host, {
              kind: "Service",
              namespace: cluster,
              name: cluster,
              field: ["status", "loadBalancer", "ingress", 0],
            }),
        }),
      ]);

      const address = loadBalancerAddress(ingress as { ip?: string; hostname?: string });
      const text = Buffer.from(config as string, "base64").toString();
      const kubeconfig = vclusterKubeconfig(cluster, text, `https://${address}:443`);

      // A load balancer may take its time to let connections through.
      const inside = clusterOf(kubeconfig);
      await poll({
        what: `the API server of ${cluster} at ${address}`,
        hint: "The machine that runs this must reach the address of the load balancer.",
        timeoutSeconds,
        look: async () => ({ value: await inside.readNamespace({ name: "default" }) }),
      });
      return { address, kubeconfig };
    },
  );
}
