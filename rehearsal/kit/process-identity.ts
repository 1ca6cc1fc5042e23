import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { readFileIfAny } from "./files.ts";

/** A process by number and birth: the pair never names another process, not even after a reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly born: string;
}

let boot: string | undefined;

/** Who has this number now; undefined if nobody (a zombie is nobody). */
export function identify(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may itself contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const startTime = fields[19];
  if (state === undefined || state === "Z" || state === "X" || startTime === undefined) return undefined;
  boot ??= readFileIfAny("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  return { pid, born: `${startTime}@${boot}` };
}

/** Whether exactly this process still runs. */
export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.born === process.born;
}

/** Asks exactly this process to end, insists after the grace period, and returns when it is gone. */
export async function endProcess(process: ProcessIdentity, graceSeconds: number): Promise<void> {
  const insistAt = Date.now() + graceSeconds * 1000;
  signal(process, "SIGTERM");
  while (isAlive(process)) {
    if (Date.now() >= insistAt) signal(process, "SIGKILL");
    await sleep(20);
  }
}

function signal(target: ProcessIdentity, name: "SIGTERM" | "SIGKILL"): void {
  try {
    if (isAlive(target)) process.kill(target.pid, name);
  } catch {
    // It ended in between.
  }
}
