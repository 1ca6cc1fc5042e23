import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rehearsalDir } from "../../kit/paths.ts";
import { until } from "../../kit/until.ts";

const root = "/sys/fs/cgroup";

/** The folder, in each hierarchy, of all cgroups that this rehearsal makes. */
export const ownCgroup = `/mesh-lab-${createHash("sha256").update(rehearsalDir).digest("hex").slice(0, 8)}`;

/** Hierarchies: one for each controller (version 1), or one for all (version 2). */
const hierarchies = (): string[] =>
  existsSync(join(root, "cgroup.controllers"))
    ? [root]
    : readdirSync(root, { withFileTypes: true })
        // Links are other names of a hierarchy; `unified`, which has no controllers, gets folders all the same.
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(root, name));

/** Makes the folder in every hierarchy. */
export function makeCgroup(): void {
  for (const hierarchy of hierarchies()) {
    const folder = join(hierarchy, ownCgroup);
    mkdirSync(folder, { recursive: true });
    // A new cpuset is empty until it has its parent's processors and memory.
    for (const file of ["cpuset.cpus", "cpuset.mems"])
      if (existsSync(join(folder, file)) && existsSync(join(hierarchy, file)))
        writeFileSync(join(folder, file), readFileSync(join(hierarchy, file)));
  }
}

/** Removes the folder with all below it, once nothing runs there any more. */
export async function removeCgroup(): Promise<void> {
  const folders = (): string[] =>
    hierarchies()
      .map((hierarchy) => join(hierarchy, ownCgroup))
      .filter((folder) => existsSync(folder));
  await until(
    () => {
      for (const folder of folders()) removeBelow(folder);
      return folders().length === 0;
    },
    10,
    () => `${folders().join(", ")} could not be removed within 10 s: something still runs there`,
  );
}

function removeBelow(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removeBelow(join(folder, entry.name));
    rmdirSync(folder);
  } catch {
    // What ends just now keeps its folder for some moments.
  }
}
