import type { CoreV1Api } from "@kubernetes/client-node";
import { ifExists } from "../connection/cluster.ts";
import type { Look } from "./poll.ts";

/** A field of an object that a controller fills in. */
export interface AwaitedValue {
  readonly kind: keyof typeof read;
  readonly namespace: string;
  readonly name: string;
  /** Where the field is, e.g. `["status", "loadBalancer", "ingress", 0]`. */
  readonly field: readonly (string | number)[];
}

const read = {
  Secret: (api: CoreV1Api, name: string, namespace: string): Promise<unknown> =>
    api.readNamespacedSecret({ name, namespace }),
  Service: (api: CoreV1Api, name: string, namespace: string): Promise<unknown> =>
    api.readNamespacedService({ name, namespace }),
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
