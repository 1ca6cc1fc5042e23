import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../../messages/failure.ts";

/** How long a lock of somebody else is waited for, in seconds: kubectl and kind hold theirs for milliseconds. */
const patience = 10;
const intervalMs = 50;

/**
 * Does some work while nobody else who keeps to their locks writes these files. They are the locks of kubectl and kind:
 * beside a file, `FILE.lock`, which only one program can create.
 *
 * @param work synchronous, so that no signal ends this process while it holds a lock
 * @throws Failure when one holder has a lock for longer than `seconds`
 */
export async function whileLocked<T>(
  files: readonly string[],
  work: () => T,
  seconds: number = patience,
): Promise<T> {
  const locks = files.map((file) => `${file}.lock`);
  let waitsFor: { readonly holder: string; readonly since: number } | undefined;
  for (;;) {
    const attempt = undisturbed(() => attemptWith(locks, work));
    if ("result" in attempt) return attempt.result;
    const holder = markOf(attempt.held);
    // Each holder has its own time: who is waited for works.
    if (waitsFor?.holder !== holder) waitsFor = { holder, since: Date.now() };
    if (Date.now() - waitsFor.since >= seconds * 1000)
      throw new Failure(`${attempt.held} is there for more than ${seconds} s, ${adviceOn(attempt.held)}`);
    await sleep(intervalMs);
  }
}

/** What tells one holder of a lock from the next. */
function markOf(lock: string): string {
  const found = statSync(lock, { throwIfNoEntry: false });
  return found === undefined ? "" : `${lock} ${found.ino} ${found.ctimeMs}`;
}

function attemptWith<T>(
  [lock, ...more]: readonly string[],
  work: () => T,
): { readonly result: T } | { readonly held: string } {
  if (lock === undefined) return { result: work() };
  try {
    writeFileSync(lock, `${process.pid} ${hostname()}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return { held: lock };
    throw error;
  }
  try {
    return attemptWith(more, work);
  } finally {
    rmSync(lock, { force: true });
  }
}

/** With a listener, a signal waits until synchronous work is done. */
function undisturbed<T>(work: () => T): T {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const listener = (): void => undefined;
  for (const signal of signals) process.on(signal, listener);
  try {
    return work();
  } finally {
    for (const signal of signals) process.off(signal, listener);
  }
}

/** Who made a lock, as far as it tells, and what to do; only what nobody holds may be removed. */
function adviceOn(lock: string): string {
  const [number, host = ""] = textOf(lock).split(/\s+/);
  const pid = Number(number);
  const file = `'${lock.replaceAll("'", "'\\''")}'`;
  if (!(pid > 0))
    return `made by another program, such as kubectl or kind, which hold theirs for milliseconds. This removes it unless one of them runs: pgrep -x 'kubectl|kind' || rm ${file}`;
  if (host !== "" && host !== hostname())
    return `made by process ${pid} on ${host}: wait for it, or end it there`;
  return isAlive(pid)
    ? `made by process ${pid}, which still runs: wait for it, or end it`
    : `made by process ${pid}, which is gone: rm ${file}`;
}

function textOf(lock: string): string {
  try {
    return readFileSync(lock, "utf8").trim();
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
