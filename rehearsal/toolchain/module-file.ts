import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { runGo } from "./go.ts";
import type { GoModule } from "./go-module.ts";
import { needsGo } from "./needs.ts";
import type { Origin } from "./tool.ts";

/** Takes a file out of a Go module that one of this project pins. */
export const moduleFileOrigin = (module: GoModule, from: string, path: string): Origin => ({
  verb: "fetch",
  needs: [needsGo],
  version: () => module.pin(from),
  fingerprint: () => `${from}@${module.pin(from)}/${path}`,
  make: async ({ file, log }) => {
    const printed = await runGo(["mod", "download", "-json", from], { cwd: module.folder, log });
    const { Dir } = JSON.parse(printed) as { readonly Dir: string };
    copyFileSync(join(Dir, path), file);
  },
});
