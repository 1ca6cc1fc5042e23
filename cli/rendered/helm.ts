import { execFile } from "node:child_process";
import { root } from "../stack/root.ts";
import { Failure } from "../../messages/failure.ts";

/** There is no helm on PATH. */
export class NoHelm extends Failure {
  constructor() {
    super(
      "There is no helm on PATH, which renders the charts: install it (https://helm.sh/docs/intro/install). pulumi up needs none.",
    );
  }
}

/** Settings of the user's shell that say which cluster Helm is to ask; nothing here asks any. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^HELM_(KUBE|NAMESPACE)/.test(key)));

/**
 * Runs the helm that is on PATH, in the project's root, and gives what it printed.
 *
 * @param input what it is to read from standard input, where it is on no command line
 * @throws NoHelm where there is none
 */
export function helm(args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, env: environment(), maxBuffer: 64 * 1024 * 1024 };
    const child = execFile("helm", args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === "ENOENT") reject(new NoHelm());
      else reject(new Failure(`helm ${args.slice(0, 2).join(" ")} failed: ${complaint(stderr)}`));
    });
    // A child that ends early closes its input: that is told by its exit code.
    child.stdin?.on("error", () => undefined).end(input);
  });
}

/** What helm says went wrong, without its warnings. */
const complaint = (stderr: string): string =>
  stderr.slice(Math.max(0, stderr.lastIndexOf("Error: "))).trim() || "it did not say why";
