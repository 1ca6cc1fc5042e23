import { describe, expect, test } from "vitest";
import { createKeyedQueue, type Notice } from "../../host/base/keyed-queue.ts";

/** KeyedQueue whose handler does what it is told, one call at a time. */
function setUp() {
  const calls: string[] = [];
  const failures: string[] = [];
  const waiting: ((error?: Error) => void)[] = [];
  let stopped = false;
  const queues = createKeyedQueue<string>({
    handle: ({ kind, object }) => {
      calls.push(`${kind} ${object}`);
      return new Promise<void>((resolve, reject) => {
        waiting.push((error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
      });
    },
    failed: async ({ object }, error) => {
      failures.push(`${object}: ${String(error)}`);
    },
    stopped: () => stopped,
  });
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
  return {
    calls,
    failures,
    push: (key: string, ...notices: string[]): void => {
      for (const text of notices) {
        const [kind, object] = text.split(" ") as [Notice<string>["kind"], string];
        queues.push(key, { kind, object });
      }
    },
    finish: async (error?: Error): Promise<void> => {
      await settle();
      waiting.shift()?.(error);
      await settle();
    },
    stop: (): void => {
      stopped = true;
    },
    queues,
    settle,
  };
}

describe("queues", () => {
  test("hand over one notice at a time and only the latest state", async () => {
    const { push, finish, calls, settle } = setUp();
    push("a", "changed 1");
    await settle();
    push("a", "changed 2", "changed 3", "changed 4");
    expect(calls).toEqual(["changed 1"]);
    await finish();
    expect(calls).toEqual(["changed 1", "changed 4"]);
    await finish();
    expect(calls).toHaveLength(2);
  });

  test("never pass over a delete, and keep what came after it apart", async () => {
    const { push, finish, calls, settle } = setUp();
    push("a", "changed 1");
    await settle();
    push("a", "changed 2", "deleted 2", "changed new1", "changed new2");
    await finish();
    await finish();
    await finish();
    expect(calls).toEqual(["changed 1", "deleted 2", "changed new2"]);
  });

  test("do not make one key wait for another", async () => {
    const { push, calls, settle } = setUp();
    push("a", "changed a1");
    push("b", "changed b1");
    await settle();
    expect(calls).toEqual(["changed a1", "changed b1"]);
  });

  test("try again what failed, unless something newer is there", async () => {
    const { push, finish, calls, failures, settle } = setUp();
    push("a", "changed 1");
    await finish(new Error("no"));
    await finish(new Error("still no"));
    expect(calls).toEqual(["changed 1", "changed 1", "changed 1"]);
    push("a", "changed 2");
    await finish(new Error("never"));
    await finish();
    expect(calls.slice(3)).toEqual(["changed 2"]);
    expect(failures).toEqual(["1: Error: no", "1: Error: still no", "1: Error: never"]);
    await settle();
  });

  test("insist on a delete, even if the object is back", async () => {
    const { push, finish, calls, settle } = setUp();
    push("a", "deleted 1");
    await settle();
    push("a", "changed new");
    await finish(new Error("no"));
    await finish();
    await finish();
    expect(calls).toEqual(["deleted 1", "deleted 1", "changed new"]);
  });

  test("are idle when stopped, after what runs has ended", async () => {
    const { push, finish, calls, stop, queues, settle } = setUp();
    push("a", "changed 1");
    await settle();
    push("a", "changed 2");
    stop();
    let idle = false;
    const waiting = queues.idle().then(() => {
      idle = true;
    });
    await settle();
    expect(idle).toBe(false);
    await finish();
    await waiting;
    expect(calls).toEqual(["changed 1"]);
  });
});
