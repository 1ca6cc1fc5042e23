import { spawn } from "node:child_process";
import { writeSync } from "node:fs";

/** What failures most often mean, told by what the program printed. */
export type Hints = readonly (readonly [pattern: RegExp, advice: string])[];

/** The advice for what a program printed, if any is known. */
export const hintFor = (hints: Hints, output: string): string | undefined =>
  hints.find(([pattern]) => pattern.test(output))?.[1];

/** A command that failed, with all that it printed. */
export class CommandFailure extends Error {
  readonly output: string;
  /** What to do about it, where that is known. */
  readonly hint: string | undefined;

  constructor(message: string, output: string, hint: string | undefined) {
    super(message);
    this.output = output;
    this.hint = hint;
  }
}

/** Where and how a command runs. */
export interface CommandRun {
  readonly cwd: string;
  /** An open file for all that it prints. */
  readonly log?: number;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly hints?: Hints;
}

/**
 * Runs a program, and gives what it prints to standard output.
 *
 * @throws CommandFailure where it says no
 */
export function runCommand(
  program: string,
  args: readonly string[],
  { cwd, log, env = {}, hints = [] }: CommandRun,
): Promise<string> {
  const note = (text: string): void => {
    if (log !== undefined) writeSync(log, text);
  };
  note(`=== ${new Date().toISOString()} ${program} ${args.join(" ")}\n`);
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [printed, all] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    all += text;
    note(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all += text;
    note(text);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const reason = signal === null ? `exit code ${code ?? "?"}` : `killed by ${signal}`;
      if (code === 0) resolve(printed);
      else reject(new CommandFailure(reason, all, hintFor(hints, all)));
    });
  });
}
