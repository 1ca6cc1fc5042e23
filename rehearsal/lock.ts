import { linkSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "./host/files.ts";
import { identify, isAlive } from "./host/process-identity.ts";

const holderSchema = z.object({ pid: z.number(), born: z.string(), what: z.string() });

/** Who holds a lock, and for what. */
export type Holder = z.infer<typeof holderSchema>;

/**
 * Runs `work` while no other living process holds the lock file; one whose holder has died counts as free.
 * `busy` is asked as long as another holds it: it returns to wait, or throws to give up.
 */
export async function withLock<T>(
  file: string,
  what: string,
  busy: (holder: Holder) => void,
  work: () => Promise<T>,
): Promise<T> {
  const self = identify(process.pid);
  if (self === undefined) throw new Error("This process cannot see itself in /proc, which locks need.");
  const claim = `${file}.${process.pid}`;
  writeFileAtomically(claim, JSON.stringify({ ...self, what } satisfies Holder));
  try {
    while (!tryLink(claim, file)) {
      const holder = holderOf(file);
      if (holder !== undefined && isAlive(holder)) {
        busy(holder);
        await sleep(500);
      } else {
        rmSync(file, { force: true });
      }
    }
  } finally {
    rmSync(claim, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A hard link is made only where nothing is yet: of two who try, one wins. */
function tryLink(claim: string, file: string): boolean {
  try {
    linkSync(claim, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function holderOf(file: string): Holder | undefined {
  const text = readFileIfAny(file);
  return text === undefined ? undefined : holderSchema.safeParse(JSON.parse(text)).data;
}
