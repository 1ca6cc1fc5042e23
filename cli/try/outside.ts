import { CoreV1Api, type KubeConfig } from "@kubernetes/client-node";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { poll } from "../../kubernetes/waits/poll.ts";
import { bookinfoNamespace, bookinfoPort } from "../../values/bookinfo.ts";
import type { Answer, CheckRequest } from "../../capabilities/common/check.ts";
import { mirrored } from "../../values/images.ts";
import { images } from "../../versions/versions.ts";

const pod = { namespace: "default", name: "mesh-lab-try" };

/** Sends a request to a service of Bookinfo from a pod without a sidecar, which is gone afterwards. */
export async function answersFromOutside(
  cluster: KubeConfig,
  service: string,
  { path }: CheckRequest,
  imageRegistry: string | undefined,
): Promise<Answer[]> {
  const core = cluster.makeApiClient(CoreV1Api);
  const url = `http://${service}.${bookinfoNamespace}:${bookinfoPort}${path}`;
  await ifExists(core.deleteNamespacedPod({ ...pod, gracePeriodSeconds: 0 }));
  await core.createNamespacedPod({
    namespace: pod.namespace,
    body: {
      metadata: { name: pod.name, annotations: { "sidecar.istio.io/inject": "false" } },
      spec: {
        restartPolicy: "Never",
        containers: [
          {
            name: "curl",
            image: mirrored(images.curl, imageRegistry),
            // What cannot connect is 000, which is an answer, too.
            command: ["sh", "-c", 'curl -s -o /dev/null -m 10 -w "%{http_code}" "$0" || true', url],
          },
        ],
      },
    },
  });
  try {
    await poll({
      what: `pod ${pod.name} in namespace ${pod.namespace}`,
      hint: "Look at its events.",
      timeoutSeconds: 120,
      look: async () => {
        const { status } = await core.readNamespacedPod(pod);
        return status?.phase === "Succeeded" ? { value: true } : { state: status?.phase ?? "not there" };
      },
    });
    const status = Number(await core.readNamespacedPodLog(pod));
    return [{ status, headers: {}, body: "", seconds: 0 }];
  } finally {
    await core.deleteNamespacedPod({ ...pod, gracePeriodSeconds: 0 });
  }
}
