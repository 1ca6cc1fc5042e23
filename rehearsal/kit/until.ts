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
