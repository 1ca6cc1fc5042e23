import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LabConfig } from "../../config/read.ts";
import type { Release } from "../../plan/releases.ts";
import { onForbiddenChange } from "./forbidden-change.ts";
import { Mending } from "./mending.ts";
import { type Watch, type WatchArgs, watch } from "./watch.ts";

/**
 * What every release of a lab takes from its configuration: for advice, what that says of pods; whether values hold a
 * secret; and how long a release may take, in seconds.
 */
export type ReleaseSettings = Pick<
  LabConfig,
  "values" | "controlPlane" | "set" | "secretValues" | "timeoutSeconds"
>;

/** Whether extra values of this kind of release may hold a secret. */
export const holdsSecret = (
  { secretValues, values }: Pick<ReleaseSettings, "secretValues" | "values">,
  kind: Release["kind"],
): boolean => secretValues && values[kind] !== undefined;

export interface ReleaseArgs {
  /** Its name, its chart, and all of its values. */
  readonly release: Release;
  readonly settings: ReleaseSettings;
  /** Its namespace, from the resource that makes it. */
  readonly namespace: pulumi.Input<string>;
  /** The cluster it is installed in: its kubeconfig, else the context of the host. */
  readonly access: WatchArgs["access"];
  readonly host: WatchArgs["host"];
  /** The virtual cluster that it makes, or that it is in, as it is configured. */
  readonly cluster: WatchArgs["keys"]["cluster"];
}

/** A Helm release. */
export function helmRelease(
  name: string,
  { release, settings, namespace, access, host, cluster }: ReleaseArgs,
  opts: pulumi.CustomResourceOptions,
): k8s.helm.v3.Release {
  const { kind, chart, values } = release;
  const { timeoutSeconds } = settings;
  const wanted = pulumi.output(values).apply((found) => ({ version: chart.version, values: found }));
  const where = { release: release.release, namespace, access };
  const mending = new Mending({ ...where, wanted });
  const keys = { values: settings.values, controlPlane: settings.controlPlane, set: settings.set, cluster };
  const watched = watch(name, { what: release.release, namespace, access, host, keys });
  return new k8s.helm.v3.Release(
    name,
    {
      ...chart,
      name: release.release,
      namespace,
      values: holdsSecret(settings, kind) ? pulumi.secret(values) : values,
      timeout: timeoutSeconds,
    },
    pulumi.mergeOptions(pulumi.mergeOptions(opts, mending.options), {
      // Two releases of one name cannot exist side by side.
      deleteBeforeReplace: true,
      hooks: {
        ...watched.hooks,
        // A preview makes nothing that could fail.
        onError: pulumi.runtime.isDryRun()
          ? []
          : [onFailure(name, mending, watched), onForbiddenChange(name, { ...where, timeoutSeconds })],
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
