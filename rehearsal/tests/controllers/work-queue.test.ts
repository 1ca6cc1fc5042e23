import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWorkQueue } from "../../controllers/kit/work-queue.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Work that ends when told to. */
function controlled() {
  const ends: (() => void)[] = [];
  const work = vi.fn<(key: string) => Promise<number | undefined>>(
    async () =>
      new Promise((resolve) => {
        ends.push(() => {
          resolve(undefined);
        });
      }),
  );
  const endOne = async (): Promise<void> => {
    ends.shift()?.();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { work, endOne };
}

test("a key added many times during its work is worked on once more, not at the same time", async () => {
  const { work, endOne } = controlled();
  const queue = createWorkQueue("q", work, () => {});
  queue.add("a");
  queue.add("a");
  queue.add("a");
  expect(work).toHaveBeenCalledTimes(1);
  await endOne();
  expect(work).toHaveBeenCalledTimes(2);
  await endOne();
  expect(work).toHaveBeenCalledTimes(2);
});

test("different keys do not wait for each other", () => {
  const { work } = controlled();
  const queue = createWorkQueue("q", work, () => {});
  queue.add("a");
  queue.add("b");
  expect(work.mock.calls).toEqual([["a"], ["b"]]);
});

test("work that fails is tried again after a second, and the same complaint is logged once", async () => {
  const log: string[] = [];
  const work = vi
    .fn<(key: string) => Promise<number | undefined>>()
    .mockRejectedValueOnce(new Error("refused"))
    .mockRejectedValueOnce(new Error("refused"))
    .mockResolvedValue(undefined);
  const queue = createWorkQueue("q", work, (line) => log.push(line));
  queue.add("a");
  await vi.advanceTimersByTimeAsync(999);
  expect(work).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(5000);
  expect(work).toHaveBeenCalledTimes(3);
  expect(log).toEqual(["q a: refused; trying again"]);
});

test("work may ask to be done again", async () => {
  const work = vi.fn(async (): Promise<number | undefined> => 2);
  const queue = createWorkQueue("q", work, () => {});
  queue.add("a");
  await vi.advanceTimersByTimeAsync(6500);
  expect(work).toHaveBeenCalledTimes(4);
  await queue.stop();
});

test("stop waits for what runs and lets nothing follow", async () => {
  const { work, endOne } = controlled();
  const queue = createWorkQueue("q", work, () => {});
  queue.add("a");
  queue.add("a");
  let stopped = false;
  const stop = queue.stop().then(() => {
    stopped = true;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(stopped).toBe(false);
  await endOne();
  await stop;
  queue.add("a");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledTimes(1);
});
