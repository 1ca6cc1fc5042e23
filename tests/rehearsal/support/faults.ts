import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endProcess, identify } from "../../../rehearsal/host/process-identity.ts";

/** A process of a rehearsal's host, as its supervisor remembers it. */
interface Remembered {
  readonly name: string;
  readonly pid: number;
}

const remembered = (directory: string): readonly Remembered[] =>
  JSON.parse(readFileSync(join(directory, "run", "processes.json"), "utf8")) as Remembered[];

/** Kills a process of a rehearsal's host, e.g. `east.kube-apiserver`, without a chance to clean up. */
export function killProcess(directory: string, name: string): void {
  const found = remembered(directory).find((process) => process.name === name);
  if (found === undefined) throw new Error(`the host runs no ${name}`);
  process.kill(found.pid, "SIGKILL");
}

/** Stops a rehearsal's host in good order; the next run starts it again. */
export async function stopHostOf(directory: string): Promise<void> {
  const { pid } = JSON.parse(readFileSync(join(directory, "run", "supervisor.json"), "utf8")) as {
    pid: number;
  };
  const supervisor = identify(pid);
  if (supervisor !== undefined) await endProcess(supervisor, 60);
}
