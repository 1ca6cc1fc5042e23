import { setTimeout as sleep } from "node:timers/promises";
import { explain } from "../kubernetes/unreached.ts";

/** What one look found: the value waited for, or what is there instead. */
export type Look<T> = { readonly value: T } | { readonly state: string };

export interface PollArgs<T> {
  /** What is waited for, e.g. `Secret vc-devmgmt in namespace devmgmt`. */
  readonly what: string;
  /** Where to look for the reason, or what to change, when it never comes; may be found out then. */
  readonly hint: string | (() => Promise<string>);
  readonly timeoutSeconds: number;
  readonly look: () => Promise<Look<T>>;
}

const intervalMs = 250;
const reportMs = 10_000;
const lookMs = 10_000;

/**
 * Looks until the value is there. A look that throws counts as a state: a cluster that has just been made may
 * refuse connections for a while.
 *
 * @throws when the time is over: what was waited for, its last state, and the hint
 */
export async function poll<T>({ what, hint, timeoutSeconds, look }: PollArgs<T>): Promise<T> {
  const start = Date.now();
  const elapsed = () => Math.round((Date.now() - start) / 1000);
  for (let reported = start; ;) {
    const found = await Promise.race([look(), silence()]).catch((error: unknown) => ({
      state: explain(error),
    }));
    if ("value" in found) return found.value;
    if (Date.now() - start >= timeoutSeconds * 1000) {
      const advice = typeof hint === "string" ? hint : await hint();
      throw new Error(`waited ${elapsed()} s for ${what}: ${found.state}. ${advice}`);
    }
    if (Date.now() - reported >= reportMs) {
      reported = Date.now();
      console.error(`waiting for ${what} (${elapsed()} s): ${found.state}`);
    }
    await sleep(intervalMs);
  }
}

/** What to make of a look that does not end: an address that nobody answers for lets a request hang for minutes. */
async function silence(): Promise<{ state: string }> {
  await sleep(lookMs, undefined, { ref: false });
  return { state: `no answer within ${lookMs / 1000} s` };
}
