import * as pulumi from "@pulumi/pulumi";
import { pulumiCommand } from "../../messages/commands.ts";
import { kubernetes } from "./kubernetes.ts";
import { settled } from "./settled.ts";

/** A release in its cluster. */
export interface ReleaseInCluster {
  /** Name of the release. */
  readonly release: string;
  readonly namespace: pulumi.Input<string>;
  readonly access: { readonly kubeconfig?: pulumi.Output<string>; readonly context?: string | undefined };
  readonly timeoutSeconds: number;
}

/**
 * What is done about a release that Kubernetes does not let Helm change, as with the selector of a Deployment or the
 * claims of a StatefulSet: the object makes room for a new one, unless a volume would be lost with it.
 */
export function onForbiddenChange(resource: string, where: ReleaseInCluster): pulumi.ErrorHook {
  const tried = new Set<string>();
  return new pulumi.ErrorHook(`${resource}-forbidden-change`, async ({ errors, failedOperation }) => {
    if (failedOperation !== "update") return false;
    const { release, access, timeoutSeconds } = where;
    const known = await settled(pulumi.output({ ...access, namespace: where.namespace }));
    if (known === undefined) return false;
    const { namespace, context, kubeconfig } = known;
    const { immutablesIn, kubeConfigOf, makeRoom, volumesOf } = await kubernetes();
    const cluster = kubeConfigOf({ context, kubeconfig });
    let isMadeRoom = false;
    for (const immutable of immutablesIn(errors, namespace)) {
      const { kind, name } = immutable;
      const object = `${kind} ${name}`;
      if (tried.has(object)) continue;
      tried.add(object);
      if (await makeRoom(cluster, immutable, timeoutSeconds)) {
        isMadeRoom = true;
        await pulumi.log.warn(
          `${release} in namespace ${namespace}: Kubernetes does not change ${object} like this; it is replaced`,
        );
      } else {
        const volumes = await volumesOf(cluster, immutable);
        const loss = volumes.length === 0 ? "" : `, and with another ${volumes.join(", ")} would be lost`;
        await pulumi.log.error(
          `${release} in namespace ${namespace}: Kubernetes does not change ${object} like this${loss}. Take the change back; or delete the object by hand, then ${pulumiCommand("up")}.`,
        );
      }
    }
    return isMadeRoom;
  });
}
