import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { labCommand } from "../../messages/commands.ts";
import { inOneLine } from "../../kubernetes/connection/unreached.ts";
import { type ExitCode, exitCodes, Failure } from "../../messages/failure.ts";

/** What a verb found or did. */
export interface Report {
  /** The facts, as `--json` prints them; never a secret. */
  readonly facts: unknown;
  /** The same for people. */
  readonly text: string;
  /** Default: all is well. */
  readonly exitCode?: ExitCode;
  /** What goes on after that until the user ends it. */
  readonly until?: () => Promise<void>;
}

/**
 * A verb, to which its file adds arguments, options and an action.
 *
 * @param example its call, e.g. `pause devcluster2`
 */
export const verb = (name: string, summary: string, example: string) =>
  new Command(name)
    .description(summary)
    .option("--json", "print facts as JSON")
    .addHelpText("after", `\nExample:\n  ${labCommand(example)}`);

/** Waits for a verb's report, prints it, and settles what the process ends with. */
export async function present(options: { readonly json?: true }, report: Promise<Report>): Promise<void> {
  try {
    const { facts, text, exitCode = exitCodes.fine, until } = await report;
    await written(options.json === true ? JSON.stringify(facts, undefined, 2) : text);
    await until?.();
    process.exit(exitCode);
  } catch (error) {
    console.error(inOneLine(error));
    if (process.env["DEBUG"] !== undefined) console.error(error);
    // At once: connections that are kept for another request would keep the process alive.
    process.exit(error instanceof Failure ? error.exitCode : exitCodes.faulty);
  }
}

const written = (text: string): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(text === "" ? "" : `${text}\n`, () => {
      resolve();
    });
  });

/** A whole number from the command line. */
export function positive(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("Expected a whole number, 1 or more.");
}
