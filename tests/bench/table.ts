import { markdownTable } from "../../config/reference/markdown.ts";
import { isMet, type Result } from "./figures.ts";

const written = (value: number, unit: string): string => {
  const digits = unit === "" || value < 10 ? value.toFixed(2) : value.toFixed(1);
  return unit === "" ? digits : `${digits} ${unit}`;
};

const verdicts = new Map([
  [true, "met"],
  [false, "missed"],
  [undefined, ""],
]);

/** The results as a table. */
export function table(results: readonly Result[]): string {
  const body = results.map((result) => {
    const { what, unit, median, least, most, target } = result;
    return [
      what,
      written(median, unit),
      `${written(least, unit)} to ${written(most, unit)}`,
      target === undefined ? "" : `at most ${target}${unit === "" ? "" : ` ${unit}`}`,
      verdicts.get(isMet(result)) ?? "",
    ];
  });
  return markdownTable([["what", "median", "range", "target", ""], ...body]);
}
