import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Builds what tests run in processes of their own. */
export default function setup(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, "..", "rehearsal", "build.ts")], {
    stdio: "inherit",
  });
}
