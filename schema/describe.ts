import { z } from "zod";

/** What the reference says of a key: its meaning, and what holds without it where that is not its default. */
export interface About {
  readonly description: string;
  readonly unset?: string;
}

/** What is known of the keys; the configuration reference is made of it. */
export const reference = z.registry<About>();

/** A form as that of a key, with what the reference says of it. */
export function key<T extends z.ZodType>(form: T, description: string, unset?: string): T {
  const about = unset === undefined ? { description } : { description, unset };
  // A form of its own for each key: several keys may have the same one.
  const own = form.clone();
  reference.add(own, about);
  return own;
}

/** Names as the reference lists them. */
export const listed = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
