import { setTimeout as sleep } from "node:timers/promises";

const everyMs = 50;

/** Asks until the answer is yes; throws what `late` says when it was not for so many seconds. */
export async function until(
  answer: () => boolean | Promise<boolean>,
  seconds: number,
  late: () => string,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await answer())) {
    if (Date.now() > deadline) throw new Error(late());
    await sleep(everyMs);
  }
}

/** Waits for work, but no longer than so many seconds; what is not done by then goes on by itself. */
export async function atMost(work: Promise<unknown>, seconds: number): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([work, sleep(seconds * 1000, undefined, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
