import { isDeepStrictEqual } from "node:util";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { AwaitedValue } from "../../kubernetes/waits/awaited-value.ts";
import { timeoutVariable } from "../../steps/base/timeout.ts";
import { digest } from "../../values/digest.ts";
import { settled } from "./settled.ts";

export interface StepArgs {
  /** A script under `steps/`, without folder and ending. */
  readonly script: string;
  /** What the script is told as its one argument, as JSON; shows in previews and errors, so never a secret. */
  readonly spec: Readonly<Record<string, pulumi.Input<unknown>>>;
  /** What it is told through its environment; kept secret in the state. */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** How long it may wait for anything; another time-out alone is no reason to run it again. */
  readonly timeoutSeconds?: number;
  /**
   * Its result has one form, and seldom changes: a preview that would run it again goes on with the last one. With an
   * unknown kubeconfig, everything in a cluster would look changed.
   */
  readonly isSteady?: boolean;
  /** When it changes, the step runs again, for what it finds can change without the stack; the text says nothing. */
  readonly renew?: string;
  /** Whether it also gets its last result, as environment variable PULUMI_COMMAND_STDOUT. */
  readonly seesLastResult?: boolean;
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
  {
    script,
    spec,
    environment = {},
    timeoutSeconds,
    isSteady = false,
    renew = "",
    seesLastResult = false,
  }: StepArgs,
  opts: pulumi.CustomResourceOptions,
): Step<T> {
  const recall = pulumi.runtime.isDryRun() ? new Recall(name, isSteady) : undefined;
  const resource = new command.local.Command(
    name,
    {
      // An argument vector: nothing of the spec is read by a shell. The path is relative, so that the state is
      // the same from every checkout.
      interpreter: ["node", `dist/steps/${script}.js`],
      create: pulumi.jsonStringify({ ...spec, ...(renew === "" ? {} : { renew }) }),
      environment: pulumi.secret({
        ...environment,
        ...(timeoutSeconds === undefined ? {} : { [timeoutVariable]: String(timeoutSeconds) }),
      }),
      // Standard output is the result, and may be a kubeconfig; progress goes to standard error.
      logging: command.local.Logging.Stderr,
      addPreviousOutputInEnv: seesLastResult,
    },
    pulumi.mergeOptions(opts, {
      additionalSecretOutputs: ["stdout"],
      ...(timeoutSeconds === undefined ? {} : { ignoreChanges: [`environment.${timeoutVariable}`] }),
      hooks: {
        // A preview runs no step.
        ...(timeoutSeconds === undefined || recall !== undefined
          ? {}
          : { onError: [untilTimeout(name, timeoutSeconds)] }),
        ...(recall === undefined ? {} : { beforeUpdate: [recall.hook] }),
      },
    }),
  );
  const stdout = recall === undefined ? resource.stdout : recall.outputOf(resource);
  return { resource, result: pulumi.secret(stdout).apply((text) => JSON.parse(text) as T) };
}

/** A step that is run again has the time-out that it had the first time; it goes on until the present one is over. */
function untilTimeout(name: string, timeoutSeconds: number): pulumi.ErrorHook {
  let waited = 0;
  return new pulumi.ErrorHook(`${name}-timeout`, ({ errors: [newest = ""] }) => {
    const [, seconds = "Infinity"] = /waited (\d+) s for /.exec(newest) ?? [];
    waited += Number(seconds);
    return waited < timeoutSeconds;
  });
}

/**
 * What a step printed last, where a preview would run it again and its result is likely to stay: that of a steady step,
 * and of any that is told the same as before.
 */
class Recall {
  readonly hook: pulumi.ResourceHook;
  #last: pulumi.Input<string> | undefined;

  constructor(name: string, isSteady: boolean) {
    this.hook = new pulumi.ResourceHook(
      `${name}-recall`,
      async ({ oldInputs, newInputs, oldOutputs }) => {
        if (!isSteady && !(await areSame(oldInputs, newInputs))) return;
        this.#last = oldOutputs?.["stdout"] as pulumi.Input<string> | undefined;
      },
      { onDryRun: true },
    );
  }

  /** The output of a step: what it printed last, or prints. */
  outputOf({ urn, stdout }: command.local.Command): pulumi.Output<string> {
    // The URN is known once the engine has decided about the step, which then may be unknown.
    return urn.apply(() => pulumi.output(this.#last ?? stdout));
  }
}

type Inputs = Readonly<Record<string, unknown>> | undefined;

/** Whether a step is told the same, wherever its script lies. */
async function areSame(...inputs: readonly Inputs[]): Promise<boolean> {
  const [before, now] = await Promise.all(
    inputs.map((given = {}) => settled(pulumi.output({ ...given, interpreter: [] }))),
  );
  return before !== undefined && isDeepStrictEqual(before, now);
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
  /** When it changes, they are looked up again. */
  readonly renew: string;
  /** What the lab makes of it that has them; when that changes, they are looked up again. */
  readonly madeOf?: unknown;
}

/** Waits until the fields of some objects have values, and gives these values; secret. */
export function awaitValues<T>(
  name: string,
  { cluster, kubeconfig, values, timeoutSeconds, renew, madeOf }: AwaitArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<T> {
  return runStep<T>(
    name,
    {
      script: "await",
      // A digest: among values there may be a secret.
      spec: { cluster, values, ...(madeOf === undefined ? {} : { madeOf: digest(madeOf) }) },
      timeoutSeconds,
      environment: { MESHLAB_KUBECONFIG: kubeconfig },
      renew,
    },
    opts,
  ).result;
}
