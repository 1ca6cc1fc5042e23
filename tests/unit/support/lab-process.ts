import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parse, stringify } from "yaml";
import type { ClusterContents } from "../../../cli/clusters/look.ts";
import type { Kubeconfig } from "../../../values/kubeconfig.ts";
import { type Answer, apiServer } from "./api-server.ts";

/** A stack that is up, as the Pulumi CLI would tell of it. */
export interface ToldStack {
  /** Configuration, e.g. `{ workloads: [{ name: "east" }] }`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Kubeconfigs of its virtual clusters, by name. */
  readonly clusters: Readonly<Record<string, string>>;
  readonly productPages: Readonly<Record<string, string>>;
  /** Kubeconfig of its host. */
  readonly host: string;
}

/** A verb that runs as a user runs it. */
export interface Running {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** What it ended with. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/** Runs verbs of the lab in processes of their own, on a stack of which only the Pulumi CLI is made up. */
export function labOn(folder: string, stack: ToldStack) {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  const config = Object.fromEntries(
    Object.entries(stack.config).map(([key, value]) => [
      `mesh-lab:${key}`,
      { value: typeof value === "string" ? value : JSON.stringify(value) },
    ]),
  );
  const outputs = {
    contexts: Object.keys(stack.clusters),
    kubeconfig: merged(stack.clusters),
    ingresses: {},
    productPages: stack.productPages,
  };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "stack.json"), JSON.stringify(outputs));
  writeFileSync(join(folder, "host.kubeconfig"), stack.host);
  writeFileSync(join(bin, "pulumi"), `#!/bin/sh\nexec cat '${folder}'/$1.json\n`);
  chmodSync(join(bin, "pulumi"), 0o755);

  return (args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running => {
    const child = spawn("node", ["dist/cli/main.js", ...args], {
      env: {
        ...process.env,
        PATH: [bin, process.env["PATH"]].join(delimiter),
        KUBECONFIG: join(folder, "host.kubeconfig"),
        ...environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const texts = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
    return {
      child,
      stdout: () => texts.stdout,
      stderr: () => texts.stderr,
      ended: new Promise((resolve) =>
        child.on("close", (code, signal) => {
          resolve(code ?? signal);
        }),
      ),
    };
  };
}

function merged(clusters: Readonly<Record<string, string>>): string {
  const named = Object.entries(clusters).map(([name, text]) => {
    const {
      clusters: [cluster],
      users: [user],
    } = parse(text) as Kubeconfig;
    return {
      cluster: { name, cluster: cluster?.cluster },
      user: { name, user: user?.user },
      context: { name, context: { cluster: name, user: name } },
    };
  });
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: named.map(({ cluster }) => cluster),
    users: named.map(({ user }) => user),
    contexts: named.map(({ context }) => context),
  });
}

/** A host whose nodes are real, with the control planes of these clusters, and which of them are paused. */
export async function hostOf(clusters: readonly string[], paused: readonly string[] = []): Promise<string> {
  const sets = clusters.map((name) => [
    `GET /apis/apps/v1/namespaces/${name}/statefulsets/${name}`,
    { spec: { replicas: paused.includes(name) ? 0 : 1 } },
  ]);
  const { kubeconfig } = await apiServer({
    "GET /api/v1/nodes": { items: [{ metadata: { name: "node-1" } }] },
    ...(Object.fromEntries(sets) as Record<string, Answer>),
  });
  return kubeconfig;
}

/** A virtual cluster that holds this. */
export async function clusterWith(contents: ClusterContents, more: Readonly<Record<string, Answer>> = {}) {
  const gloo = "/apis/networking.gloo.solo.io/v2";
  return apiServer({
    "GET /apis/apps/v1/deployments": { items: contents.deployments },
    "GET /api/v1/pods": { items: contents.pods },
    "GET /api/v1/services": { items: contents.services },
    "GET /apis/discovery.k8s.io/v1/endpointslices": { items: contents.endpointSlices },
    "GET /apis/admin.gloo.solo.io/v2/kubernetesclusters": { items: contents.kubernetesClusters },
    [`GET ${gloo}/virtualgateways`]: { items: contents.virtualGateways },
    [`GET ${gloo}/routetables`]: { items: contents.routeTables },
    ...more,
  });
}
