/** Running the helm program. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Helm {
  /** Runs helm with a kubeconfig and values that no other process gets to see; gives what it printed. */
  run(args: readonly string[], secrets?: { kubeconfig: string; values?: unknown }): Promise<string>;
  /** Asks what runs to end. */
  stop(): void;
}

/** Settings of the user's shell that would send a release to another place. */
const environment = (): NodeJS.ProcessEnv => {
  const inherited = Object.entries(process.env).filter(([key]) => !/^HELM_(KUBE|NAMESPACE)/.test(key));
  return { ...Object.fromEntries(inherited), HELM_DRIVER: "secret" };
};

/** The helm found on PATH. */
export function createHelm(): Helm {
  const running = new Set<ChildProcess>();

  return {
    run: async (args, secrets) => {
      const directory = secrets && mkdtempSync(join(tmpdir(), "mesh-lab-helm-"));
      const forget = (): void => {
        if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
      };
      // A plugin that leaves does not wait for helm, which still reads the file while it cleans up after itself.
      process.once("exit", forget);
      try {
        const more: string[] = [];
        if (directory !== undefined) {
          const file = join(directory, "kubeconfig");
          writeFileSync(file, secrets?.kubeconfig ?? "", { mode: 0o600 });
          more.push("--kubeconfig", file);
        }
        return await new Promise<string>((resolve, reject) => {
          const child = spawn("helm", [...args, ...more], { env: environment() });
          running.add(child);
          const output = { stdout: "", stderr: "" };
          for (const stream of ["stdout", "stderr"] as const) {
            child[stream].setEncoding("utf8").on("data", (data: string) => (output[stream] += data));
          }
          child.on("error", (error) => {
            running.delete(child);
            reject(new Error(`helm cannot be run: ${error.message}`));
          });
          child.on("close", (code) => {
            running.delete(child);
            if (code === 0) resolve(output.stdout);
            else reject(new Error(complaint(output.stderr)));
          });
          // A child that ends early closes its input: that is told by its exit code.
          child.stdin.on("error", () => undefined);
          child.stdin.end(secrets?.values === undefined ? "" : JSON.stringify(secrets.values));
        });
      } finally {
        forget();
        process.off("exit", forget);
      }
    },
    stop: () => {
      for (const child of running) child.kill("SIGTERM");
    },
  };
}

/** What helm says went wrong, without its warnings and its title. */
function complaint(stderr: string): string {
  const start = stderr.lastIndexOf("Error: ");
  const message = start < 0 ? stderr : stderr.slice(start + "Error: ".length);
  return message.trim().replace(/^(INSTALLATION|UPGRADE) FAILED: /, "") || "helm failed without a word";
}
