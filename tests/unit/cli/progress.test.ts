import { afterEach, describe, expect, it, vi } from "vitest";
import { step } from "../../../cli/terminal/progress.ts";
import { within } from "../../../cli/clusters/within.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("a step", () => {
  it("that is quick is not told", async () => {
    const said: string[] = [];
    expect(
      await step(
        "counting",
        async () => 3,
        (line) => said.push(line),
      ),
    ).toBe(3);
    expect(said).toEqual([]);
  });

  it("that takes longer is, with its time, until it ends", async () => {
    vi.useFakeTimers();
    const said: string[] = [];
    const { promise, reject } = Promise.withResolvers<never>();
    const done = step(
      "counting",
      () => promise,
      (line) => said.push(line),
    ).catch(String);
    await vi.advanceTimersByTimeAsync(14_000);
    reject(new Error("no more numbers"));
    expect(await done).toBe("Error: no more numbers");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(said).toEqual(["counting (3 s)", "counting (13 s)"]);
  });
});

describe("an answer", () => {
  it("is waited for, for some time", async () => {
    expect(await within(Promise.resolve("here"), { seconds: 1, from: "the host" })).toBe("here");
    await expect(within(new Promise(() => undefined), { seconds: 0.02, from: "the host" })).rejects.toThrow(
      "no answer from the host within 0.02 s",
    );
  });
});
