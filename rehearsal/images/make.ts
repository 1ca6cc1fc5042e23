import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../kit/lock.ts";
import { paths } from "../kit/paths.ts";
import type { Entry } from "./entries.ts";
import { fingerprint, type Stored, writeLayer } from "./layer.ts";
import { configText, manifestText } from "./manifest.ts";
import type { Sources } from "./sources.ts";
import {
  hasBlob,
  type Index,
  type KeptImage,
  type KeptLayer,
  putBlob,
  putText,
  readIndex,
  removeOthers,
  writeIndex,
} from "./store.ts";
import { type Image, imagesOf, type LayerName, layers as contents } from "./table.ts";

/** Where the images are, for all rehearsals of this checkout. */
export const imagesFolder = join(paths.downloads, "images");

/** A layer as it should be. */
interface Wanted {
  readonly name: LayerName;
  readonly entries: readonly Entry[];
  readonly fingerprint: string;
}

/**
 * Makes the images that are missing, or of which a part has changed, once for all rehearsals of this checkout. Images of
 * other versions, which another rehearsal may have, stay, and get what has changed, too.
 *
 * @param say is told what takes time
 * @param images which ones; default: all of them, in the versions of today
 * @throws Error that names the file that is missing
 */
export async function makeImages(
  say: (line: string) => void,
  sources: Sources,
  images: readonly Image[] = imagesOf(),
  folder: string = imagesFolder,
): Promise<void> {
  const wanted = layersFor(images, sources);
  if (isMade(folder, wanted, images)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await withLock(
    join(folder, ".lock"),
    "makes images",
    ({ pid }) => {
      say(`waiting for process ${pid}, which makes images`);
    },
    async () => {
      const layers = await makeLayers(say, folder, wanted);
      const old = readIndex(folder).images;
      const made = Object.entries({ ...old, ...byName(images) }).flatMap(([name, image]) =>
        madeOf(folder, name, image, layers),
      );
      writeIndex(folder, {
        layers,
        images: Object.fromEntries(made.map(({ name, image }) => [name, image])),
      });
      removeOthers(
        folder,
        new Set([
          ...Object.values(layers).map(({ digest }) => digest),
          ...made.flatMap(({ image, config }) => [image.digest, config.digest]),
        ]),
      );
    },
  );
}

function layersFor(images: readonly Image[], sources: Sources): readonly Wanted[] {
  const names = new Set(images.flatMap(({ layers }) => layers));
  return [...names].map((name) => {
    const entries = contents[name](sources);
    return { name, entries, fingerprint: fingerprint(entries) };
  });
}

const byName = (images: readonly Image[]): Readonly<Record<string, Image>> =>
  Object.fromEntries(images.flatMap((image) => image.names.map((name) => [name, image])));

/** Whether there is nothing to do. */
function isMade(folder: string, wanted: readonly Wanted[], images: readonly Image[]): boolean {
  const index = readIndex(folder);
  const sameLayers = wanted.every((layer) => isCurrent(folder, index, layer));
  return (
    sameLayers &&
    Object.entries(byName(images)).every(([name, image]) => {
      const kept = index.images[name];
      return kept !== undefined && hasBlob(folder, kept) && recipe(kept) === recipe(image);
    })
  );
}

function isCurrent(folder: string, { layers }: Index, { name, fingerprint: now }: Wanted): boolean {
  const kept = layers[name];
  return kept?.fingerprint === now && hasBlob(folder, kept);
}

const recipe = ({ layers, config }: Pick<KeptImage, "layers" | "config"> | Image): string =>
  JSON.stringify([layers, config]);

/** Makes what has changed; each layer is noted as soon as it is there, so that a kill costs one at most. */
async function makeLayers(
  say: (line: string) => void,
  folder: string,
  wanted: readonly Wanted[],
): Promise<Readonly<Record<string, KeptLayer>>> {
  let index = readIndex(folder);
  for (const layer of wanted.filter((each) => !isCurrent(folder, index, each))) {
    say(`making images: ${layer.name}`);
    const stored = await putBlob(folder, (file) => writeLayer(layer.entries, file));
    const made = { ...stored, fingerprint: layer.fingerprint };
    index = { ...index, layers: { ...index.layers, [layer.name]: made } };
    writeIndex(folder, index);
  }
  return index.layers;
}

interface Made {
  readonly name: string;
  readonly image: KeptImage;
  readonly config: Stored;
}

/** An image of today's layers; nothing where there is none of one of them any more. */
function madeOf(
  folder: string,
  name: string,
  { layers: names, config }: Pick<KeptImage, "layers" | "config"> | Image,
  layers: Readonly<Record<string, KeptLayer>>,
): readonly Made[] {
  const found = names.flatMap((layer) => layers[layer] ?? []);
  if (found.length < names.length) return [];
  const configured = putText(folder, configText(config, found));
  const stored = putText(folder, manifestText(configured, found));
  return [{ name, image: { ...stored, layers: [...names], config: { ...config } }, config: configured }];
}
