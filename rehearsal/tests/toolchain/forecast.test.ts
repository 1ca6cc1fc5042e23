import { describe, expect, it } from "vitest";
import { forecast, secondsLeft } from "../../toolchain/forecast.ts";

describe("the time left", () => {
  const costs = [60, 240, 60];

  it("is a guess by the number of processors at first", () => {
    expect(secondsLeft(costs, [], 2)).toBeCloseTo(360 / 1.8);
    expect(secondsLeft(costs, [], 4)).toBeCloseTo(360 / 3.6);
  });

  it("expects no more of very many processors than of eight", () => {
    expect(secondsLeft(costs, [], 128)).toBe(secondsLeft(costs, [], 8));
  });

  it("leans to what the first ones really took", () => {
    const asGuessed = secondsLeft(costs, [60 / 1.8], 2);
    expect(asGuessed).toBeCloseTo(300 / 1.8);
    const slower = secondsLeft(costs, [120], 2);
    expect(slower).toBeGreaterThan(asGuessed * 2);
    expect(slower).toBeLessThan((300 * 120) / 60);
    expect(secondsLeft(costs, [15], 2)).toBeLessThan(asGuessed * 0.7);
  });

  it("does not lean to what was built before, and only linked now", () => {
    expect(secondsLeft(costs, [2], 2)).toBeCloseTo(300 / 1.8);
  });

  it("is hardly changed by one small tool", () => {
    expect(secondsLeft([1, 359], [10], 2) / secondsLeft([1, 359], [0.5], 2)).toBeLessThan(2);
  });

  it("is none in the end", () => {
    expect(secondsLeft(costs, [30, 120, 30], 2)).toBe(0);
  });

  it.each([
    [0, "less than a minute left"],
    [59, "less than a minute left"],
    [60, "some 1 min left"],
    [349, "some 6 min left"],
  ])("of %s seconds is said so: %s", (seconds, text) => {
    expect(forecast(seconds)).toBe(text);
  });
});
