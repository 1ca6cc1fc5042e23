import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { HostChoice } from "../../profile/choice.ts";
import { environmentFor } from "../../profile/host-choice.ts";
import { paths } from "../../kit/paths.ts";
import { readFileIfAny } from "../../kit/files.ts";
import { endProcess, identify, isAlive, type ProcessIdentity } from "../../kit/process-identity.ts";
import { logPath, logTail, reap } from "../base/processes.ts";
import { processRegistry, readNote, removeNotes } from "./supervisor-files.ts";
import { removeCgroup } from "../node/cgroups.ts";
import { sandboxUser } from "../node/sandbox.ts";
import { until } from "../../kit/until.ts";

/** What the host is doing. */
export interface HostStatus {
  /** The supervisor's process, if it lives. */
  readonly pid: number | undefined;
  /** Whether the host takes work. */
  readonly ready: boolean;
  /** After how many seconds each phase of the start was over, once ready. */
  readonly elapsed: Readonly<Record<string, number>>;
}

const startSeconds = 300;
const stopSeconds = 40;
const log = logPath(paths.logs, "supervisor");

/** What the host is doing now. */
export async function hostStatus(): Promise<HostStatus> {
  const supervisor = livingSupervisor();
  const ready = readNote("ready");
  const isStarted = supervisor !== undefined && ready?.pid === supervisor.pid;
  return { pid: supervisor?.pid, ready: isStarted, elapsed: isStarted ? ready.elapsed : {} };
}

/** Starts the chosen host unless it runs; resolves when it takes work. `onLine` is told of the progress. */
export async function ensureHost(choice: HostChoice, onLine: (line: string) => void): Promise<void> {
  if ((await hostStatus()).ready) return;
  const ending = livingSupervisor();
  if (ending !== undefined && readNote("ending")?.pid === ending.pid) {
    onLine("an earlier host is just ending");
    await endProcess(ending, stopSeconds);
  }
  const running = livingSupervisor();
  const read = lineReader(log, running === undefined ? sizeOf(log) : startOfLastRun());
  const supervisor = running ?? startSupervisor(choice);
  let last = "nothing";
  await until(
    async () => {
      // If someone else was quicker, theirs is the host to wait for.
      const alive = isAlive(supervisor) || livingSupervisor() !== undefined;
      for (const line of read()) {
        last = line;
        onLine(line);
      }
      if ((await hostStatus()).ready) return true;
      if (!alive) throw new Error(whyItEnded());
      return false;
    },
    startSeconds,
    () =>
      `The host was not ready after ${startSeconds} s. Its last progress: ${last}. Its logs are in ${paths.logs}.`,
  );
}

/** Stops the host and whatever a killed one left running; resolves when all of its processes are gone. */
export async function stopHost(onLine: (line: string) => void = () => undefined): Promise<void> {
  const supervisor = livingSupervisor();
  if (supervisor !== undefined) {
    const read = lineReader(log, sizeOf(log));
    await endProcess(supervisor, stopSeconds);
    for (const line of read()) onLine(line);
  }
  for (const name of await reap(processRegistry)) onLine(`ended ${name}, which was left running`);
  if (sandboxUser() === "root") await removeCgroup();
  removeNotes("supervisor", "ready");
}

function livingSupervisor(): ProcessIdentity | undefined {
  const noted = readNote("supervisor");
  return noted !== undefined && isAlive(noted) ? noted : undefined;
}

function startSupervisor(choice: HostChoice): ProcessIdentity {
  removeNotes("ready", "failed");
  mkdirSync(paths.logs, { recursive: true, mode: 0o700 });
  const output = openSync(log, "a", 0o600);
  writeSync(output, `=== ${new Date().toISOString()} supervisor\n`);
  const child = spawn(process.execPath, [join(import.meta.dirname, "supervisor.ts")], {
    detached: true,
    env: { ...process.env, ...environmentFor(choice), NODE_COMPILE_CACHE: paths.compileCache },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  child.unref();
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity === undefined)
    throw new Error(`The host's supervisor could not be started with ${process.execPath}.`);
  return identity;
}

/** Why the host has ended; undefined while it runs. */
export const endOfHost = (): string | undefined =>
  livingSupervisor() === undefined ? whyItEnded() : undefined;

function whyItEnded(): string {
  const failed = readNote("failed");
  const [message, tail] =
    failed === undefined
      ? ["The host's supervisor ended", logTail(paths.logs, "supervisor")]
      : [`The host cannot run: ${failed.message}`, failed.tail];
  return [
    `${message.replace(/\.$/, "")}. The last lines of its log:`,
    tail,
    `All logs are in ${paths.logs}. make rehearse starts it again; if it cannot run on, make rehearse-reset throws it away.`,
  ].join("\n");
}

/** Where the lines of the supervisor that was started last begin. */
const startOfLastRun = (): number => (readFileIfAny(log) ?? "").lastIndexOf("\n=== ") + 1;

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** A function that returns the complete lines written since it was last called, without headers. */
function lineReader(file: string, start: number): () => string[] {
  let position = start;
  let rest = "";
  return () => {
    const size = sizeOf(file);
    if (size <= position) return [];
    const buffer = Buffer.alloc(size - position);
    const fd = openSync(file, "r");
    readSync(fd, buffer, 0, buffer.length, position);
    closeSync(fd);
    position = size;
    const lines = (rest + buffer.toString()).split("\n");
    rest = lines.pop() ?? "";
    return lines.filter((line) => !line.startsWith("=== "));
  };
}
