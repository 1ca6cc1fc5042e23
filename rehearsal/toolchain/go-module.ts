import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { shortest } from "../kit/paths.ts";

/** A Go module of this project, from which programs are built. */
export interface GoModule {
  /** The folder of its go.mod. */
  readonly folder: string;
  /** The version to which it pins another module. */
  readonly pin: (module: string) => string;
  /** Changes with everything that is built from it: go.mod, go.sum and its own sources. */
  readonly fingerprint: () => string;
}

/** The module in a folder, which is read when it is first asked for something. */
export function goModule(folder: string): GoModule {
  const pins = once(() => pinnedVersions(readFileSync(join(folder, "go.mod"), "utf8")));
  return {
    folder,
    pin: (module) => {
      const version = pins().get(module);
      if (version === undefined)
        throw new Error(
          `${shortest(join(folder, "go.mod"))} does not pin ${module}: restore it with git, or pin it with go get.`,
        );
      return version;
    },
    fingerprint: once(() => {
      const hash = createHash("sha256");
      for (const file of filesOf(folder))
        hash
          .update(`${file}\0`)
          .update(readFileSync(join(folder, file)))
          .update("\0");
      return hash.digest("hex");
    }),
  };
}

/** What a module is built from; a folder with a go.mod of its own is another module. */
function filesOf(folder: string): readonly string[] {
  const others = globSync("**/go.mod", { cwd: folder })
    .map(dirname)
    .filter((other) => other !== ".");
  return globSync(["go.mod", "go.sum", "**/*.go"], { cwd: folder })
    .filter((file) => !file.endsWith("_test.go") && !others.some((other) => file.startsWith(`${other}/`)))
    .sort();
}

/** The versions that a go.mod pins, by module. */
export function pinnedVersions(goMod: string): ReadonlyMap<string, string> {
  return new Map(
    [...goMod.matchAll(/^\s*(?:require\s+)?([\w.~/-]+\.[\w.~/-]+)\s+(v\d\S+)/gm)].map(
      ([, module = "", version = ""]) => [module, version],
    ),
  );
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
