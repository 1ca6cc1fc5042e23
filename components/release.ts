import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ChartSource } from "../charts.ts";
import type { LabConfig } from "../config.ts";
import type { ReleaseName } from "../config/schema.ts";
import { type HelmValues, mergeValues } from "../values/merge.ts";

/** What every release of a lab takes from its configuration. */
export type ReleaseSettings = Pick<LabConfig, "values" | "secretValues" | "timeoutSeconds">;

export interface ReleaseArgs extends ReleaseSettings {
  /** Which kind of release it is: for it there may be extra values. */
  readonly kind: ReleaseName;
  /** Name of the release in the cluster. */
  readonly release: string;
  readonly namespace: pulumi.Input<string>;
  readonly chart: ChartSource;
  /** The lab's own values. */
  readonly own?: HelmValues;
  /** Extra values of this one cluster. */
  readonly clusterValues: Readonly<Partial<Record<ReleaseName, HelmValues | undefined>>>;
  /** The cluster it is installed in: its kubeconfig, else the context of the host. */
  readonly access: { readonly kubeconfig?: pulumi.Output<string>; readonly context?: string | undefined };
}

/** A Helm release; one that does not come up tells what stands in its way. */
export function helmRelease(
  name: string,
  args: ReleaseArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  const { kind, release, namespace, chart, own, values, clusterValues, secretValues, timeoutSeconds } = args;
  const merged = mergeValues(own, values[kind], clusterValues[kind]);
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
      hooks: { onError: [diagnosis(name, args)] },
    }),
  );
}

/** Helm itself says of a release that is not ready in time no more than that. */
function diagnosis(name: string, args: ReleaseArgs): pulumi.ErrorHook {
  return new pulumi.ErrorHook(`${name}-diagnosis`, async () => {
    // Loaded only where something has gone wrong: the library is large.
    const { diagnose } = await import("../steps/diagnose.ts");
    const { release, access } = args;
    const { context, kubeconfig, namespace } = await valueOf(
      pulumi.output({ ...access, namespace: args.namespace }),
    );
    const found = await diagnose({ context, kubeconfig }, namespace).catch((error: unknown) => [
      `Its cluster does not answer: ${String(error)}`,
    ]);
    for (const problem of found) await pulumi.log.error(`${release} in namespace ${namespace}: ${problem}`);
    // Not again: a second installation of the same name would fail.
    return false;
  });
}

const valueOf = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => {
    output.apply(resolve);
  });
