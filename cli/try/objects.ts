import { isDeepStrictEqual } from "node:util";
import { type KubeConfig, type KubernetesObject, KubernetesObjectApi } from "@kubernetes/client-node";
import { ifExists } from "../../kubernetes/connection/cluster.ts";
import { meshRoutes, type TurnedOn } from "../../capabilities/all.ts";
import { serverSettings } from "../../capabilities/common/servers.ts";
import { workspaceName, workspaceSettings } from "../../values/gloo-resources.ts";

/** An object, as far as it is looked for. */
interface Wanted {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  /** Whether one that is there is the right one. */
  readonly isRight?: (found: KubernetesObject) => boolean;
}

/** What a capability is made of on a cluster. */
function objectsOf(on: TurnedOn, ingressCluster: string): Wanted[] {
  const { settings = {} } = on;
  const settingsObject = {
    ...workspaceSettings(workspaceName),
    isRight: (found: KubernetesObject) => {
      const { options } = (found as { spec?: { options?: Record<string, unknown> } }).spec ?? {};
      return Object.entries(settings).every(([key, value]) => isDeepStrictEqual(options?.[key], value));
    },
  };
  return [
    ...(on.settings === undefined ? [] : [settingsObject]),
    ...(on.addOn === undefined ? [] : [serverSettings(on.addOn, ingressCluster)]),
    ...meshRoutes([on], ingressCluster),
    ...Object.values(on.configMaps ?? {}).map((one) => ({ apiVersion: "v1", kind: "ConfigMap", ...one })),
    ...Object.values(on.objects),
  ];
}

/** What a capability is made of, as `Kind namespace/name`: what is there, and what is not, or not as it should be. */
export async function lookForObjects(
  cluster: KubeConfig,
  on: TurnedOn,
  ingressCluster: string,
): Promise<{ readonly there: readonly string[]; readonly missing: readonly string[] }> {
  const api = KubernetesObjectApi.makeApiClient(cluster);
  const looked = await Promise.all(
    objectsOf(on, ingressCluster).map(async ({ isRight = () => true, apiVersion, kind, metadata }) => {
      const found = await ifExists(api.read({ apiVersion, kind, metadata }));
      return {
        name: `${kind} ${metadata.namespace}/${metadata.name}`,
        isThere: found !== undefined && isRight(found),
      };
    }),
  );
  const named = (isThere: boolean) => looked.filter((one) => one.isThere === isThere).map(({ name }) => name);
  return { there: named(true), missing: named(false) };
}
