import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Builds what tests run in processes of its own. */
export default function setup(): void {
  const root = join(import.meta.dirname, "..");
  for (const script of ["build/main.ts", "rehearsal/build.ts"])
    execFileSync(process.execPath, [script], { cwd: root, stdio: "inherit" });
}
