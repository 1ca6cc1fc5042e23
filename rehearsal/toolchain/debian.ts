import { createHash } from "node:crypto";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Hints, runCommand } from "./command.ts";
import { answerOf } from "./needs.ts";
import type { Need, Origin, Workplace } from "./tool.ts";

const hints: Hints = [
  [
    /Unable to locate package|No packages found|Can't find a source/,
    "The lists of packages do not have it: run sudo apt-get update.",
  ],
  [/404 +Not Found/, "The lists of packages are older than what their mirror has: run sudo apt-get update."],
  [/no space left on device/i, "The disk is full: make room for 100 MB."],
  [
    /Could not resolve|Failed to fetch|Could not connect|Connection (failed|refused|timed out)/,
    "The mirror of packages could not be reached: check the network and apt's proxy (apt-config dump Acquire).",
  ],
];

/** A Debian package that has a program. */
export interface DebianProgram {
  readonly package: string;
  /** The package's name in other distributions. */
  readonly elsewhere: string;
  /** Makes the program of the package, which is unpacked in the folder `tree` of the workplace. */
  readonly take: (workplace: Workplace, tree: string) => void;
}

/** Fetches a program from Debian packages, with the libraries that it needs; nothing is installed, and no root needed. */
export function debianOrigin({ package: name, elsewhere, take }: DebianProgram): Origin {
  const needsPackage: Need = () => {
    if (["apt-get", "apt-cache", "dpkg"].some((program) => answerOf(program, ["--version"]) === undefined))
      return {
        reason: "there is no apt-get to fetch it with",
        remedy: `Install package ${elsewhere}`,
      };
    return isListed(name) || isRoot()
      ? undefined
      : {
          reason: `apt's lists have no package ${name}`,
          remedy: `Run sudo apt-get update, install package ${name}`,
        };
  };
  return {
    verb: "fetch",
    needs: [needsPackage],
    version: () => undefined,
    fingerprint: () =>
      createHash("sha256")
        .update(JSON.stringify(["debian", name]))
        .digest("hex"),
    make: async (workplace) => {
      take(workplace, await unpack(name, workplace));
    },
  };
}

const isRoot = (): boolean => process.getuid?.() === 0;
const isListed = (name: string): boolean =>
  answerOf("apt-cache", ["show", "--no-all-versions", name]) !== undefined;

/** Unpacks a package and the libraries that it needs into a folder, which it returns. */
async function unpack(name: string, { folder, log, say }: Workplace): Promise<string> {
  const run = (program: string, ...args: readonly string[]): Promise<string> =>
    runCommand(program, args, { cwd: folder, log, env: { LC_ALL: "C" }, hints });
  if (!isListed(name)) {
    say("this machine has no lists of packages: apt-get update fetches them");
    await run("apt-get", "update");
  }
  const kinds = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"];
  const needed = await run("apt-cache", "depends", "--recurse", ...kinds.map((kind) => `--no-${kind}`), name);
  // As root, apt would download as a user of its own, who may not write here.
  await run("apt-get", "download", "--option=APT::Sandbox::User=root", name, ...librariesIn(needed));
  const tree = join(folder, "tree");
  mkdirSync(tree);
  for (const file of readdirSync(folder).filter((each) => each.endsWith(".deb")))
    await run("dpkg", "--extract", file, tree);
  return tree;
}

/** The libraries that `apt-cache depends --recurse` names, without those that every machine has. */
export const librariesIn = (depends: string): readonly string[] =>
  depends.split("\n").filter((line) => /^lib(?!c6$|crypt1$|gcc-s1$)\S+$/.test(line));
