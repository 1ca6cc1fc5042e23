/** A table in columns of even width, which also reads well where Markdown is not rendered; the first row is its head. */
export function markdownTable([head = [], ...body]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill = " "): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`;
  const rule = line(
    head.map(() => ""),
    "-",
  );
  return [line(head), rule, ...body.map((row) => line(row))].join("\n");
}

/** A text with other content between its marks, `<!-- NAME -->` and `<!-- end of NAME -->`. */
export function withMarked(text: string, name: string, content: string): string {
  const marked = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
  if (!marked.test(text)) throw new Error(`there is no <!-- ${name} --> with its end`);
  return text.replace(marked, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`);
}
