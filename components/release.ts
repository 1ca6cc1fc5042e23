import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../charts.ts";
import type { LabConfig } from "../config.ts";
import type { ReleaseName } from "../config/schema.ts";
import type { HelmValues } from "../values/merge.ts";
import { type OwnRelease, valuesOf } from "../values/releases.ts";
import { onForbiddenChange } from "./forbidden-change.ts";
import { Mending } from "./mending.ts";
import { settled } from "./settled.ts";

/** What every release of a lab takes from its configuration. */
export type ReleaseSettings = Pick<LabConfig, "values" | "secretValues" | "timeoutSeconds">;

export interface ReleaseArgs extends ReleaseSettings, Omit<OwnRelease, "namespace"> {
  readonly namespace: pulumi.Input<string>;
  readonly chart: ChartSource;
  /** Extra values of this one cluster. */
  readonly clusterValues: Readonly<Partial<Record<ReleaseName, HelmValues | undefined>>>;
  /** The cluster it is installed in: its kubeconfig, else the context of the host. */
  readonly access: { readonly kubeconfig?: pulumi.Output<string>; readonly context?: string | undefined };
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
      hooks: { onError: [onFailure(name, args, mending), onForbiddenChange(name, args)] },
    }),
  );
}

/**
 * What is done about a release that fails: what a run that was cut off left of it is made good, and it is tried once
 * more; else what stands in its way is told, of which Helm says no more than that the time is over.
 */
function onFailure(resource: string, args: ReleaseArgs, mending: Mending): pulumi.ErrorHook {
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
    const { release: name, access } = args;
    const known = await settled(pulumi.output({ ...access, namespace: args.namespace }));
    if (known === undefined) return false;
    const { context, kubeconfig, namespace } = known;
    // Loaded only where something has gone wrong: the library is large.
    const { diagnose } = await import("../steps/diagnose.ts");
    for (const problem of await diagnose({ context, kubeconfig }, namespace))
      await pulumi.log.error(`${name} in namespace ${namespace}: ${problem}`);
    return false;
  });
}
