import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { engineMark } from "../../rehearsal/engine/stack.ts";

/** Aborted when the user gives up: what runs is killed, and nothing more is started. */
export const stopping = new AbortController();

export interface CommandOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Is told each line of standard output, and the seconds since the start. */
  readonly onLine?: (line: string, seconds: number) => void;
}

/** Runs a command to its end, which must be a good one; returns how many seconds it took. */
export async function timed(
  command: string,
  args: readonly string[],
  { cwd, env, onLine }: CommandOptions,
): Promise<number> {
  stopping.signal.throwIfAborted();
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  const child = spawn(command, args, {
    cwd,
    // The mark finds what a killed command leaves behind.
    env: { ...env, [engineMark.name]: engineMark.value },
    stdio: ["ignore", "pipe", "pipe"],
    // Out of the terminal's process group: it is the bench that passes Ctrl-C on.
    detached: true,
  });
  const kill = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  stopping.signal.addEventListener("abort", kill);

  let last = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    last = (last + text).slice(-4000);
  });
  createInterface(child.stdout).on("line", (line) => onLine?.(line, elapsed()));
  let seconds = 0;
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject).on("close", resolve);
      child.on("exit", () => {
        seconds = elapsed();
      });
    });
    stopping.signal.throwIfAborted();
    if (code !== 0)
      throw new Error(`${[command, ...args].join(" ")} ended with ${code ?? "a signal"}:\n${last}`);
    return seconds;
  } finally {
    stopping.signal.removeEventListener("abort", kill);
  }
}
