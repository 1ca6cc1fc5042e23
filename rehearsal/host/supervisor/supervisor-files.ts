import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { paths } from "../../kit/paths.ts";
import { type Release, tryLock } from "../../kit/lock.ts";
import { readFileIfAny, writeFileAtomically } from "../../kit/files.ts";
import { isAlive, type ProcessIdentity } from "../../kit/process-identity.ts";

const schemas = {
  /** Who supervises this rehearsal, or did so until it was killed. */
  supervisor: z.object({ pid: z.int().positive(), born: z.string() }),
  /** That the host takes work, and after how many seconds each phase of its start was over. */
  ready: z.object({ pid: z.int().positive(), elapsed: z.record(z.string(), z.number()) }),
  /** That a supervisor ends everything. */
  ending: z.object({ pid: z.int().positive() }),
  /** Why the last supervisor gave up. */
  failed: z.object({ process: z.string(), message: z.string(), tail: z.string() }),
};

type Schemas = typeof schemas;

/** What the supervisor tells others by files in the run directory. */
export type Notes = { readonly [Name in keyof Schemas]: z.infer<Schemas[Name]> };

const fileOf = (name: keyof Notes): string => join(paths.run, `${name}.json`);

/** The note of this name, if there is one. */
export function readNote<Name extends keyof Notes>(name: Name): Notes[Name] | undefined {
  const text = readFileIfAny(fileOf(name));
  return text === undefined ? undefined : (schemas[name].parse(JSON.parse(text)) as Notes[Name]);
}

/** Leaves a note. */
export function writeNote<Name extends keyof Notes>(name: Name, note: Notes[Name]): void {
  writeFileAtomically(fileOf(name), `${JSON.stringify(note, undefined, 1)}\n`);
}

/** Removes notes. */
export function removeNotes(...names: readonly (keyof Notes)[]): void {
  for (const name of names) rmSync(fileOf(name), { force: true });
}

const lockFile = join(paths.run, "supervisor.lock");
let release: Release | undefined;

/** Makes this process the supervisor, unless another one lives: then that one is the answer. */
export function claimSupervision(self: ProcessIdentity): ProcessIdentity | undefined {
  mkdirSync(paths.run, { recursive: true, mode: 0o700 });
  for (;;) {
    release = tryLock(lockFile, "supervising");
    if (release !== undefined) {
      writeNote("supervisor", self);
      return undefined;
    }
    const holder = readNote("supervisor");
    // Otherwise it is about to leave its note, or has just removed it.
    if (holder !== undefined && isAlive(holder)) return holder;
  }
}

/** Lets another process be the supervisor. */
export function endSupervision(): void {
  removeNotes("supervisor", "ending");
  release?.();
}

/** The file that remembers the supervisor's processes. */
export const processRegistry: string = join(paths.run, "processes.json");
