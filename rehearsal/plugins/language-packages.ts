/** What is installed for a Node program: the language stand-in tells the engine. */
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly pulumi?: { readonly resource?: boolean; readonly name?: string; readonly version?: string };
}

export interface Installed {
  readonly name: string;
  readonly version: string;
}

function manifest(directory: string): Manifest {
  const file = join(directory, "package.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Manifest) : {};
}

const visible = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith(".")) : [];

/** The manifests of all packages below `directory`, nested ones included. */
function installed(directory: string, seen = new Set<string>()): Manifest[] {
  const modules = join(directory, "node_modules");
  const names = visible(modules).flatMap((name) =>
    name.startsWith("@") ? visible(join(modules, name)).map((scoped) => join(name, scoped)) : [name],
  );
  return names.flatMap((name) => {
    const path = realpathSync(join(modules, name));
    if (seen.has(path)) return [];
    seen.add(path);
    return [manifest(path), ...installed(path, seen)];
  });
}

/** The plugins that the installed packages are the SDKs of. */
export function requiredPlugins(directory: string): Installed[] {
  return installed(directory).flatMap(({ name = "", version = "", pulumi }) => {
    const plugin = pulumi?.name ?? /^@pulumi\/(.+)/.exec(name)?.[1];
    if (pulumi?.resource !== true || plugin === undefined) return [];
    return [{ name: plugin, version: `v${(pulumi.version ?? version).replace(/^v/, "")}` }];
  });
}

/** The program's own dependencies as they are installed; or all packages. */
export function dependencies(directory: string, all: boolean): Installed[] {
  if (all)
    return installed(directory).flatMap(({ name, version }) => (name && version ? [{ name, version }] : []));
  const { dependencies, devDependencies } = manifest(directory);
  return Object.entries({ ...dependencies, ...devDependencies }).map(([name, range]) => ({
    name,
    version: manifest(join(directory, "node_modules", name)).version ?? range,
  }));
}
