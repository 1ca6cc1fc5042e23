import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  RbacAuthorizationV1Api,
  StorageV1Api,
} from "@kubernetes/client-node";
import { rehearsalDir, root } from "../../../rehearsal/kit/paths.ts";
import { kubeConfigOf } from "../../../kubernetes/connection/cluster.ts";

interface Run {
  readonly code: number;
  readonly stdout: string;
  /** Standard output and standard error, as a user sees them. */
  readonly output: string;
}

type Environment = Readonly<Record<string, string>>;

/**
 * A rehearsal that tests drive as a user does.
 *
 * @param directory where it keeps everything; another one is another rehearsal
 * @param environment what a user would give to `make` as variables
 * @param project the checkout that is rehearsed
 */
export function rehearsalIn(directory: string, environment: Environment = {}, project = root) {
  const start = (
    args: readonly string[],
    more: Environment = {},
  ): ChildProcessByStdio<null, Readable, Readable> =>
    spawn(process.execPath, ["rehearsal/main.ts", ...args], {
      cwd: project,
      env: { ...process.env, ...environment, ...more, REHEARSAL_DIR: directory },
      stdio: ["ignore", "pipe", "pipe"],
    });

  /** Runs a verb as `make` does, with what else a user would give to it. */
  function rehearseWith(more: Environment, ...args: string[]): Promise<Run> {
    return new Promise((resolve) => {
      const child = start(args, more);
      const all: string[] = [];
      const out: string[] = [];
      child.stdout.setEncoding("utf8").on("data", (text: string) => out.push(text) && all.push(text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => all.push(text));
      child.on("close", (code) => {
        resolve({ code: code ?? -1, stdout: out.join(""), output: all.join("") });
      });
    });
  }
  const rehearse = (...args: string[]): Promise<Run> => rehearseWith({}, ...args);

  /** Runs a verb that must succeed. */
  async function rehearsed(...args: string[]): Promise<Run> {
    const run = await rehearse(...args);
    if (run.code !== 0) throw new Error(`${args.join(" ")} ended with ${run.code}:\n${run.output}`);
    return run;
  }

  /**
   * Runs a verb, and strikes once, when what it has said is as wanted.
   *
   * @param strike is given the verb's process
   * @returns how it ended; `code` is -1 where it was killed
   */
  function struck(
    isTime: (said: string) => boolean,
    strike: (driver: ChildProcess) => void,
    ...args: string[]
  ): Promise<Run & { readonly isStruck: boolean }> {
    return new Promise((resolve) => {
      const child = start(args);
      let [said, isStruck] = ["", false];
      child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (isStruck || !isTime(said)) return;
        isStruck = true;
        strike(child);
      });
      // What it started may hold its output for longer than it lives.
      child.on("exit", (code) => {
        resolve({ code: code ?? -1, stdout: "", output: said, isStruck });
      });
    });
  }

  /** Runs a verb, and kills its process, without a chance to clean up, when its output says this. */
  async function killedOnce(sign: RegExp, ...args: string[]): Promise<void> {
    const { isStruck, output } = await struck(
      (said) => sign.test(said),
      (driver) => driver.kill("SIGKILL"),
      ...args,
    );
    if (!isStruck) throw new Error(`${args.join(" ")} ended before ${String(sign)}:\n${output}`);
  }

  /** Runs Pulumi on the rehearsal's stack, and gives what it printed to standard output. */
  const pulumi = async (...args: string[]): Promise<string> =>
    (await rehearsed("pulumi", "--", ...args)).stdout;

  /** What an operation of Pulumi did to resources, by name; what stayed the same is left out, and so are components. */
  async function changesOf(...args: string[]): Promise<[op: string, name: string][]> {
    const events = (await pulumi(...args, "--json")).split("\n").filter((line) => line.startsWith("{"));
    return events.flatMap((line): [string, string][] => {
      const { resourcePreEvent } = JSON.parse(line) as {
        resourcePreEvent?: { metadata: { op: string; urn: string; type: string } };
      };
      if (resourcePreEvent === undefined) return [];
      const { op, urn, type } = resourcePreEvent.metadata;
      const isGroup = type.startsWith("meshlab:") || type.startsWith("pulumi:pulumi:");
      return op === "same" || isGroup ? [] : [[op, urn.split("::").at(-1) ?? ""]];
    });
  }

  /** What an update does, as `operation name`, in order of the alphabet. */
  const updated = async (): Promise<string[]> =>
    (await changesOf("up", "--yes", "--skip-preview")).map(([op, name]) => `${op} ${name}`).sort();

  /** The facts that a verb of the lab prints; it must succeed. */
  const factsOf = async <T>(...args: string[]): Promise<T> =>
    JSON.parse((await rehearsed("lab", "--", ...args, "--json")).stdout) as T;

  /** Clients for one context of the rehearsal's kubeconfig. */
  function cluster(context: string) {
    const config = kubeConfigOf({ kubeconfig: readFileSync(join(directory, "kubeconfig"), "utf8"), context });
    return {
      core: config.makeApiClient(CoreV1Api),
      admission: config.makeApiClient(AdmissionregistrationV1Api),
      apps: config.makeApiClient(AppsV1Api),
      custom: config.makeApiClient(CustomObjectsApi),
      rbac: config.makeApiClient(RbacAuthorizationV1Api),
      storage: config.makeApiClient(StorageV1Api),
    };
  }

  /** `namespace/name ready/wanted` of every Deployment. */
  async function deployments(context: string): Promise<string[]> {
    const { items } = await cluster(context).apps.listDeploymentForAllNamespaces();
    return items
      .map(
        ({ metadata, spec, status }) =>
          `${metadata?.namespace ?? ""}/${metadata?.name ?? ""} ${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`,
      )
      .sort();
  }

  /** Names of a kind of Gloo Mesh resource. */
  async function glooResources(
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

  return {
    directory,
    rehearse,
    rehearseWith,
    rehearsed,
    struck,
    killedOnce,
    pulumi,
    changesOf,
    updated,
    factsOf,
    cluster,
    deployments,
    glooResources,
  };
}

/** The rehearsal of most tests. */
export const {
  rehearse,
  rehearsed,
  killedOnce,
  pulumi,
  changesOf,
  updated,
  factsOf,
  cluster,
  deployments,
  glooResources,
} = rehearsalIn(rehearsalDir);
