import { createRequire } from "node:module";

/** A plugin of the Pulumi engine that the program needs. */
export interface Plugin {
  readonly kind: "resource" | "language";
  readonly name: string;
  /** The npm package whose version a resource plugin must have; a language's comes with Pulumi. */
  readonly package: string;
}

/** All of them. */
export const plugins = [
  { kind: "resource", name: "kubernetes", package: "@pulumi/kubernetes" },
  { kind: "resource", name: "random", package: "@pulumi/random" },
  { kind: "resource", name: "command", package: "@pulumi/command" },
  { kind: "language", name: "nodejs", package: "@pulumi/pulumi" },
] as const satisfies readonly Plugin[];

/** What the engine calls a plugin's program. */
export const executableOf = ({ kind, name }: Plugin): string => `pulumi-${kind}-${name}`;

const require = createRequire(import.meta.url);

/** The version of a package that is installed. */
export const packageVersion = (name: string): string =>
  (require(`${name}/package.json`) as { version: string }).version;
