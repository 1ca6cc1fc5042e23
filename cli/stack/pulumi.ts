import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pulumiCommand } from "../../messages/commands.ts";
import { type ExitCode, exitCodes, Failure } from "../../messages/failure.ts";
import { root } from "./root.ts";

/** There is no Pulumi CLI on PATH. */
export class NoPulumi extends Failure {
  constructor() {
    super(
      "There is no pulumi on PATH: install it (https://www.pulumi.com/docs/install), or in the rehearsal use make lab.",
    );
  }
}

/** What Pulumi refuses for a reason of which more is known. */
export class Refusal extends Failure {
  /** What is wrong, e.g. "there is no stack nope; the project has dev, kind". */
  readonly found: string;
  readonly advice: string;

  constructor(found: string, advice: string, exitCode?: ExitCode) {
    super(`${found}: ${advice}`, exitCode);
    this.found = found;
    this.advice = advice;
  }
}

/** No stack is chosen, or the project has none of the name that is meant. */
function noStack(name: string | undefined, names: readonly string[]): Refusal {
  const found = [
    name === undefined ? "no stack is selected" : `there is no stack ${name}`,
    names.length === 0 ? "the project has none yet" : `the project has ${names.join(", ")}`,
  ];
  const choices = names.length === 0 ? [] : [pulumiCommand("stack select NAME"), "--stack NAME"];
  const advice = [...choices, pulumiCommand(`stack init ${name ?? "NAME"}`)];
  return new Refusal(found.join("; "), `${advice.join(", or ")}.`, exitCodes.usage);
}

const passphraseVariables = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"] as const;

function noPassphrase(): Refusal {
  const isGiven = passphraseVariables.some((name) => process.env[name] !== undefined);
  return new Refusal(
    `the passphrase of the stack's secrets is ${isGiven ? "another than was given" : "not given"}`,
    `set ${passphraseVariables.join(", or ")}, to what the stack was made with.`,
  );
}

/** Names of the project's stacks. */
const stackNames = async (): Promise<string[]> =>
  (JSON.parse(await pulumi("stack", "ls", "--json")) as { name: string }[]).map(({ name }) => name);

/**
 * Runs the Pulumi CLI on the stack that is meant, and gives what it printed.
 *
 * @throws NoPulumi, a Refusal, or a Failure with what Pulumi said
 */
export async function pulumi(...args: readonly string[]): Promise<string> {
  try {
    const options = { cwd: root, maxBuffer: 512 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)("pulumi", [...args, "--non-interactive"], options);
    return stdout;
  } catch (error) {
    const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === "ENOENT") throw new NoPulumi();
    // Pulumi says so as well where PULUMI_STACK names one that is not there.
    if (/no stack selected/.test(stderr ?? ""))
      throw noStack(process.env["PULUMI_STACK"] || undefined, await stackNames());
    if (/passphrase/.test(stderr ?? "")) throw noPassphrase();
    const reason = (stderr?.trim() ?? "") || message;
    throw new Failure(`pulumi ${args.join(" ")} failed:\n${reason}`);
  }
}
