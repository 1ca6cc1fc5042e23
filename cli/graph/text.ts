const narrow = /[ijlft.,:;'|()[\]! ]/;
const wide = /[mwMW@]/;
const capital = /[A-Z0-9]/;

/**
 * How wide a text is in a wide sans-serif font, about: in most it is less.
 *
 * @param size of the font, in pixels
 */
export const widthOf = (text: string, size: number): number =>
  Array.from(text).reduce((sum, character) => sum + emOf(character) * size, 0);

function emOf(character: string): number {
  if (narrow.test(character)) return 0.38;
  if (wide.test(character)) return 0.95;
  return capital.test(character) ? 0.74 : 0.64;
}

/** A text that is no longer than this, in characters. */
export const clipped = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
