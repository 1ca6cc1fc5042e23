import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  type V1Deployment,
  type V1Pod,
  type V1StatefulSet,
} from "@kubernetes/client-node";
import { ifExists } from "../connection/cluster.ts";

/** What runs the control plane of a virtual cluster: today's charts make a Deployment of one without a volume. */
export type ControlPlane = V1StatefulSet | V1Deployment;

/** Whether it is a Deployment. */
export const isDeployment = ({ kind }: ControlPlane): boolean => kind === "Deployment";

/** What runs the control plane of a virtual cluster; undefined where there is none. */
export async function controlPlaneOf(host: KubeConfig, cluster: string): Promise<ControlPlane | undefined> {
  const apps = host.makeApiClient(AppsV1Api);
  const place = { namespace: cluster, name: cluster };
  return (
    (await ifExists(apps.readNamespacedStatefulSet(place))) ??
    (await ifExists(apps.readNamespacedDeployment(place)))
  );
}

/** Selects the pods of a control plane, and nothing that runs inside of the cluster. */
const selectorOf = (cluster: string): string => `app=vcluster,release=${cluster}`;

/** The pods of a control plane. */
export async function controlPlanePods(host: KubeConfig, cluster: string): Promise<V1Pod[]> {
  const { items } = await host
    .makeApiClient(CoreV1Api)
    .listNamespacedPod({ namespace: cluster, labelSelector: selectorOf(cluster) });
  return items;
}

/** Shows what a control plane writes. */
export const logsOf = (cluster: string): string =>
  `kubectl -n ${cluster} logs -l ${selectorOf(cluster)} --all-containers`;
