import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "./root.ts";
import { Failure } from "./failure.ts";

/** There is no Pulumi CLI on PATH. */
export class NoPulumi extends Failure {
  constructor() {
    super(
      "There is no pulumi on PATH: install it (https://www.pulumi.com/docs/install), or in the rehearsal use make lab.",
    );
  }
}

/** Runs the Pulumi CLI on the stack that is meant, and gives what it printed. */
export async function pulumi(...args: readonly string[]): Promise<string> {
  try {
    const options = { cwd: root, maxBuffer: 512 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)("pulumi", [...args, "--non-interactive"], options);
    return stdout;
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === "ENOENT") throw new NoPulumi();
    const reason = (stderr?.trim() ?? "") || message;
    throw new Failure(`pulumi ${args.join(" ")} failed:\n${reason}`);
  }
}
