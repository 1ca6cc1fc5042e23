/** Runs one command for the command stand-in, as pulumi-resource-command 1.2.1 does on the local machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { log } from "./server.ts";

/** The inputs that local.Command and local.run have in common. */
export interface ProcessInputs {
  readonly interpreter?: readonly string[];
  readonly dir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  readonly addPreviousOutputInEnv?: boolean;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly inputs: ProcessInputs;
  /** What the command before this one printed. */
  readonly previous?: Output;
  readonly urn?: string;
  /** Seconds; 0 means no limit. */
  readonly timeout?: number;
}

export const nothing: Output = { stdout: "", stderr: "" };

const running = new Set<ChildProcess>();

/** Each command leads a process group of its own, so that what it started ends with it. */
function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself just before.
  }
}

/** Ends all commands that run; their operations fail. */
export function killAll(): void {
  running.forEach(kill);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  SIGINT: "interrupt",
  SIGKILL: "killed",
  SIGTERM: "terminated",
};

// The words of Go's os/exec, which the real plugin shows.
function startError(file: string, dir: string, { code = "", message }: NodeJS.ErrnoException): string {
  const reason = reasons[code] ?? message;
  if (!existsSync(dir)) return `chdir ${dir}: ${reason}`;
  if (code === "ENOENT" && !file.includes("/")) return `exec: "${file}": executable file not found in $PATH`;
  return `fork/exec ${file}: ${reason}`;
}

function exitError(code: number | null, signal: string | null): string | undefined {
  if (signal !== null) return `signal: ${reasons[signal] ?? signal}`;
  return code === 0 ? undefined : `exit status ${String(code)}`;
}

/** Runs the command and returns what it printed, or fails with what it printed. */
export async function run(command: string, { inputs, previous, urn, timeout = 0 }: Run): Promise<Output> {
  const { interpreter = [], dir = process.cwd(), logging = "stdoutAndStderr" } = inputs;
  const [file = "", ...args] = interpreter.length > 0 ? interpreter : ["/bin/sh", "-c"];
  const { stdout, stderr } = (inputs.addPreviousOutputInEnv ?? true) ? (previous ?? nothing) : nothing;
  const env = {
    ...process.env,
    ...inputs.environment,
    ...(stdout !== "" && { PULUMI_COMMAND_STDOUT: stdout }),
    ...(stderr !== "" && { PULUMI_COMMAND_STDERR: stderr }),
  };
  const child = spawn(file, [...args, command], { cwd: dir, env, detached: true });
  running.add(child);
  const timer = timeout > 0 ? setTimeout(kill, timeout * 1000, child) : undefined;

  const chunks: Record<"stdout" | "stderr" | "both", Buffer[]> = { stdout: [], stderr: [], both: [] };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => {
      chunks[name].push(chunk);
      chunks.both.push(chunk);
    });
    if (logging !== name && logging !== "stdoutAndStderr") continue;
    createInterface({ input: child[name] }).on("line", (line) => {
      log("info", line, urn, true);
    });
  }
  // A command that does not read its input is no error.
  child.stdin.on("error", () => undefined).end(inputs.stdin);

  const error = await new Promise<string | undefined>((resolve) => {
    child.on("error", (reason) => {
      resolve(startError(file, dir, reason));
    });
    child.on("close", (code, signal) => {
      resolve(exitError(code, signal));
    });
  });
  clearTimeout(timer);
  running.delete(child);
  const text = (name: keyof typeof chunks): string => Buffer.concat(chunks[name]).toString();
  if (error !== undefined) throw new Error(`${error}: running ${JSON.stringify(command)}:\n${text("both")}`);
  return { stdout: text("stdout").replace(/\n$/, ""), stderr: text("stderr").replace(/\n$/, "") };
}
