import { inOneLine } from "../../kubernetes/connection/unreached.ts";
import { timeoutVariable } from "./timeout.ts";

const timeoutIn = ({ [timeoutVariable]: seconds = "600" }: NodeJS.ProcessEnv): number => Number(seconds);

/** Runs a step on the spec given as its one argument and prints its result; an error is one line on standard error. */
export async function run<Spec>(step: (spec: Spec) => Promise<unknown>): Promise<void> {
  try {
    const [, , spec] = process.argv;
    if (spec === undefined) throw new Error("expected one argument, the spec as JSON");
    const given = { timeoutSeconds: timeoutIn(process.env), ...(JSON.parse(spec) as object) };
    process.stdout.write(JSON.stringify(await step(given as Spec)));
  } catch (error) {
    console.error(inOneLine(error));
    // At once: a request that hangs would keep the process alive.
    process.exit(1);
  }
}

/** What the step printed the last time, where it is told; undefined: it runs for the first time. */
export function lastResult<Result>(): Result | undefined {
  const text = process.env["PULUMI_COMMAND_STDOUT"];
  return text === undefined || text === "" ? undefined : (JSON.parse(text) as Result);
}
