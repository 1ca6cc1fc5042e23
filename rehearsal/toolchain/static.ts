import { closeSync, openSync, readSync } from "node:fs";

const interpreter = 3;

/** Whether a program needs no shared libraries: an ELF file that names no dynamic linker, as all 64-bit ones of Linux may. */
export function isStatic(path: string): boolean {
  const head = read(path, 0, 64);
  if (head.toString("latin1", 0, 4) !== "\u007fELF" || head[4] !== 2 || head[5] !== 1) return false;
  const [offset, size, count] = [
    Number(head.readBigUInt64LE(32)),
    head.readUInt16LE(54),
    head.readUInt16LE(56),
  ];
  const headers = read(path, offset, size * count);
  return !Array.from({ length: count }, (_, index) => headers.readUInt32LE(index * size)).includes(
    interpreter,
  );
}

function read(path: string, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  const file = openSync(path, "r");
  try {
    readSync(file, buffer, 0, length, position);
  } finally {
    closeSync(file);
  }
  return buffer;
}
