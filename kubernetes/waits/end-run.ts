import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** A process by what `ps` says of it. */
interface Process {
  readonly parent: number;
  readonly program: string;
}

async function look(pid: number): Promise<Process | undefined> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "ppid=,comm=", "-p", String(pid)]);
  const [, parent = "", program = ""] = /^\s*(\d+)\s+(\S.*?)\s*$/m.exec(stdout) ?? [];
  return parent === "" ? undefined : { parent: Number(parent), program };
}

/** As many as there may be between a program and the engine that runs it. */
const mostAncestors = 4;

/**
 * Ends the run that this program belongs to, as Ctrl-C does: the engine has no other way for a program to end what is
 * under way. Where it is not found the run goes on, until its time is over.
 */
export async function endRun(
  find: (pid: number) => Promise<Process | undefined> = look,
  signal: (pid: number) => void = (pid) => process.kill(pid, "SIGINT"),
): Promise<boolean> {
  let pid = process.ppid;
  for (let step = 0; step < mostAncestors && pid > 1; step++) {
    const found = await find(pid).catch(() => undefined);
    if (found === undefined) return false;
    if (/(^|\/)pulumi$/.test(found.program)) {
      signal(pid);
      return true;
    }
    pid = found.parent;
  }
  return false;
}
