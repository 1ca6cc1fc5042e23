/** Running the helm program. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Helm {
  /** Runs helm with a kubeconfig and values that no other process gets to see; gives what it printed. */
  run(args: readonly string[], secrets?: { kubeconfig: string; values?: unknown }): Promise<string>;
  /** Ends what runs, and leaves no file behind. */
  stop(): void;
}

/** Settings of the user's shell that would send a release to another place. */
const environment = (): NodeJS.ProcessEnv => {
  const inherited = Object.entries(process.env).filter(([key]) => !/^HELM_(KUBE|NAMESPACE)/.test(key));
  return { ...Object.fromEntries(inherited), HELM_DRIVER: "secret" };
};

/** The helm found on PATH. */
export function createHelm(): Helm {
  const running = new Set<() => void>();

  return {
    run: async (args, secrets) => {
      const directory = secrets && mkdtempSync(join(tmpdir(), "mesh-lab-helm-"));
      const forget = (): void => {
        if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
      };
      try {
        const more: string[] = [];
        if (directory !== undefined) {
          const file = join(directory, "kubeconfig");
          writeFileSync(file, secrets?.kubeconfig ?? "", { mode: 0o600 });
          more.push("--kubeconfig", file);
        }
        return await new Promise<string>((resolve, reject) => {
          const child = spawn("helm", [...args, ...more], { env: environment() });
          const stop = (): void => {
            child.kill("SIGTERM");
            forget();
          };
          running.add(stop);
          const output = { stdout: "", stderr: "" };
          for (const stream of ["stdout", "stderr"] as const) {
            child[stream].setEncoding("utf8").on("data", (data: string) => (output[stream] += data));
          }
          child.on("error", (error) => {
            running.delete(stop);
            reject(new Error(`helm cannot be run: ${error.message}`));
          });
          child.on("close", (code) => {
            running.delete(stop);
            if (code === 0) resolve(output.stdout);
            else reject(new Error(complaint(output.stderr)));
          });
          // A child that ends early closes its input: that is told by its exit code.
          child.stdin.on("error", () => undefined);
          child.stdin.end(secrets?.values === undefined ? "" : JSON.stringify(secrets.values));
        });
      } finally {
        forget();
      }
    },
    stop: () => {
      for (const stop of running) stop();
    },
  };
}

/** What helm says went wrong, without its warnings and its title. */
function complaint(stderr: string): string {
  const start = stderr.lastIndexOf("Error: ");
  const message = start < 0 ? stderr : stderr.slice(start + "Error: ".length);
  return message.trim().replace(/^(INSTALLATION|UPGRADE) FAILED: /, "") || "helm failed without a word";
}
