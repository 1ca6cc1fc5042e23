import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { labCommand, pulumiCommand } from "../../messages/commands.ts";
import type { HelmValues } from "../../values/merge.ts";
import type { SetValues } from "../../values/set-values.ts";
import type { ValuedVolume } from "../../values/vcluster.ts";
import { kubernetes } from "./kubernetes.ts";
import { settled } from "./settled.ts";

/** A cluster whose volume is looked after. */
export interface KeptVolume {
  /** Name of the virtual cluster. */
  readonly cluster: string;
  /** Context of the host. */
  readonly context: string | undefined;
  readonly timeoutSeconds: number;
  /** What values of its chart come to. */
  readonly controlPlaneIn: SetValues["controlPlaneIn"];
}

/** What a chart's values say of the volume, by the keys of the stack's configuration. */
const keys = ["persistence", "storageSize", "storageClass"] as const satisfies (keyof ValuedVolume)[];

/**
 * Before the release of a virtual cluster is changed so that its volume would be another: a StatefulSet that never had
 * a volume makes room for the new one; else the run ends, and a preview already says so.
 */
export const keptVolume = (name: string, kept: KeptVolume): pulumi.ResourceHook =>
  new pulumi.ResourceHook(
    `${name}-volume`,
    async ({ oldInputs, newInputs, oldOutputs }) => {
      const { cluster, context, timeoutSeconds, controlPlaneIn } = kept;
      const [before, after] = await Promise.all(
        [oldInputs, newInputs].map((inputs) => volumeIn(inputs, controlPlaneIn)),
      );
      const changes = before && after ? volumeChanges(before, after) : [];
      if (changes.length === 0) return;
      const { kubeConfigOf, makeRoom, volumesOf } = await kubernetes();
      const set = { kind: "StatefulSet", namespace: cluster, name: cluster };
      const isDeployed = (oldOutputs?.["status"] as { status?: unknown } | undefined)?.status === "deployed";
      const look = async (): Promise<string[]> => {
        // Without a volume, all is in the pod.
        if (before?.persistence === false) return isDeployed ? ["its pod"] : [];
        return volumesOf(kubeConfigOf({ context }), set);
      };
      // A preview may have no way to the host; it goes by what the last run made.
      const data = await look().catch((error: unknown) => {
        if (!pulumi.runtime.isDryRun()) throw error;
        return isDeployed ? [`PersistentVolumeClaim data-${cluster}-0`] : [];
      });
      if (data.length > 0) throw new Error(refusal(cluster, changes, data));
      if (!pulumi.runtime.isDryRun()) await makeRoom(kubeConfigOf({ context }), set, timeoutSeconds);
    },
    { onDryRun: true },
  );

const refusal = (cluster: string, changes: readonly string[], data: readonly string[]): string =>
  `Kubernetes does not change the volume of ${cluster} (${changes.join(", ")}): all that is inside of ${cluster} is in ${data.join(", ")} and would be lost. Take the change back; or lose it with ${labCommand(`rebuild ${cluster} --force`)}, then ${pulumiCommand("up")}.`;

/** What is to be different, in words. */
export function volumeChanges(before: ValuedVolume, after: ValuedVolume): string[] {
  return keys
    .filter((key) => !isDeepStrictEqual(before[key], after[key]))
    .map((key) => `controlPlane.${key}: ${shown(before[key])} to ${shown(after[key])}`);
}

const shown = (value: string | boolean | undefined): string =>
  value === undefined ? "not set" : String(value);

interface Inputs {
  readonly values?: pulumi.Input<HelmValues>;
}

/** Undefined where it is not known in this run: values may be secret, and then a part that is not known hides all. */
async function volumeIn(
  { values = {} }: Inputs = {},
  controlPlaneIn: SetValues["controlPlaneIn"],
): Promise<ValuedVolume | undefined> {
  const known: unknown = pulumi.Output.isInstance(values)
    ? await settled(values as pulumi.Output<unknown>)
    : await values;
  return known === undefined ? undefined : controlPlaneIn(known as HelmValues).volume;
}
