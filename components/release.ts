import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../charts.ts";
import type { LabConfig } from "../config.ts";
import type { ReleaseName } from "../config/schema.ts";
import type { HelmValues } from "../values/merge.ts";
import { type OwnRelease, valuesOf } from "../values/releases.ts";

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
  return new k8s.helm.v3.Release(
    name,
    {
      ...chart,
      name: release,
      namespace,
      values: secretValues && values[kind] !== undefined ? pulumi.secret(merged) : merged,
      timeout: timeoutSeconds,
    },
    pulumi.mergeOptions(opts, {
      // Two releases of one name cannot exist side by side.
      deleteBeforeReplace: true,
      hooks: { onError: [onFailure(name, args)] },
    }),
  );
}

/**
 * What is done about a release that fails: what a run that was cut off left of it is made good, and it is tried once
 * more; else what stands in its way is told, of which Helm says no more than that the time is over.
 */
function onFailure(resource: string, args: ReleaseArgs): pulumi.ErrorHook {
  let isMended = false;
  return new pulumi.ErrorHook(`${resource}-failure`, async ({ errors }) => {
    // Loaded only where something has gone wrong: the library is large.
    const [{ clusterOf }, { diagnose }, { mend }] = await Promise.all([
      import("../steps/cluster.ts"),
      import("../steps/diagnose.ts"),
      import("../steps/helm-release.ts"),
    ]);
    const { release: name, access } = args;
    const { context, kubeconfig, namespace } = await valueOf(
      pulumi.output({ ...access, namespace: args.namespace }),
    );
    const where = `${name} in namespace ${namespace}`;
    if (!isMended && (await mend(clusterOf({ context, kubeconfig }), { namespace, name }, errors))) {
      isMended = true;
      await pulumi.log.warn(`${where} was left half done by a run that was cut off; it is completed`);
      return true;
    }
    for (const problem of await diagnose({ context, kubeconfig }, namespace))
      await pulumi.log.error(`${where}: ${problem}`);
    return false;
  });
}

const valueOf = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => {
    output.apply(resolve);
  });
