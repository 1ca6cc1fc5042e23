import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "./failure.ts";

/** How long a lock of somebody else is waited for, in seconds: kubectl and kind hold theirs for milliseconds. */
const patience = 10;
const intervalMs = 50;

/**
 * Does some work while nobody else who keeps to their locks writes these files. They are the locks of kubectl and kind:
 * beside a file, `FILE.lock`, which only one program can create.
 *
 * @param work synchronous, so that no signal ends this process while it holds a lock
 * @throws Failure when a lock is held for longer than `seconds`
 */
export async function whileLocked<T>(
  files: readonly string[],
  work: () => T,
  seconds: number = patience,
): Promise<T> {
  const locks = files.map((file) => `${file}.lock`);
  for (const start = Date.now(); ;) {
    const attempt = undisturbed(() => attemptWith(locks, work));
    if ("result" in attempt) return attempt.result;
    if (Date.now() - start >= seconds * 1000)
      throw new Failure(
        `${attempt.held} is there for more than ${seconds} s, made by ${holderOf(attempt.held)}. If nothing is writing this file now, it was left behind: rm ${attempt.held}`,
      );
    await sleep(intervalMs);
  }
}

function attemptWith<T>(
  [lock, ...more]: readonly string[],
  work: () => T,
): { readonly result: T } | { readonly held: string } {
  if (lock === undefined) return { result: work() };
  try {
    writeFileSync(lock, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
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

/** Who made a lock, as far as it tells: other programs leave theirs empty. */
function holderOf(lock: string): string {
  const pid = Number(readFileSync(lock, "utf8"));
  if (!(pid > 0)) return "another program, such as kubectl or kind";
  try {
    process.kill(pid, 0);
    return `process ${pid}`;
  } catch {
    return `process ${pid}, which is gone`;
  }
}
