import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pulumiYaml } from "../../../config/stack-file/pulumi-yaml.ts";
import { readProject, readStackFile } from "../../../config/stack-file/stack-file.ts";
import { rehearsalDir, root } from "../../../rehearsal/kit/paths.ts";
import { checkout } from "./checkout.ts";
import { rehearsalIn } from "./rehearsal.ts";

/** Drives the rehearsed lab after its stack's file was edited, and before it is rehearsed again. */
export async function whenEdited<T>(
  settings: Readonly<Record<string, unknown>>,
  work: (rehearsal: ReturnType<typeof rehearsalIn>) => Promise<T>,
): Promise<T> {
  const { name } = readProject(root);
  const { config } = readStackFile(
    "Pulumi.dev.yaml",
    readFileSync(join(root, "Pulumi.dev.yaml"), "utf8"),
    name,
  );
  const edits = Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${name}:${key}`, value]));
  const project = checkout();
  try {
    writeFileSync(
      join(project.directory, "Pulumi.dev.yaml"),
      pulumiYaml({ config: { ...config, ...edits } }),
    );
    return await work(rehearsalIn(rehearsalDir, {}, project.directory));
  } finally {
    project.remove();
  }
}
