import { join } from "node:path";
import { machineLibraries, type Sources } from "../images/sources.ts";
import { paths } from "../kit/paths.ts";
import { nftFiles } from "../toolchain/nft.ts";

/** What images are made of, once the tools are ready. */
export function imageSources(): Sources {
  const nft = nftFiles();
  return {
    bin: paths.bin,
    nft: nft.program,
    libraries: [...nft.libraryFolders, ...machineLibraries],
    envoyBootstrap: join(paths.bin, "envoy_bootstrap.json"),
  };
}
