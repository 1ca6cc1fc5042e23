import * as pulumi from "@pulumi/pulumi";
import { notBuilt } from "../messages/built.ts";

/**
 * Makes sure that the steps which the program is going to run, and what it loads, are those of its sources.
 *
 * @param root the project's root
 * @throws pulumi.RunError with the command that builds them
 */
export function checkSteps(root: string): void {
  const fault = notBuilt(root, "steps") ?? notBuilt(root, "program");
  if (fault !== undefined) throw new pulumi.RunError(fault);
}
