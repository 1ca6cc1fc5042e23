import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "../kit/files.ts";
import type { Stored } from "./layer.ts";

const storedSchema = z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/), size: z.number() });

const layerSchema = storedSchema.extend({
  /** What it was made of. */
  fingerprint: z.string(),
});

const imageSchema = storedSchema.extend({
  layers: z.array(z.string()),
  config: z.record(z.string(), z.unknown()),
});

// One that another version of this file wrote is as good as none.
const indexSchema = z
  .object({ layers: z.record(z.string(), layerSchema), images: z.record(z.string(), imageSchema) })
  .catch({ layers: {}, images: {} });

/** A layer by its name in the table. */
export type KeptLayer = Readonly<z.infer<typeof layerSchema>>;

/** An image by one of its names; digest and size are those of its manifest. */
export type KeptImage = Readonly<z.infer<typeof imageSchema>>;

/** What a store has. */
export interface Index {
  readonly layers: Readonly<Record<string, KeptLayer>>;
  readonly images: Readonly<Record<string, KeptImage>>;
}

const indexFile = (folder: string): string => join(folder, "index.json");
const blobs = (folder: string): string => join(folder, "blobs", "sha256");

/** Reads what a store has; one that is not there, or that nobody can read, has nothing. */
export function readIndex(folder: string): Index {
  const text = readFileIfAny(indexFile(folder));
  try {
    return indexSchema.parse(text === undefined ? undefined : JSON.parse(text));
  } catch {
    return { layers: {}, images: {} };
  }
}

/** Says what a store has, at once; whatever it names has to be there already. */
export function writeIndex(folder: string, index: Index): void {
  writeFileAtomically(indexFile(folder), JSON.stringify(index, undefined, 1));
}

/** Where something with a digest is, or would be. */
export const blobFile = (folder: string, digest: string): string =>
  join(blobs(folder), digest.slice("sha256:".length));

/** Whether something is there, whole. */
export const hasBlob = (folder: string, { digest, size }: Stored): boolean =>
  statSync(blobFile(folder, digest), { throwIfNoEntry: false })?.size === size;

const draftEnd = ".draft";

/** Puts something into a store: `write` writes it to a file, and it gets its name once it is whole. */
export async function putBlob(folder: string, write: (file: string) => Promise<Stored>): Promise<Stored> {
  mkdirSync(blobs(folder), { recursive: true, mode: 0o700 });
  const draft = join(blobs(folder), `${process.pid}${draftEnd}`);
  try {
    const stored = await write(draft);
    renameSync(draft, blobFile(folder, stored.digest));
    return stored;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Puts a text into a store. */
export function putText(folder: string, text: string): Stored {
  const content = Buffer.from(text);
  const stored = {
    digest: `sha256:${createHash("sha256").update(content).digest("hex")}`,
    size: content.length,
  };
  if (!hasBlob(folder, stored)) writeFileAtomically(blobFile(folder, stored.digest), text);
  return stored;
}

/** Removes what a store has beside these digests, also what somebody who was killed has left. */
export function removeOthers(folder: string, digests: ReadonlySet<string>): void {
  for (const name of readdirSync(blobs(folder)))
    if (!digests.has(`sha256:${name}`)) rmSync(join(blobs(folder), name), { force: true });
}
