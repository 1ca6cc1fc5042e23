import { dirname, isAbsolute, join, relative } from "node:path";

/** The project's root directory. */
export const root = dirname(import.meta.dirname);

const chosen = process.env["REHEARSAL_DIR"];
if (chosen !== undefined && !isAbsolute(chosen)) {
  throw new Error(`REHEARSAL_DIR is "${chosen}": it must be an absolute path.`);
}

/** Where this rehearsal keeps everything it writes; two directories make two independent rehearsals. */
export const rehearsalDir = chosen ?? join(root, ".rehearsal");

/**
 * What lives where. The tools, plugins that were downloaded, and what was made of the sources, are the same for every
 * rehearsal of this checkout; all else is per rehearsal.
 */
export const paths = {
  bin: join(root, ".rehearsal", "bin"),
  downloads: join(root, ".rehearsal", "downloads"),
  compileCache: join(root, ".rehearsal", "compile-cache"),
  bundles: join(root, ".rehearsal", "bundles"),
  plugins: join(rehearsalDir, "plugins"),
  pki: join(rehearsalDir, "pki"),
  etcd: join(rehearsalDir, "etcd"),
  logs: join(rehearsalDir, "logs"),
  run: join(rehearsalDir, "run"),
  names: join(rehearsalDir, "names"),
  charts: join(rehearsalDir, "charts"),
  state: join(rehearsalDir, "state"),
  pulumiHome: join(rehearsalDir, "pulumi-home"),
  helm: join(rehearsalDir, "helm"),
  temporary: join(rehearsalDir, "tmp"),
  stack: join(rehearsalDir, "stack"),
  passphrase: join(rehearsalDir, "passphrase"),
  kubeconfig: join(rehearsalDir, "kubeconfig"),
} as const;

/** A path as one would type it in the project's root. */
export function shortest(path: string): string {
  const fromRoot = relative(root, path);
  return fromRoot.startsWith("..") ? path : fromRoot;
}
