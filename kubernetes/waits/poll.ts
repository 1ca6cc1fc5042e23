import { setTimeout as sleep } from "node:timers/promises";
import { explain } from "../connection/unreached.ts";
import type { Problem } from "../diagnosis/diagnosis.ts";
import { createPatience, inShort, patience } from "./patience.ts";

/** What one look found: the value waited for, or what is there instead. */
export type Look<T> = { readonly value: T } | { readonly state: string };

export interface PollArgs<T> {
  /** What is waited for, e.g. `Secret vc-devmgmt in namespace devmgmt`. */
  readonly what: string;
  /** What is wrong meanwhile; a pod that no node takes ends the wait. */
  readonly problems?: () => Promise<readonly Problem[]>;
  /** Where to look for the reason, or what to change, when it never comes; may be found out then. */
  readonly hint: string | (() => Promise<string>);
  readonly timeoutSeconds: number;
  readonly look: () => Promise<Look<T>>;
}

const intervalMs = 250;
const lookMs = 10_000;

/** How often it is said that one waits, and looked for the reason, in seconds. */
const repeatSeconds = 10;

/**
 * Looks until the value is there. A look that throws counts as a state: a cluster that has just been made may
 * refuse connections for a while.
 *
 * @throws when the time is over, or waiting is no use: what was waited for, its last state, and the hint
 */
export async function poll<T>(args: PollArgs<T>, clock: Clock = realClock): Promise<T> {
  const { what, problems = none, hint, timeoutSeconds, look } = args;
  const start = clock.now();
  const elapsed = () => Math.round((clock.now() - start) / 1000);
  const judge = createPatience(start);
  const problemsNow = () => within(problems()).catch(() => []);
  const failed = (state: string, ...reasons: readonly string[]) =>
    new Error(
      [`waited ${elapsed()} s for ${what}: ${state}.`, ...reasons].filter((text) => text !== "").join(" "),
    );
  for (let reported = start; ;) {
    const found = await within(look()).catch((error: unknown) => ({ state: explain(error) }));
    if ("value" in found) return found.value;
    if (clock.now() - start >= timeoutSeconds * 1000) {
      const advice = typeof hint === "string" ? hint : await hint();
      throw failed(found.state, inShort(await problemsNow()), advice);
    }
    if (clock.now() - reported >= repeatSeconds * 1000) {
      reported = clock.now();
      const isQuiet = elapsed() < patience.quietSeconds;
      const wrong = isQuiet ? [] : await problemsNow();
      const { hopeless } = judge(wrong, clock.now());
      if (hopeless !== undefined) throw failed(found.state, hopeless);
      console.error(
        `waiting for ${what} (${elapsed()} s): ${[`${found.state}.`, inShort(wrong)].join(" ").trim()}`,
      );
    }
    await clock.sleep(intervalMs);
  }
}

/** Time as it goes by, in milliseconds. */
export interface Clock {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

const realClock: Clock = { now: Date.now, sleep };

const none = async (): Promise<readonly Problem[]> => [];

/** What comes in time: an address that nobody answers for lets a request hang for minutes. */
async function within<T>(answer: Promise<T>): Promise<T> {
  const silence = sleep(lookMs, undefined, { ref: false }).then(() => {
    throw new Error(`no answer within ${lookMs / 1000} s`);
  });
  return Promise.race([answer, silence]);
}
