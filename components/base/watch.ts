import * as pulumi from "@pulumi/pulumi";
import type { KeySource } from "../../kubernetes/diagnosis/keys.ts";
import type { Problem } from "../../kubernetes/diagnosis/diagnosis.ts";
import { kubernetes } from "./kubernetes.ts";
import { settled } from "./settled.ts";

/** Where something is that takes its time to get ready. */
export interface WatchArgs {
  /** What it is, in words, e.g. `istiod`. */
  readonly what: string;
  readonly namespace: pulumi.Input<string>;
  /** The cluster that it is in: its kubeconfig, else the context of the host. */
  readonly access: {
    readonly kubeconfig?: pulumi.Output<string>;
    readonly context?: string | undefined;
  };
  /** The host, for something inside of a virtual cluster. */
  readonly host: { readonly context: string | undefined };
  /** What the configuration says of its pods. */
  readonly keys: KeySource;
}

/** Somebody who knows why something does not get ready. */
export interface Watch {
  /** For whatever is watched. */
  readonly hooks: Pick<
    pulumi.ResourceHookBinding,
    "beforeCreate" | "afterCreate" | "beforeUpdate" | "afterUpdate"
  >;
  /** Says why it has failed, once for each reason. */
  readonly explain: (errors: readonly string[]) => Promise<void>;
}

/** How often one looks, in seconds, once the wait is no longer a short one. */
const repeatSeconds = 10;

/** What a run says that somebody ended. */
const isEnded = (error: string): boolean => /context canceled|cancell?ed/i.test(error);

/**
 * Watches what a resource brings while the engine waits for it: says what keeps it from getting ready, and ends the run
 * where waiting is no use, which Helm and the engine know nothing of before the time is over.
 */
export function watch(resource: string, args: WatchArgs): Watch {
  let end = (): void => undefined;
  const told = new Set<string>();

  const look = async (): Promise<readonly Problem[]> => {
    const [{ problemsAt }, { keysIn }] = await Promise.all([
      kubernetes(),
      import("../../kubernetes/diagnosis/keys.ts"),
    ]);
    const { namespace, access, host, keys } = args;
    const known = await settled(pulumi.output({ ...access, namespace }));
    if (known === undefined) return [];
    const { kubeconfig, ...where } = known;
    const inside =
      kubeconfig === undefined ? undefined : { context: host.context, namespace: keys.cluster.name };
    return problemsAt({ ...where, kubeconfig, host: inside, keysOf: keysIn(keys) });
  };

  const error = async (reason: string): Promise<void> => {
    if (told.has(reason)) return;
    told.add(reason);
    const namespace = (await settled(pulumi.output(args.namespace))) ?? "";
    await pulumi.log.error(`${args.what} in namespace ${namespace}: ${reason}`);
  };

  const begin: pulumi.ResourceHookFunction = async ({ urn }) => {
    const [{ createPatience, patience }, { endRun }] = await Promise.all([
      import("../../kubernetes/waits/patience.ts"),
      import("../../kubernetes/waits/end-run.ts"),
    ]);
    const judge = createPatience(Date.now());
    const row = { urn: pulumi.output(urn) } as pulumi.Resource;
    let timer: NodeJS.Timeout | undefined;
    const after = (seconds: number): void => {
      timer = setTimeout(() => void lookOnce(), seconds * 1000).unref();
    };
    const lookOnce = async (): Promise<void> => {
      const own = timer;
      // What cannot be seen now may be seen at the next look.
      const verdict = judge(await look().catch(() => []), Date.now());
      if (timer !== own) return;
      if (verdict.hopeless !== undefined) {
        end();
        await error(verdict.hopeless);
        await endRun();
        return;
      }
      if (verdict.news !== undefined) await pulumi.log.info(verdict.news, row, undefined, verdict.isSlow);
      after(repeatSeconds);
    };
    end();
    end = () => {
      clearTimeout(timer);
      timer = undefined;
    };
    after(patience.quietSeconds);
  };

  return {
    // A preview waits for nothing, and each hook is one more thing to tell the engine.
    hooks: pulumi.runtime.isDryRun()
      ? {}
      : around(resource, begin, () => {
          end();
        }),
    async explain(errors) {
      end();
      if (errors.some(isEnded)) return;
      for (const { text } of await look().catch(() => [])) await error(text);
    },
  };
}

/** Hooks for the begin and the end of whatever is done to a resource. */
function around(resource: string, begin: pulumi.ResourceHookFunction, end: () => void): Watch["hooks"] {
  const [begins, ends] = [
    new pulumi.ResourceHook(`${resource}-waits`, begin),
    new pulumi.ResourceHook(`${resource}-ends`, end),
  ];
  return { beforeCreate: [begins], afterCreate: [ends], beforeUpdate: [begins], afterUpdate: [ends] };
}

/** An error hook that says why something has failed; it is not tried again. */
export const explaining = (resource: string, { explain }: Watch): pulumi.ErrorHook =>
  new pulumi.ErrorHook(`${resource}-failure`, async ({ errors }) => {
    await explain(errors);
    return false;
  });
