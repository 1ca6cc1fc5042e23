import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  RbacAuthorizationV1Api,
  StorageV1Api,
} from "@kubernetes/client-node";
import { paths, root } from "../../../rehearsal/paths.ts";

/** Runs a verb of the rehearsal as `make` does; its output is what a user sees. */
export function rehearse(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["rehearsal/main.ts", ...args], { cwd: root });
    let output = "";
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("close", (code) => {
      resolve({ code: code ?? -1, output });
    });
  });
}

/** Runs a verb that must succeed. */
export async function rehearsed(...args: string[]): Promise<string> {
  const { code, output } = await rehearse(...args);
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${output}`);
  return output;
}

/** Runs Pulumi on the rehearsal's stack. */
export const pulumi = (...args: string[]) => rehearsed("pulumi", "--", ...args);

/** Clients for one context of the rehearsal's kubeconfig. */
export function cluster(context: string) {
  const config = new KubeConfig();
  config.loadFromString(readFileSync(paths.kubeconfig, "utf8"));
  config.setCurrentContext(context);
  return {
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    custom: config.makeApiClient(CustomObjectsApi),
    rbac: config.makeApiClient(RbacAuthorizationV1Api),
    storage: config.makeApiClient(StorageV1Api),
  };
}

/** `namespace/name ready/wanted` of every Deployment. */
export async function deployments(context: string): Promise<string[]> {
  const { items } = await cluster(context).apps.listDeploymentForAllNamespaces();
  return items
    .map(
      ({ metadata, spec, status }) =>
        `${metadata?.namespace ?? ""}/${metadata?.name ?? ""} ${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
    )
    .sort();
}

/** Names of a kind of Gloo Mesh resource. */
export async function glooResources(
  context: string,
  group: "admin" | "networking",
  plural: string,
): Promise<string[]> {
  const list = (await cluster(context).custom.listClusterCustomObject({
    group: `${group}.gloo.solo.io`,
    version: "v2",
    plural,
  })) as { items: { metadata: { namespace: string; name: string } }[] };
  return list.items.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`).sort();
}
