import { exitCodes, Failure } from "../../messages/failure.ts";

/** A piece of a word: in quotes, escaped, or as it is. */
const piece = /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s'"\\]+)/y;

/**
 * The words of a line, in the quotes of a shell; nothing in them is replaced by anything else, so that a `$` or a `*` is
 * one.
 *
 * @throws Failure where a quote is not closed
 */
export function wordsIn(line: string): string[] {
  const words: string[] = [];
  let [at, word] = [0, undefined as string | undefined];
  while (at < line.length) {
    piece.lastIndex = at;
    const found = piece.exec(line);
    if (found !== null) {
      const [whole, single, double, escaped, plain] = found;
      word = (word ?? "") + (single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain ?? "");
      at += whole.length;
    } else if (/\s/.test(line.charAt(at))) {
      if (word !== undefined) words.push(word);
      [at, word] = [at + 1, undefined];
    } else {
      throw new Failure(
        `ARGS is ${line}: it has a quote or a backslash with nothing after it.`,
        exitCodes.usage,
      );
    }
  }
  return word === undefined ? words : [...words, word];
}

/** Text as a shell reads it again, without quotes where it needs none. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** Name of the resource of a URN. */
export const resourceIn = (urn: string): string => urn.split("::").slice(3).join("::");
