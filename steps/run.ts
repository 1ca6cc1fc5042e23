import { inOneLine } from "../kubernetes/unreached.ts";

/** Runs a step on the spec given as its one argument and prints its result; an error is one line on standard error. */
export async function run<Spec>(step: (spec: Spec) => Promise<unknown>): Promise<void> {
  try {
    const [, , spec] = process.argv;
    if (spec === undefined) throw new Error("expected one argument, the spec as JSON");
    process.stdout.write(JSON.stringify(await step(JSON.parse(spec) as Spec)));
  } catch (error) {
    console.error(inOneLine(error));
    // At once: a request that hangs would keep the process alive.
    process.exit(1);
  }
}
