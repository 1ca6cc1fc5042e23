import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../../versions/charts.ts";
import type { LabConfig } from "../../config/read.ts";
import type { ExtraValues } from "../../values/merge.ts";
import { type OwnRelease, valuesOf } from "../../plan/releases.ts";
import { onForbiddenChange } from "./forbidden-change.ts";
import { Mending } from "./mending.ts";
import { type Watch, type WatchArgs, watch } from "./watch.ts";

/** What every release of a lab takes from its configuration. */
export type ReleaseSettings = Pick<LabConfig, "values" | "secretValues" | "timeoutSeconds">;

export interface ReleaseArgs extends ReleaseSettings, Omit<OwnRelease, "namespace"> {
  readonly namespace: pulumi.Input<string>;
  readonly chart: ChartSource;
  /** Extra values of this one cluster. */
  readonly clusterValues: ExtraValues;
  /** The cluster it is installed in: its kubeconfig, else the context of the host. */
  readonly access: WatchArgs["access"];
  readonly host: WatchArgs["host"];
  /** The virtual cluster that it makes, or that it is in. */
  readonly cluster: WatchArgs["keys"]["cluster"];
  readonly controlPlane?: LabConfig["controlPlane"];
}

/** A Helm release. */
export function helmRelease(
  name: string,
  args: ReleaseArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  const { kind, release, namespace, chart, values, clusterValues, secretValues, timeoutSeconds } = args;
  const merged = valuesOf(args, values, clusterValues);
  const wanted = pulumi.output(merged).apply((found) => ({ version: chart.version, values: found }));
  const mending = new Mending({ release, namespace, access: args.access, wanted });
  const watched = watch(name, { ...args, what: release, keys: args });
  return new k8s.helm.v3.Release(
    name,
    {
      ...chart,
      name: release,
      namespace,
      values: secretValues && values[kind] !== undefined ? pulumi.secret(merged) : merged,
      timeout: timeoutSeconds,
    },
    pulumi.mergeOptions(pulumi.mergeOptions(opts, mending.options), {
      // Two releases of one name cannot exist side by side.
      deleteBeforeReplace: true,
      hooks: {
        ...watched.hooks,
        onError: [onFailure(name, mending, watched), onForbiddenChange(name, args)],
      },
    }),
  );
}

/**
 * What is done about a release that fails: what a run that was cut off left of it is made good, and it is tried once
 * more; else what stands in its way is told, of which Helm says no more than that the time is over.
 */
function onFailure(resource: string, mending: Mending, { explain }: Watch): pulumi.ErrorHook {
  let isMended = false;
  return new pulumi.ErrorHook(`${resource}-failure`, async ({ errors, failedOperation }) => {
    mending.end();
    const mended =
      isMended || failedOperation !== "create" ? undefined : await mending.makeInstallable(errors);
    if (mended !== undefined) {
      isMended = true;
      await pulumi.log.warn(mended);
      return true;
    }
    await explain(errors);
    return false;
  });
}
