import { arch } from "node:os";
import type { Stored } from "./layer.ts";

const format = "application/vnd.oci.image";

/** Type of an image's manifest. */
export const manifestType = `${format}.manifest.v1+json`;

/** What the format calls this machine. */
const architecture = arch() === "arm64" ? "arm64" : "amd64";

/** How an image is started, and what it is made of; layers are not compressed, so that they go by one digest. */
export const configText = (config: object, layers: readonly Stored[]): string =>
  JSON.stringify({
    architecture,
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });

/** What belongs to an image. */
export const manifestText = (config: Stored, layers: readonly Stored[]): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor("config.v1+json", config),
    layers: layers.map((layer) => descriptor("layer.v1.tar", layer)),
  });

const descriptor = (type: string, { digest, size }: Stored): object => ({
  mediaType: `${format}.${type}`,
  digest,
  size,
});
