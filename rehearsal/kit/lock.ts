import { spawn, spawnSync } from "node:child_process";
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { delimiter } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { firstExecutable } from "../../versions/executables.ts";

const holderSchema = z.object({ pid: z.number(), what: z.string() });

/** Who holds a lock, and for what. */
export type Holder = Readonly<z.infer<typeof holderSchema>>;

/** Gives a lock back. */
export type Release = () => void;

/*
 * The lock is the kernel's, on the open file: it is nobody's as soon as its holder ends, however that comes, and holds
 * in every namespace that has the file. Node cannot take one, and a child can for it, since both have the file open.
 */

/** The program that asks the kernel, also for who has a PATH without the system's folders. */
const flock = (): string => {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/bin"];
  const found = firstExecutable(folders, "flock");
  if (found === undefined)
    throw new Error("There is no program flock, which keeps two runs apart: install package util-linux.");
  return found;
};

/** Takes a lock, if nobody has it. */
export function tryLock(file: string, what: string): Release | undefined {
  const fd = openSync(file, "a+", 0o600);
  const { status, error } = spawnSync(flock(), ["-n", "3"], { stdio: ["ignore", "ignore", "ignore", fd] });
  if (error !== undefined) throw error;
  if (status === 0 && isThere(file, fd)) return held(fd, what);
  closeSync(fd);
  return status === 0 ? tryLock(file, what) : undefined;
}

/** Waits until nobody has a lock any more, and takes it. */
async function lock(file: string, what: string): Promise<Release> {
  const fd = openSync(file, "a+", 0o600);
  const status = await new Promise<number | null>((resolve, reject) => {
    spawn(flock(), ["3"], { stdio: ["ignore", "ignore", "ignore", fd] })
      .on("error", reject)
      .on("exit", resolve);
  });
  if (status === 0 && isThere(file, fd)) return held(fd, what);
  closeSync(fd);
  if (status !== 0) throw new Error(`waiting for ${file} was given up`);
  return lock(file, what);
}

/** Whether a file that is open is still the one of its name: a lock on another one keeps nobody out. */
const isThere = (file: string, fd: number): boolean =>
  statSync(file, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;

function held(fd: number, what: string): Release {
  ftruncateSync(fd);
  writeSync(fd, JSON.stringify({ pid: process.pid, what } satisfies Holder));
  return () => {
    ftruncateSync(fd);
    closeSync(fd);
  };
}

/** Who holds a lock says so right after taking it. */
async function holderOf(file: string): Promise<Holder> {
  for (let looks = 0; looks < 50; looks += 1) {
    const text = readFileSync(file, "utf8");
    if (text !== "") return holderSchema.parse(JSON.parse(text));
    await sleep(20);
  }
  return { pid: 0, what: "something that does not say what it is" };
}

/**
 * Runs `work` while no other process holds the lock file, which stays there, and says nothing when nobody does.
 * `busy` is told who holds it: it returns to wait, or throws to give up.
 */
export async function withLock<T>(
  file: string,
  what: string,
  busy: (holder: Holder) => void,
  work: () => Promise<T>,
): Promise<T> {
  const release = tryLock(file, what) ?? (await afterOthers(file, what, busy));
  try {
    return await work();
  } finally {
    release();
  }
}

async function afterOthers(file: string, what: string, busy: (holder: Holder) => void): Promise<Release> {
  busy(await holderOf(file));
  return lock(file, what);
}
