import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGo } from "./go.ts";
import type { GoModule } from "./go-module.ts";
import { needsGcc, needsGo, needsRoom } from "./needs.ts";
import type { Origin } from "./tool.ts";

/** A program that Go builds. */
export interface GoProgram {
  /** The module of this project that pins what it is built from. */
  readonly module: GoModule;
  /** Its package; one that begins with a dot is in the module itself. */
  readonly package: string;
  /** The Go module whose version is the program's; absent: it has none. */
  readonly pin?: string;
  /** The program's version where it is not the module's own. */
  readonly version?: (pin: string) => string;
  /** Variables that the linker sets, so that the program knows its version. */
  readonly variables?: (pin: string) => Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  /** Flags for `go build` beside those that every build has. */
  readonly flags?: readonly string[];
  /** Whether a part of it is C. */
  readonly cgo?: boolean;
  readonly embedded?: Embedded;
}

/** Files that sources embed and that are not in their folder. */
interface Embedded {
  /** The Go module that has them in another form. */
  readonly module: string;
  /** Their text by name, made from the module's folder. */
  readonly files: (folder: string) => Readonly<Record<string, string>>;
}

/** Builds a program. One that is interrupted leaves nothing but Go's caches, from which the next build goes on. */
export function goOrigin(program: GoProgram): Origin {
  const { module, cgo = false, embedded } = program;
  const pin = (): string | undefined => (program.pin === undefined ? undefined : module.pin(program.pin));
  return {
    verb: "build",
    needs: [needsGo, needsRoom, ...(cgo ? [needsGcc] : [])],
    version: () => {
      const version = pin();
      return version === undefined ? undefined : (program.version?.(version) ?? version);
    },
    fingerprint: () =>
      createHash("sha256")
        .update(JSON.stringify([program.package, buildFlags(program, pin()), cgo, embedded?.module]))
        .update(module.fingerprint())
        .digest("hex"),
    make: async ({ file, folder, log }) => {
      const env = { CGO_ENABLED: cgo ? "1" : "0" };
      const go = (...args: readonly string[]): Promise<string> =>
        runGo(args, { cwd: module.folder, log, env });
      const overlay = embedded === undefined ? [] : await layOver(embedded, module, folder, go);
      await go("build", ...buildFlags(program, pin()), ...overlay, "-o", file, program.package);
    },
  };
}

/** Small binaries that know their version, as the projects' own releases do. */
function buildFlags({ tags = [], flags = [], variables }: GoProgram, pin = ""): readonly string[] {
  const set = Object.entries(variables?.(pin) ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  return [
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    ...(tags.length === 0 ? [] : [`-tags=${tags.join(",")}`]),
    ...flags,
    `-ldflags=${["-s -w", ...set].join(" ")}`,
  ];
}

/** The flags that lay the files which sources embed over their folder; it stays as it is. */
async function layOver(
  { module, files }: Embedded,
  { folder }: GoModule,
  place: string,
  go: (...args: readonly string[]) => Promise<string>,
): Promise<readonly string[]> {
  const { Dir } = JSON.parse(await go("mod", "download", "-json", module)) as { Dir: string };
  const texts = Object.entries(files(Dir));
  mkdirSync(place, { recursive: true });
  for (const [name, text] of texts) writeFileSync(join(place, name), text);
  const replaced = texts.map(([name]) => [join(folder, name), join(place, name)] as const);
  const list = join(place, "overlay.json");
  writeFileSync(list, JSON.stringify({ Replace: Object.fromEntries(replaced) }));
  return ["-overlay", list];
}
