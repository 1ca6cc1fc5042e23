import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { readFileIfAny, writeFileAtomically } from "../../kit/files.ts";
import { endProcess, identify, isAlive } from "../../kit/process-identity.ts";

/** A child process as its owner sees it. */
export interface Child {
  readonly name: string;
  /** Undefined while it waits to be started again, and after its end. */
  readonly pid: number | undefined;
  /** SIGTERM, after some seconds SIGKILL; resolves when the process is gone. It is not started again. */
  stop(): Promise<void>;
}

/** What to start, and what its unexpected end means. */
interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Its standard input: nothing, or open until it shall end, also by the end of this process. */
  readonly input?: "open";
  readonly onExit: "fatal" | "restart" | ((tail: string) => void);
}

/** Starts processes and ends them all together. */
export interface ProcessGroup {
  start(spec: ProcessSpec): Child;
  /** Ends all in the reverse order of their start; the first, on which all others rest, when those are gone. */
  stopAll(): Promise<void>;
}

/** The end of a process without which the rehearsal cannot go on. */
export interface Death {
  readonly process: string;
  readonly message: string;
  /** The last lines of its log. */
  readonly tail: string;
}

export interface ProcessGroupOptions {
  readonly logs: string;
  /** The file that remembers who runs, for `reap`. */
  readonly registry: string;
  readonly onFatal: (death: Death) => void;
  readonly log: (line: string) => void;
  readonly graceSeconds?: number;
  /** Seconds before the first new start; it doubles with each that follows soon. */
  readonly restartDelay?: number;
  /** How often a process is started again before its next end is fatal. */
  readonly restartLimit?: number;
}

// The user's environment may hold credentials and proxies that are none of these programs' business.
const ownEnvironment = { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"], HOME: "/nonexistent" };

const longestRestartDelay = 30;
/** A process that ran this many seconds starts with a clean record. */
const settledAfter = 60;

interface Running {
  readonly spec: ProcessSpec;
  process: ChildProcess | undefined;
  gone: Promise<void>;
  stopping: boolean;
  restarts: number;
}

/** A group that remembers in a file whom it started. */
export function createProcessGroup(options: ProcessGroupOptions): ProcessGroup {
  const { graceSeconds = 8, restartDelay = 1, restartLimit = 10 } = options;
  const running = new Map<string, Running>();
  let closed = false;

  function remember(): void {
    const entries = [...running.values()].flatMap(({ spec, process }) => {
      const identity = process?.pid === undefined ? undefined : identify(process.pid);
      return identity === undefined ? [] : [{ name: spec.name, ...identity }];
    });
    writeFileAtomically(options.registry, JSON.stringify(entries, undefined, 1));
  }

  function launch(entry: Running): void {
    const { spec } = entry;
    mkdirSync(options.logs, { recursive: true, mode: 0o700 });
    const logFile = openSync(logPath(options.logs, spec.name), "a", 0o600);
    writeSync(logFile, `=== ${new Date().toISOString()} ${spec.command} ${spec.args.join(" ")}\n`);
    const started = Date.now();
    const child = spawn(spec.command, spec.args, {
      stdio: [spec.input === "open" ? "pipe" : "ignore", logFile, logFile],
      env: { ...ownEnvironment, ...spec.env },
      // A Ctrl-C in a terminal is for the supervisor, which ends its processes in order.
      detached: true,
    });
    closeSync(logFile);
    entry.process = child;
    entry.gone = new Promise((resolve) => {
      const ended = (how: string): void => {
        if (entry.process !== child) return;
        entry.process = undefined;
        if (Date.now() - started > settledAfter * 1000) entry.restarts = 0;
        remember();
        resolve();
        if (!entry.stopping) outlive(entry, how);
      };
      child.on("error", (error) => {
        if (child.pid === undefined) ended(`could not be started: ${error.message}`);
      });
      child.on("exit", (code, signal) => {
        ended(signal === null ? `ended with exit code ${code ?? "?"}` : `was killed by ${signal}`);
      });
    });
    remember();
  }

  function outlive(entry: Running, how: string): void {
    const { spec } = entry;
    const tail = logTail(options.logs, spec.name);
    if (typeof spec.onExit === "function") {
      running.delete(spec.name);
      spec.onExit(tail);
      return;
    }
    if (spec.onExit === "fatal" || entry.restarts >= restartLimit) {
      const often = spec.onExit === "fatal" ? "" : ` after ${restartLimit} new starts`;
      running.delete(spec.name);
      options.onFatal({ process: spec.name, message: `${spec.name} ${how}${often}`, tail });
      return;
    }
    const delay = Math.min(restartDelay * 2 ** entry.restarts, longestRestartDelay);
    entry.restarts += 1;
    options.log(`${spec.name} ${how}; it is started again in ${delay} s`);
    void sleep(delay * 1000, undefined, { ref: false }).then(() => {
      if (!entry.stopping) launch(entry);
    });
  }

  async function stop(entry: Running): Promise<void> {
    entry.stopping = true;
    entry.process?.stdin?.destroy();
    const pid = entry.process?.pid;
    const identity = pid === undefined ? undefined : identify(pid);
    if (identity !== undefined) await endProcess(identity, graceSeconds);
    if (entry.process !== undefined) await entry.gone;
    if (running.get(entry.spec.name) === entry) running.delete(entry.spec.name);
  }

  return {
    start(spec) {
      if (closed) throw new Error(`${spec.name} is not started: everything is being stopped.`);
      if (running.has(spec.name)) throw new Error(`A process named ${spec.name} already runs.`);
      const entry: Running = {
        spec,
        process: undefined,
        gone: Promise.resolve(),
        stopping: false,
        restarts: 0,
      };
      running.set(spec.name, entry);
      launch(entry);
      return {
        name: spec.name,
        get pid() {
          return entry.process?.pid;
        },
        stop: () => stop(entry),
      };
    },
    async stopAll() {
      closed = true;
      const [foundation, ...others] = running.values();
      await Promise.all(others.reverse().map(stop));
      if (foundation !== undefined) await stop(foundation);
    },
  };
}

/** Where a process of this name writes. */
export const logPath = (logs: string, name: string): string => join(logs, `${name}.log`);

/** The last lines that a process wrote since its last start; where a Go program panics, up to its stack. */
export function logTail(logs: string, name: string, lines = 20): string {
  const all = (readFileIfAny(logPath(logs, name)) ?? "").trimEnd().split("\n");
  const run = all.slice(all.findLastIndex((line) => line.startsWith("=== ")) + 1);
  const stack = run.findIndex((line) => /^goroutine \d+ \[/.test(line));
  return (stack < 0 ? run : run.slice(0, stack)).slice(-lines).join("\n").trimEnd();
}

const registrySchema = z.array(z.object({ name: z.string(), pid: z.int().positive(), born: z.string() }));

/** Ends what a killed predecessor left running; returns the names. Processes that merely have the same number are safe. */
export async function reap(registry: string, graceSeconds = 5): Promise<string[]> {
  const text = readFileIfAny(registry);
  const parsed = registrySchema.safeParse(text === undefined ? [] : JSON.parse(text));
  if (!parsed.success) throw new Error(`${registry} is not a list of processes; remove it to go on.`);
  const [foundation, ...others] = parsed.data.filter(isAlive);
  await Promise.all(others.reverse().map((entry) => endProcess(entry, graceSeconds)));
  if (foundation === undefined) return [];
  await endProcess(foundation, graceSeconds);
  return [...others, foundation].map(({ name }) => name);
}
