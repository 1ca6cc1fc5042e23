import Table from "cli-table3";

const none = "";
const borders = {
  top: none,
  "top-mid": none,
  "top-left": none,
  "top-right": none,
  bottom: none,
  "bottom-mid": none,
  "bottom-left": none,
  "bottom-right": none,
  left: none,
  "left-mid": none,
  mid: none,
  "mid-mid": none,
  right: none,
  "right-mid": none,
  middle: "   ",
};

/** Rows below their titles, in columns as kubectl prints them. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    chars: borders,
    head: titles.map((title) => title.toUpperCase()),
    style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
  });
  made.push(...rows.map((row) => [...row]));
  return made
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
