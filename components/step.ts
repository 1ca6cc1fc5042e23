import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { AwaitedValue } from "../steps/awaited-value.ts";

export interface StepArgs {
  /** A script under `steps/`, without folder and ending. */
  readonly script: string;
  /** What the script is told as its one argument, as JSON; shows in previews and errors, so never a secret. */
  readonly spec: Readonly<Record<string, pulumi.Input<unknown>>>;
  /** What it is told through its environment; kept secret in the state. */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
}

export interface Step<T> {
  /** For what must not start before the step is done. */
  readonly resource: pulumi.Resource;
  /** The JSON that the script printed; secret, and kept in the state: a later preview asks no cluster for it. */
  readonly result: pulumi.Output<T>;
}

/** Runs a script of `steps/` once, and again whenever what it is told changes. */
export function runStep<T>(
  name: string,
  { script, spec, environment = {} }: StepArgs,
  opts: pulumi.CustomResourceOptions,
): Step<T> {
  const resource = new command.local.Command(
    name,
    {
      // An argument vector: nothing of the spec is read by a shell. The path is relative, so that the state is
      // the same from every checkout.
      interpreter: ["node", `steps/${script}.ts`],
      create: pulumi.jsonStringify(spec),
      environment: pulumi.secret(environment),
      // Standard output is the result, and may be a kubeconfig; progress goes to standard error.
      logging: command.local.Logging.Stderr,
      addPreviousOutputInEnv: false,
    },
    pulumi.mergeOptions(opts, { additionalSecretOutputs: ["stdout"] }),
  );
  return { resource, result: pulumi.secret(resource.stdout).apply((stdout) => JSON.parse(stdout) as T) };
}

/** Some fields of one object, each under the name that it is given. */
export const fieldsOf = (
  object: Omit<AwaitedValue, "field">,
  fields: Readonly<Record<string, AwaitedValue["field"]>>,
): Record<string, AwaitedValue> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { ...object, field }]));

export interface AwaitArgs {
  /** Name of the cluster, for messages. */
  readonly cluster: string;
  /** Kubeconfig of the cluster; secret. */
  readonly kubeconfig: pulumi.Input<string>;
  /** What to wait for, each under the name that the result has it under. */
  readonly values: Readonly<Record<string, AwaitedValue>>;
  readonly timeoutSeconds: number;
}

/** Waits until the fields of some objects have values, and gives these values; secret. */
export function awaitValues<T>(
  name: string,
  { cluster, kubeconfig, values, timeoutSeconds }: AwaitArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<T> {
  return runStep<T>(
    name,
    {
      script: "await",
      spec: { cluster, timeoutSeconds, values },
      environment: { MESHLAB_KUBECONFIG: kubeconfig },
    },
    opts,
  ).result;
}
