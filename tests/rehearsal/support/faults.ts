import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CoreV1Api, PatchStrategy, setHeaderOptions, type V1Pod } from "@kubernetes/client-node";
import { endProcess, identify } from "../../../rehearsal/kit/process-identity.ts";
import { until } from "../../../rehearsal/kit/until.ts";
import { coreApiOf } from "../../../kubernetes/connection/cluster.ts";

/** A process of a rehearsal's host, as its supervisor remembers it. */
interface Remembered {
  readonly name: string;
  readonly pid: number;
}

/** Process id of a program of a rehearsal's host, e.g. `east.kube-apiserver`. */
export function pidOf(directory: string, name: string): number {
  const all = JSON.parse(readFileSync(join(directory, "run", "processes.json"), "utf8")) as Remembered[];
  const found = all.find((process) => process.name === name);
  if (found === undefined) throw new Error(`the host runs no ${name}`);
  return found.pid;
}

/**
 * Kills a process of a rehearsal's host, e.g. `east.kube-apiserver`, without a chance to clean up.
 *
 * @param signal another one, e.g. `SIGSTOP`, to let it hang
 */
export function killProcess(
  directory: string,
  name: string,
  signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" = "SIGKILL",
): void {
  process.kill(pidOf(directory, name), signal);
}

const supervisorOf = (directory: string): number =>
  (JSON.parse(readFileSync(join(directory, "run", "supervisor.json"), "utf8")) as { pid: number }).pid;

/** Stops a rehearsal's host in good order; the next run starts it again. */
export async function stopHostOf(directory: string): Promise<void> {
  const supervisor = identify(supervisorOf(directory));
  if (supervisor !== undefined) await endProcess(supervisor, 60);
}

/** Kills what looks after a rehearsal's host, without a chance to end its children. */
export function killSupervisor(directory: string): void {
  process.kill(supervisorOf(directory), "SIGKILL");
}

/** A process that runs, with its command. */
interface Running {
  readonly pid: number;
  readonly command: readonly string[];
}

/** Processes whose command is as wanted, and whose environment has the mark of a rehearsal's engine, e.g. its folder. */
export const engineProcesses = (mark: string, isWanted: (command: readonly string[]) => boolean): Running[] =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, "utf8");
        const command = read("cmdline").split("\0");
        if (!isWanted(command) || !read("environ").includes(mark)) return [];
        return [{ pid: Number(pid), command }];
      } catch {
        // It has just ended.
        return [];
      }
    });

/** A client for a virtual cluster of a rehearsal, as soon as its syncer has written the Secret. */
export async function inside(directory: string, name: string): Promise<CoreV1Api> {
  const { data } = await hostOf(directory).readNamespacedSecret({ namespace: name, name: `vc-${name}` });
  const { ports } = JSON.parse(readFileSync(join(directory, "run", "host.json"), "utf8")) as {
    ports: Readonly<Record<string, number>>;
  };
  const text = Buffer.from(data?.["config"] ?? "", "base64").toString();
  return coreApiOf({
    kubeconfig: text.replace("https://localhost:8443", `https://127.0.0.1:${ports[name] ?? ""}`),
  });
}

const hostOf = (directory: string): CoreV1Api =>
  coreApiOf({ kubeconfig: readFileSync(join(directory, "kubeconfig"), "utf8"), context: "host" });

/** Annotates the first pod of the host that is as wanted, as soon as there is one. */
export async function annotateHostPod(
  directory: string,
  isWanted: (pod: V1Pod) => boolean,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  const core = hostOf(directory);
  let pod: V1Pod | undefined;
  await until(
    async () => {
      pod = (await core.listPodForAllNamespaces()).items.find(isWanted);
      return pod !== undefined;
    },
    120,
    () => "no such pod came up within 120 s",
  );
  const { name = "", namespace = "" } = pod?.metadata ?? {};
  const merge = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  await core.patchNamespacedPod({ name, namespace, body: { metadata: { annotations } } }, merge);
}
