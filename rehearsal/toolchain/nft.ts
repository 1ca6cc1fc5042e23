import { cpSync, lstatSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isExecutable } from "../../versions/executables.ts";
import { paths, shortest } from "../kit/paths.ts";
import { debianOrigin } from "./debian.ts";

/** Where the files of Debian's nft are, beside the script that starts it. */
const tree = join(paths.bin, "nftables");
const script = join(paths.bin, "nft");
const programIn = (folder: string): string => join(folder, "usr", "sbin", "nft");

/** Fetches nft with its libraries; what is called nft starts it with them. */
export const nftOrigin = debianOrigin({
  package: "nftables",
  elsewhere: "nftables",
  take: ({ file }, unpacked) => {
    rmSync(tree, { recursive: true, force: true });
    renameSync(unpacked, tree);
    const inTree = (path: string): string => path.replace(tree, "$tree");
    const text = `#!/bin/sh
tree=$(dirname "$(readlink -f "$0")")/${basename(tree)}
exec env LD_LIBRARY_PATH="${librariesOf(tree).map(inTree).join(":")}" "${inTree(programIn(tree))}" "$@"
`;
    writeFileSync(file, text, { mode: 0o755 });
  },
});

/** Folders that have shared libraries. */
const librariesOf = (folder: string): readonly string[] => [
  ...new Set(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.so(\.\d+)*$/.test(name))
      .map((name) => join(folder, dirname(name))),
  ),
];

/** The files of nft. */
export interface NftFiles {
  /** The program itself, not a script that starts it. */
  readonly program: string;
  /** Where its libraries are, unless with those of the machine. */
  readonly libraryFolders: readonly string[];
}

/** What must be taken along to run nft elsewhere, as in an image; the tools must be ready. */
export function nftFiles(): NftFiles {
  if (lstatSync(script).isSymbolicLink()) return { program: realpathSync(script), libraryFolders: [] };
  const program = programIn(tree);
  if (!isExecutable(program))
    throw new Error(
      `${shortest(script)} needs ${shortest(program)}, which is gone: remove ${shortest(script)}, and run make tools ARGS=containers.`,
    );
  return { program, libraryFolders: librariesOf(tree) };
}

/** Fetches a busybox that needs no libraries, for images. */
export const busyboxOrigin = debianOrigin({
  package: "busybox-static",
  elsewhere: "busybox (Alpine: busybox-static), which must be static",
  take: ({ file }, unpacked) => {
    const found = readdirSync(unpacked, { recursive: true, encoding: "utf8" }).find((name) =>
      name.endsWith("bin/busybox"),
    );
    if (found === undefined) throw new Error("Debian's package busybox-static has no program busybox.");
    cpSync(join(unpacked, found), file);
  },
});
