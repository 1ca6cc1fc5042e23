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

/** The results as a table in Markdown, which also reads well on a terminal. */
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
  const rows = [["what", "median", "range", "target", ""], ...body];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (cells: readonly string[], fill = " "): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`;
  const [head = [], ...rest] = rows;
  return [
    line(head),
    line(
      head.map(() => ""),
      "-",
    ),
    ...rest.map((cells) => line(cells)),
  ].join("\n");
}
