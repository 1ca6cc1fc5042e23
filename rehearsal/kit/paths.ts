import { isAbsolute, join, relative } from "node:path";
import { exitCodes, Failure } from "../../messages/failure.ts";

/** The project's root directory. */
export const root = join(import.meta.dirname, "..", "..");

const chosen = process.env["REHEARSAL_DIR"] || undefined;

/** Where this rehearsal keeps everything it writes; two directories make two independent rehearsals. */
export const rehearsalDir = chosen ?? join(root, ".rehearsal");

/**
 * Makes sure that a rehearsal can work where it is.
 *
 * @throws Failure that says why not
 */
export function checkPlaces(): void {
  if (!isAbsolute(rehearsalDir))
    throw new Failure(`REHEARSAL_DIR is "${rehearsalDir}": it must be an absolute path.`, exitCodes.usage);
  for (const place of [root, rehearsalDir])
    if (/[:\n]/.test(place))
      throw new Failure(
        `The folder ${JSON.stringify(place)} has a colon or a line break in its name, which PATH and KUBECONFIG cannot hold: choose another.`,
        exitCodes.usage,
      );
}

/**
 * What lives where. The tools, plugins that were downloaded, and what Node compiled, are the same for every rehearsal of
 * this checkout; all else is per rehearsal.
 */
export const paths = {
  bin: join(root, ".rehearsal", "bin"),
  downloads: join(root, ".rehearsal", "downloads"),
  compileCache: join(root, ".rehearsal", "compile-cache"),
  plugins: join(rehearsalDir, "pulumi-home", "plugins"),
  pki: join(rehearsalDir, "pki"),
  etcd: join(rehearsalDir, "etcd"),
  logs: join(rehearsalDir, "logs"),
  run: join(rehearsalDir, "run"),
  node: join(rehearsalDir, "node"),
  names: join(rehearsalDir, "names"),
  charts: join(rehearsalDir, "charts"),
  state: join(rehearsalDir, "state"),
  pulumiHome: join(rehearsalDir, "pulumi-home"),
  helm: join(rehearsalDir, "helm"),
  temporary: join(rehearsalDir, "tmp"),
  stack: join(rehearsalDir, "stack"),
  next: join(rehearsalDir, "next"),
  passphrase: join(rehearsalDir, "passphrase"),
  kubeconfig: join(rehearsalDir, "kubeconfig"),
} as const;

/** A path as one would type it in the project's root. */
export function shortest(path: string): string {
  const fromRoot = relative(root, path);
  return fromRoot.startsWith("..") ? path : fromRoot;
}
