import type { CoreV1Api } from "@kubernetes/client-node";
import { exposureHints } from "../values/exposure.ts";
import { clusterOf, environment, ifExists } from "./cluster.ts";
import { type Look, poll } from "./poll.ts";
import { run } from "./run.ts";

/** A field of an object that a controller fills in. */
export interface AwaitedValue {
  readonly kind: keyof typeof read;
  readonly namespace: string;
  readonly name: string;
  /** Where the field is, e.g. `["status", "loadBalancer", "ingress", 0]`. */
  readonly field: readonly (string | number)[];
}

interface AwaitSpec {
  readonly cluster: string;
  readonly timeoutSeconds: number;
  readonly values: Readonly<Record<string, AwaitedValue>>;
}

const read = {
  Secret: (api: CoreV1Api, name: string, namespace: string): Promise<unknown> =>
    api.readNamespacedSecret({ name, namespace }),
  Service: (api: CoreV1Api, name: string, namespace: string): Promise<unknown> =>
    api.readNamespacedService({ name, namespace }),
};

const hints: Readonly<Record<AwaitedValue["kind"], string>> = {
  Secret: "Look at the events and logs of what writes it.",
  Service: exposureHints.LoadBalancer,
};

/** Looks for one field of one object. */
export async function lookAt(
  api: CoreV1Api,
  { kind, namespace, name, field }: AwaitedValue,
): Promise<Look<unknown>> {
  const object = await ifExists(read[kind](api, name, namespace));
  if (object === undefined) return { state: "it does not exist" };
  const value = field.reduce<unknown>(
    (at, key) => (at as Record<string | number, unknown> | undefined)?.[key],
    object,
  );
  return value === undefined ? { state: `it has no ${field.join(".")}` } : { value };
}

if (import.meta.main) {
  await run<AwaitSpec>(async ({ cluster, timeoutSeconds, values }) => {
    const api = clusterOf({ kubeconfig: environment("MESHLAB_KUBECONFIG") });
    const found = Object.entries(values).map(async ([key, awaited]) => [
      key,
      await poll({
        what: `${awaited.kind} ${awaited.name} in namespace ${awaited.namespace} of ${cluster}`,
        hint: hints[awaited.kind],
        timeoutSeconds,
        look: () => lookAt(api, awaited),
      }),
    ]);
    return Object.fromEntries(await Promise.all(found)) as unknown;
  });
}
