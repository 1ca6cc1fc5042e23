import { posix } from "node:path";

/** A file, folder or link of an image; its path begins at the image's root, without a slash. */
export type Entry =
  | { readonly path: string; readonly file: string; readonly mode: number }
  | { readonly path: string; readonly text: string; readonly mode: number }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly folder: number };

/** A program of the machine in an image. */
export const program = (path: string, file: string): Entry => ({ path, file, mode: 0o755 });

/** A file with a text, which everybody may read. */
export const text = (path: string, content: string): Entry => ({ path, text: content, mode: 0o644 });

/** A folder with its mode. */
export const folder = (path: string, mode = 0o755): Entry => ({ path, folder: mode });

/**
 * Entries as a layer has them: each path once, folders before what is in them, and every folder named. The order that
 * they are given in does not matter.
 */
export function ordered(entries: readonly Entry[]): readonly Entry[] {
  const named = new Map<string, Entry>();
  for (const { path } of entries) for (const above of foldersAbove(path)) named.set(above, folder(above));
  for (const entry of entries) named.set(entry.path, entry);
  return [...named.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function foldersAbove(path: string): readonly string[] {
  const above = posix.dirname(path);
  return above === "." ? [] : [...foldersAbove(above), above];
}
