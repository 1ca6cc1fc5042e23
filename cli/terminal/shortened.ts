/** The first ones of a list and how many more there are, e.g. `["a", "b", "3 more"]`; all where there are no more. */
export function shortened(all: readonly string[], most: number): string[] {
  const rest = all.length - most;
  return [...all.slice(0, most), ...(rest > 0 ? [`${rest} more`] : [])];
}
