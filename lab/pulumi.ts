import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pulumiCommand } from "../commands.ts";
import { exitCodes, Failure } from "./failure.ts";
import { root } from "./root.ts";

/** There is no Pulumi CLI on PATH. */
export class NoPulumi extends Failure {
  constructor() {
    super(
      "There is no pulumi on PATH: install it (https://www.pulumi.com/docs/install), or in the rehearsal use make lab.",
    );
  }
}

/** The project has no stack of the name that is meant. */
export class NoStack extends Failure {
  /** What is wrong, e.g. "no stack nope: there are dev, kind". */
  readonly found: string;
  readonly advice: string;

  constructor(name: string, names: readonly string[]) {
    const found = `no stack ${name}: ${names.length === 0 ? "there is none yet" : `there are ${names.join(", ")}`}`;
    const advice = [pulumiCommand(`stack init ${name}`), ...(names.length === 0 ? [] : ["--stack NAME"])];
    super(`The project has ${found}. ${advice.join(", or ")}.`, exitCodes.usage);
    this.found = found;
    this.advice = `${advice.join(", or ")}.`;
  }
}

/** Names of the project's stacks. */
export const stackNames = async (): Promise<string[]> =>
  (JSON.parse(await pulumi("stack", "ls", "--json")) as { name: string }[]).map(({ name }) => name);

/**
 * Runs the Pulumi CLI on the stack that is meant, and gives what it printed.
 *
 * @throws NoPulumi, NoStack, or a Failure with what Pulumi said
 */
export async function pulumi(...args: readonly string[]): Promise<string> {
  try {
    const options = { cwd: root, maxBuffer: 512 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)("pulumi", [...args, "--non-interactive"], options);
    return stdout;
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === "ENOENT") throw new NoPulumi();
    const [, missing] = /no stack named '([^']+)' found/.exec(stderr ?? "") ?? [];
    if (missing !== undefined) throw new NoStack(missing, await stackNames());
    const reason = (stderr?.trim() ?? "") || message;
    throw new Failure(`pulumi ${args.join(" ")} failed:\n${reason}`);
  }
}
