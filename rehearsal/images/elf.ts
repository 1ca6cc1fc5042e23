import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { basename, join } from "node:path";

/** What a program or library says of how it is loaded. */
export interface Linked {
  /** The kind of machine it is for, as a number. */
  readonly machine: number;
  /** Path of the program that loads it; absent: it is static, or a library. */
  readonly loader?: string;
  /** Names of the libraries that it needs, without what these need. */
  readonly needed: readonly string[];
}

const magic = Buffer.from("\x7fELF\x02\x01", "latin1");
const kinds = { load: 1, dynamic: 2, loader: 3 };
const tags = { needed: 1, strings: 5, stringsSize: 10 };

/** A part of a file, and where it lies in memory. */
interface Segment {
  readonly kind: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Reads how a file is loaded; undefined: it is no program or library of a 64-bit machine. */
export function readElf(file: string): Linked | undefined {
  const fd = openSync(file, "r");
  try {
    const header = part(fd, 0, 64);
    if (!header.subarray(0, magic.length).equals(magic)) return undefined;
    const segments = segmentsOf(fd, header);
    const loader = segments.find(({ kind }) => kind === kinds.loader);
    return {
      machine: header.readUInt16LE(18),
      ...(loader === undefined ? {} : { loader: textAt(part(fd, loader.offset, loader.size), 0) }),
      needed: neededIn(fd, segments),
    };
  } finally {
    closeSync(fd);
  }
}

function segmentsOf(fd: number, header: Buffer): readonly Segment[] {
  const [start, size, count] = [number(header, 32), header.readUInt16LE(54), header.readUInt16LE(56)];
  const table = part(fd, start, size * count);
  return Array.from({ length: table.length / size || 0 }, (_, index) => {
    const row = table.subarray(index * size, (index + 1) * size);
    return {
      kind: row.readUInt32LE(0),
      offset: number(row, 8),
      address: number(row, 16),
      size: number(row, 32),
    };
  });
}

function neededIn(fd: number, segments: readonly Segment[]): readonly string[] {
  const dynamic = segments.find(({ kind }) => kind === kinds.dynamic);
  if (dynamic === undefined) return [];
  const table = part(fd, dynamic.offset, dynamic.size);
  const rows = Array.from({ length: Math.floor(table.length / 16) }, (_, index) => ({
    tag: number(table, index * 16),
    value: number(table, index * 16 + 8),
  }));
  const valueOf = (wanted: number): number => rows.find(({ tag }) => tag === wanted)?.value ?? 0;
  const address = valueOf(tags.strings);
  const home = segments.find(
    ({ kind, address: from, size }) => kind === kinds.load && from <= address && address < from + size,
  );
  if (home === undefined) return [];
  const strings = part(fd, home.offset + address - home.address, valueOf(tags.stringsSize));
  return rows.filter(({ tag }) => tag === tags.needed).map(({ value }) => textAt(strings, value));
}

function part(fd: number, offset: number, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  return buffer.subarray(0, readSync(fd, buffer, 0, size, offset));
}

const number = (buffer: Buffer, offset: number): number => Number(buffer.readBigUInt64LE(offset));

const textAt = (buffer: Buffer, offset: number): string =>
  buffer.toString("latin1", offset, buffer.indexOf(0, offset));

/** A library, or the program that loads it, by the name that it is asked for by. */
export interface Library {
  readonly name: string;
  readonly file: string;
}

/**
 * Finds all libraries that a program needs, and its loader, sorted by name.
 *
 * @param folders where libraries are looked for, the first one first
 * @throws Error that names the library that is not there
 */
export function librariesOf(program: string, folders: readonly string[]): readonly Library[] {
  const root = readElf(program);
  if (root?.loader === undefined) return [];
  const found = new Map([[basename(root.loader), root.loader]]);
  const follow = (file: string, { machine, needed }: Linked): void => {
    for (const name of needed.filter((one) => !found.has(one))) {
      const library = firstOf(name, folders, machine);
      if (library === undefined)
        throw new Error(
          `${file} needs ${name}, which is in none of ${folders.join(", ")}: install the package that has it.`,
        );
      found.set(name, library.file);
      follow(library.file, library.linked);
    }
  };
  follow(program, root);
  return [...found].map(([name, file]) => ({ name, file })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The first library of a name that is for the right machine: some folders have those of another one, too. */
function firstOf(
  name: string,
  folders: readonly string[],
  machine: number,
): { readonly file: string; readonly linked: Linked } | undefined {
  for (const folder of folders) {
    const file = join(folder, name);
    const linked = existsSync(file) ? readElf(file) : undefined;
    if (linked?.machine === machine) return { file, linked };
  }
  return undefined;
}
