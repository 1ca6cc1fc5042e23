import * as pulumi from "@pulumi/pulumi";
import * as state from "@pulumi/pulumi/runtime/state.js";

/** A resource as it was registered with the engine. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Arguments, with outputs resolved and secrets unwrapped. */
  readonly inputs: Record<string, unknown>;
  /** Arguments as the component gave them. */
  readonly props: Record<string, unknown>;
  readonly opts: pulumi.CustomResourceOptions & pulumi.ComponentResourceOptions;
}

/** Names of the resources that an option names. */
export async function namesOf(resources: pulumi.Input<unknown>): Promise<string[]> {
  const list = await promiseOf(pulumi.output(resources as pulumi.Input<pulumi.Resource[]>));
  const urns = await Promise.all([list].flat().map((resource) => promiseOf(resource.urn)));
  return urns.map((urn) => urn.split("::").at(-1) ?? "").sort();
}

export function promiseOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply((value) => {
      resolve(value);
    });
  });
}

/**
 * Runs a program under Pulumi's mocks and gives everything that it registered, by name.
 *
 * @param isPreview a preview asks no cluster
 */
export async function record(
  outputsOf: (args: pulumi.runtime.MockResourceArgs) => Record<string, unknown>,
  program: (transformations: pulumi.ResourceTransformation[]) => void,
  isPreview = true,
): Promise<Map<string, Registration>> {
  const seen: Pick<Registration, "type" | "name" | "props" | "opts">[] = [];
  const inputs = new Map<string, Record<string, unknown>>();
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        inputs.set(args.name, unwrapped(args.inputs) as Record<string, unknown>);
        return { id: `${args.name}-id`, state: { ...(args.inputs as object), ...outputsOf(args) } };
      },
      call: ({ inputs: given }) => given as Record<string, unknown>,
    },
    "mesh-lab",
    "test",
    isPreview,
  );
  // The mocks know no transforms, which a component may give, and say that they know hooks, and lack the methods.
  (state as unknown as { getStore(): { supportsTransforms: boolean } }).getStore().supportsTransforms = true;
  const registered = (_: unknown, callback: (error: null, answer: object) => void) => {
    callback(null, {});
  };
  Object.assign(pulumi.runtime.getMonitor() ?? {}, {
    registerErrorHook: registered,
    registerResourceHook: registered,
  });
  // Pulumi takes a stack trace for each promise, which is most of the time that a recording takes.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    program([
      ({ type, name, props, opts }) => {
        seen.push({ type, name, props: props, opts });
        return undefined;
      },
    ]);
    await pulumi.runtime.disconnect();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return new Map(seen.map((entry) => [entry.name, { ...entry, inputs: inputs.get(entry.name) ?? {} }]));
}

/** Plain data: the mocks pass secrets as objects that carry a signature. */
function unwrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== "object" || value === null) return value;
  if (pulumi.runtime.specialSigKey in value) return unwrapped((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}
