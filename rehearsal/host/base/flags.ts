/** Command line flags by name; a list is joined by commas. */
export type Flags = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** The flags as arguments, `--name=value` each. */
export function toArguments(flags: Flags): string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${String(value)}`);
}
