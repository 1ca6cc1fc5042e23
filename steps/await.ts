import { type AwaitedValue, lookAt } from "../kubernetes/waits/awaited-value.ts";
import { coreApiOf, environment } from "../kubernetes/connection/cluster.ts";
import { problemsAt } from "../kubernetes/diagnosis/diagnose.ts";
import { poll } from "../kubernetes/waits/poll.ts";
import { run } from "./base/run.ts";

interface AwaitSpec {
  readonly cluster: string;
  readonly timeoutSeconds: number;
  readonly values: Readonly<Record<string, AwaitedValue>>;
}

await run<AwaitSpec>(async ({ cluster, timeoutSeconds, values }) => {
  const access = { kubeconfig: environment("MESHLAB_KUBECONFIG") };
  const api = coreApiOf(access);
  const found = Object.entries(values).map(async ([key, awaited]) => [
    key,
    await poll({
      what: `${awaited.kind} ${awaited.name} in namespace ${awaited.namespace} of ${cluster}`,
      problems: () => problemsAt({ ...access, namespace: awaited.namespace }),
      hint: `kubectl --context ${cluster} -n ${awaited.namespace} get events shows what happened there.`,
      timeoutSeconds,
      look: () => lookAt(api, awaited),
    }),
  ]);
  return Object.fromEntries(await Promise.all(found)) as unknown;
});
