import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a shell expects of a process that Ctrl-C ended. */
const interrupted = 130;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Gives a directory of its own to some work, and removes it when the work is done or cut off. */
export async function inTemporaryDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "mesh-lab-"));
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true });
  };
  // A signal ends a process without its exit handlers, unless somebody listens to it.
  const end = (): void => process.exit(interrupted);
  for (const signal of signals) process.once(signal, end);
  process.once("exit", remove);
  try {
    return await work(directory);
  } finally {
    remove();
    process.off("exit", remove);
    for (const signal of signals) process.off(signal, end);
  }
}
