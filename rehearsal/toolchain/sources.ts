import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  kubernetesPlugin,
  linkerFlags,
  pinnedVersions,
  pinOf,
  pluginLinkerFlags,
  type Tool,
  tools,
} from "./tools.ts";

/** Programs that are built with one go.mod. */
export interface Source {
  /** The folder of go.mod and go.sum. */
  readonly folder: string;
  readonly tools: readonly Tool[];
  /** The versions that go.mod pins, by module. */
  readonly pins: ReadonlyMap<string, string>;
  /** Flags for `go build`, beside those that every build has. */
  readonly flags: readonly string[];
  /** Tells whether a program was built from the same sources. */
  readonly fingerprint: string;
  /** Says what a build takes, where that is worth knowing before it begins. */
  readonly cost?: string;
  /** Files that the sources embed and that are not in their folder. */
  readonly embedded?: {
    /** The Go module that has them in another form. */
    readonly module: string;
    /** Their text by name, made from the module's folder. */
    readonly files: (folder: string) => Readonly<Record<string, string>>;
  };
}

const read = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");

const hashOf = (...texts: readonly string[]): string =>
  texts.reduce((hash, text) => hash.update(text), createHash("sha256")).digest("hex");

/** What most of the tools are built from. */
export function toolSource(): Source {
  const folder = import.meta.dirname;
  const goMod = read(folder, "go.mod");
  const pins = pinnedVersions(goMod);
  const linker = linkerFlags((module) => pins.get(module) ?? "");
  const fingerprint = hashOf(JSON.stringify([tools, linker]), goMod, read(folder, "go.sum"));
  return { folder, tools, pins, flags: ["-ldflags", linker], fingerprint };
}

/** What Pulumi's Kubernetes plugin is built from: it does not compile with the Kubernetes of the others. */
export function pluginSource(): Source {
  const folder = join(import.meta.dirname, "kubernetes-plugin");
  const goMod = read(folder, "go.mod");
  const pins = pinnedVersions(goMod);
  const version = pinOf(kubernetesPlugin, pins);
  const flags = [
    // The SDK is some hundred thousand lines of getters; not to inline them saves a fifth of their time.
    "-gcflags=github.com/pulumi/pulumi-kubernetes/sdk/v4/...=-l",
    "-ldflags",
    pluginLinkerFlags(version),
  ];
  const texts = [
    JSON.stringify([kubernetesPlugin, flags]),
    goMod,
    read(folder, "go.sum"),
    read(folder, "main.go"),
  ];
  return {
    folder,
    tools: [kubernetesPlugin],
    pins,
    flags,
    fingerprint: hashOf(...texts),
    cost: "takes some six minutes of two processors, and 4 GiB of memory",
    embedded: {
      module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
      files: (module) => schemasIn(module, version.slice(1)),
    },
  };
}

/** The plugin's schemas; the module has them without a version. */
function schemasIn(folder: string, version: string): Readonly<Record<string, string>> {
  const parse = (file: string) =>
    JSON.parse(read(join(folder, "cmd", "pulumi-resource-kubernetes"), file)) as object;
  return {
    "schema.json": JSON.stringify({ ...parse("schema.json"), version }),
    "terraform-mapping.json": JSON.stringify(parse("terraform-mapping.json")),
  };
}
