import { existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { sync as writeFileAtomic } from "write-file-atomic";
import { kubeconfigFiles as ambientFiles } from "../../kubernetes/connection/kubeconfig.ts";
import { Failure } from "../../messages/failure.ts";
import { whileLocked } from "./lock-file.ts";

/**
 * The kubeconfig files that are meant, by kubectl's rules: the one that is given, else those of $KUBECONFIG, else
 * `~/.kube/config`.
 */
export function kubeconfigFiles(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): [string, ...string[]] {
  const ambient = given === undefined ? ambientFiles(environment) : [given];
  const [first = join(homedir(), ".kube", "config"), ...more] = ambient;
  return [resolve(first), ...more.map((file) => resolve(file))];
}

/** The file to write to, by kubectl's rule: the first that there is, else the last. */
export const fileToWrite = (files: readonly [string, ...string[]]): string =>
  files.find((file) => existsSync(file)) ?? files.at(-1) ?? files[0];

/**
 * Changes a kubeconfig file at once: whoever reads it sees the old text or the new, and nobody else who keeps to
 * kubectl's locks changes it meanwhile. Where the file is a link, what it leads to is changed.
 *
 * @param change gives the new text, or undefined to leave the file as it is
 * @throws Failure where the file cannot be read or written, or its lock is held
 */
export async function changeFile(
  file: string,
  change: (text: string | undefined) => string | undefined,
): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const target = realFile(file);
    // Others may know it by either name.
    await whileLocked([...new Set([file, target])], () => {
      const text = existsSync(target) ? readFileSync(target, "utf8") : undefined;
      const changed = change(text);
      if (changed === undefined) return;
      // Its folder would let it be replaced all the same.
      if (text !== undefined && (statSync(target).mode & 0o200) === 0)
        throw new Failure(
          `${target} is read-only: chmod u+w it, or choose another file with --kubeconfig FILE.`,
        );
      writeFileAtomic(target, changed, { mode: 0o600 });
    });
  } catch (error) {
    throw explained(file, error);
  }
}

function realFile(file: string): string {
  if (existsSync(file)) return realpathSync(file);
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (isLink) throw new Failure(`${file} is a link to a file that does not exist.`);
  return file;
}

const explanations: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "it is on a read-only file system",
  ENOTDIR: "its folder is no folder",
  EEXIST: "its folder is no folder",
  EISDIR: "it is a folder",
};

function explained(file: string, error: unknown): unknown {
  const { code = "", path } = error as NodeJS.ErrnoException;
  const why = explanations[code];
  if (why === undefined) return error;
  return new Failure(
    `${file} cannot be changed: ${path ?? file}: ${why}. The file and its folder, which takes its lock and its draft, must be yours to write; or choose another file with --kubeconfig FILE.`,
  );
}
