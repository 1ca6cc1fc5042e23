import { stringify } from "yaml";

/** Files by their path in the archive. */
export type Files = Readonly<Record<string, string>>;

export const yaml = (value: unknown): string =>
  stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });

/** The same files in a folder. */
export const inFolder = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

/** All files that are not empty. */
export const together = (...all: readonly Files[]): Files =>
  Object.fromEntries(all.flatMap((files) => Object.entries(files).filter(([, text]) => text.trim() !== "")));
