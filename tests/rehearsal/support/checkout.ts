import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { root } from "../../../rehearsal/kit/paths.ts";

/** A copy of this project. */
export interface Checkout {
  /** Its root. */
  readonly directory: string;
  /** Gives it a lab's stack, or another lab to the stack. */
  readonly configure: (stack: string, lab: Readonly<Record<string, unknown>>) => void;
  readonly remove: () => void;
}

/**
 * Makes another checkout of this project, on the tools of this one; `stacks` are labs that it has in addition, of the set of
 * versions that can be rehearsed where they name none.
 */
export function checkout(stacks: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}): Checkout {
  const directory = mkdtempSync(join(tmpdir(), "checkout-"));
  const isOwn = (path: string) => !/\/(node_modules|\.rehearsal|\.git|\.lab)$/.test(path);
  cpSync(root, directory, { recursive: true, filter: isOwn });
  for (const shared of ["node_modules", ".rehearsal"])
    symlinkSync(join(root, shared), join(directory, shared));
  const configure: Checkout["configure"] = (stack, lab) => {
    const config = Object.fromEntries(
      Object.entries({ versionSet: "article", ...lab }).map(([key, value]) => [`mesh-lab:${key}`, value]),
    );
    writeFileSync(join(directory, `Pulumi.${stack}.yaml`), stringify({ config }));
  };
  for (const [name, lab] of Object.entries(stacks)) configure(name, lab);
  return {
    directory,
    configure,
    remove: () => {
      rmSync(directory, { recursive: true });
    },
  };
}
