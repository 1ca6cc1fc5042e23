import type { Stop } from "../../host/base/env.ts";

/** Work by key: whoever learns of a change adds the key, and the work looks at what is there then. */
export interface WorkQueue {
  readonly add: (key: string) => void;
  /** No new work; resolves when what runs has ended. */
  readonly stop: Stop;
}

const retrySeconds = 1;

/**
 * Does the work for each key one at a time, and once more if the key was added meanwhile.
 * Work that fails is tried again; work may also ask to be done again by answering with seconds.
 */
export function createWorkQueue(
  name: string,
  work: (key: string) => Promise<number | undefined>,
  log: (line: string) => void,
): WorkQueue {
  const running = new Map<string, Promise<void>>();
  const waiting = new Set<string>();
  const timers = new Map<string, NodeJS.Timeout>();
  const complaints = new Map<string, string>();
  let stopped = false;

  function add(key: string): void {
    if (stopped) return;
    clearTimeout(timers.get(key));
    timers.delete(key);
    if (running.has(key)) {
      waiting.add(key);
      return;
    }
    const run = attempt(key).finally(() => {
      running.delete(key);
      if (waiting.delete(key)) add(key);
    });
    running.set(key, run);
  }

  async function attempt(key: string): Promise<void> {
    let again: number | undefined;
    try {
      again = await work(key);
      complaints.delete(key);
    } catch (error) {
      again = retrySeconds;
      complain(key, error instanceof Error ? error.message : String(error));
    }
    if (again !== undefined && !stopped) {
      timers.set(
        key,
        setTimeout(() => {
          add(key);
        }, again * 1000),
      );
    }
  }

  // What keeps failing in the same way is said once.
  function complain(key: string, complaint: string): void {
    if (!stopped && complaints.get(key) !== complaint) log(`${name} ${key}: ${complaint}; trying again`);
    complaints.set(key, complaint);
  }

  return {
    add,
    async stop() {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}
